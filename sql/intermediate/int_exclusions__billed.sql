-- One row per reason, account and currency of invoices and invoice lines that were left out of the comparison.
-- reason: why they were left out
-- count: how many
-- amount: their money, minor units of currency; NULL without money
with

run as (
    select * from control.run
),

stripe_invoices as (
    select
        case
            when invoices.origin = 'metronome' then 'invoice_pushed_by_metronome'
            when invoices.is_void then 'void_stripe_invoice'
            when invoices.origin = 'other' then 'manual_stripe_invoice'
        end as reason,
        invoices.account,
        invoices.currency,
        invoices.total_minor_units as amount
    from intermediate.int_stripe_invoices__classified as invoices
    where invoices.origin in ('metronome', 'other') or invoices.is_void
),

stripe_lines as (
    select
        case
            when lines.is_metered then 'metered_line_without_meter'
            when lines.is_subscription_line then 'fixed_charge_in_stripe'
            when lines.has_metronome_marks then 'line_pushed_by_metronome'
            else 'manual_line_in_stripe'
        end as reason,
        lines.account,
        lines.currency,
        lines.net_minor_units as amount
    from intermediate.int_stripe_lines__netted as lines
    cross join run
    where
        (lines.is_metered and lines.meter is null)
        or (
            not lines.is_metered
            and not (run.scope = 'all' and lines.is_subscription_line)
            and lines.period_end_at > run.parallel_run_start
        )
),

credit_notes as (
    select
        'stripe_credit_note' as reason,
        credit_notes.account,
        credit_notes.currency,
        credit_notes.amount_minor_units as amount
    from staging.stg_stripe__credit_notes as credit_notes
),

metronome_invoices as (
    select
        case
            when invoices.status = 'VOID' then 'void_metronome_invoice'
            when
                invoices.invoice_type = 'USAGE_CONSOLIDATED'
                then 'consolidated_metronome_invoice'
            else 'scheduled_metronome_invoice'
        end as reason,
        invoices.account,
        lower(split_part(invoices.credit_type_name, ' (', 1)) as currency,
        cast(
            case
                when invoices.credit_type_name like '% (cents)' then invoices.total
                else invoices.total * currencies.minor_units_per_unit
            end as decimal(38, 12)
        ) as amount
    from staging.stg_metronome__invoices as invoices
    cross join run
    left join control.currencies as currencies
        on lower(split_part(invoices.credit_type_name, ' (', 1)) = currencies.currency
    where
        (
            invoices.status = 'VOID'
            -- A scheduled invoice has no service period that could be paired, whatever the scope.
            or invoices.invoice_type <> 'USAGE'
        )
        and coalesce(
            coalesce(invoices.period_end_at, invoices.issued_at)
            > run.parallel_run_start,
            true
        )
),

metronome_lines as (
    select
        lines.excluded_as || '_in_metronome' as reason,
        lines.account,
        lines.currency,
        lines.amount_minor_units as amount
    from intermediate.int_metronome_lines__periodised as lines
    cross join run
    where
        lines.excluded_as is not null
        and lines.period_end_at > run.parallel_run_start
),

stripe_periods as (
    select
        case
            when lines.period_start < run.parallel_run_start
                then 'period_began_before_parallel_run_in_stripe'
            else 'period_began_before_metric_saw_events'
        end as reason,
        lines.account,
        lines.currency,
        lines.net_minor_units as amount
    from intermediate.int_stripe_lines__periodised as lines
    cross join run
    left join intermediate.int_billing_periods__half_seen as half_seen
        on
            lines.account = half_seen.account
            and lines.stripe_customer_id = half_seen.customer_key
            and lines.period_start = half_seen.stripe_start
            and lines.period_end = half_seen.stripe_end
    where
        (
            lines.period_start < run.parallel_run_start
            and lines.period_end > run.parallel_run_start
        )
        or (
            lines.period_start >= run.parallel_run_start
            and half_seen.account is not null
        )
),

metronome_periods as (
    select
        'period_began_before_parallel_run_in_metronome' as reason,
        lines.account,
        lines.currency,
        lines.amount_minor_units as amount
    from intermediate.int_metronome_lines__periodised as lines
    inner join intermediate.int_billing_periods__paired as periods
        on
            lines.account = periods.account
            and lines.customer_key = periods.customer_key
            and lines.period_start = periods.metronome_start
            and lines.period_end = periods.metronome_end
    cross join run
    where
        lines.in_net
        and periods.period_start < run.parallel_run_start
        and periods.period_end > run.parallel_run_start
),

already_on_metronome as (
    select
        'customer_already_on_metronome' as reason,
        customers.account,
        lines.currency,
        sum(lines.amount_minor_units) as amount
    from intermediate.int_customers__classified as customers
    cross join run
    left join intermediate.int_metronome_customers__keyed as keyed
        on
            customers.account = keyed.account
            and customers.customer_key = keyed.customer_key
    left join intermediate.int_metronome_lines__periodised as lines
        on
            keyed.account = lines.account
            and keyed.metronome_customer_id = lines.metronome_customer_id
            and lines.in_net
            and run.parallel_run_start < lines.period_end_at
            and run.as_of > lines.period_start_at
    where customers.is_already_on_metronome
    group by customers.account, customers.customer_key, lines.currency
),

things as (
    select * from stripe_invoices
    union all
    select * from stripe_lines
    union all
    select * from credit_notes
    union all
    select * from metronome_invoices
    union all
    select * from metronome_lines
    union all
    select * from stripe_periods
    union all
    select * from metronome_periods
    union all
    select * from already_on_metronome
)

select
    things.reason,
    things.account,
    things.currency,
    count(*) as count,
    cast(sum(things.amount) as decimal(38, 12)) as amount
from things
group by things.reason, things.account, things.currency
