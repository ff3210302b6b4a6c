-- One row per account and vendor, with how much was read of it; a side without anything compares nothing.
-- source: stripe or metronome
-- customers: customers listed; in a shared Metronome environment those that belong to the account
-- invoices: invoices of theirs
-- usage_rows: days and periods in which they used something
with

counted as (
    select
        'stripe' as source,
        customers.account,
        'customer' as thing
    from staging.stg_stripe__customers as customers
    union all
    select
        'stripe' as source,
        invoices.account,
        'invoice' as thing
    from staging.stg_stripe__invoices as invoices
    union all
    select
        'stripe' as source,
        summaries.account,
        'usage' as thing
    from staging.stg_stripe__event_summaries as summaries
    where summaries.value_grouping_window <> 'hour'
    union all
    select
        'metronome' as source,
        customers.account,
        'customer' as thing
    from intermediate.int_metronome_customers__assigned as customers
    union all
    select
        'metronome' as source,
        invoices.account,
        'invoice' as thing
    from staging.stg_metronome__invoices as invoices
    union all
    select
        'metronome' as source,
        usage_rows.account,
        'usage' as thing
    from staging.stg_metronome__usage as usage_rows
),

sums as (
    select
        counted.source,
        counted.account,
        count(*) filter (where counted.thing = 'customer') as customers,
        count(*) filter (where counted.thing = 'invoice') as invoices,
        count(*) filter (where counted.thing = 'usage') as usage_rows
    from counted
    group by counted.source, counted.account
),

sides as (
    select
        accounts.account,
        'stripe' as source
    from control.accounts as accounts
    union all
    select
        accounts.account,
        'metronome' as source
    from control.accounts as accounts
)

select
    sides.account,
    sides.source,
    coalesce(sums.customers, 0) as customers,
    coalesce(sums.invoices, 0) as invoices,
    coalesce(sums.usage_rows, 0) as usage_rows
from sides
left join sums
    on sides.account = sums.account and sides.source = sums.source
