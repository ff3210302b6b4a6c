-- One row per finding with the customer and the time by which it is gathered into an incident.
-- A customer that is unlinked under another name counts as one with its near miss, and customers who claim one count
-- as that one. What lasts until somebody mends it covers the whole window, also where days or periods are quiet.
-- customer: Stripe's id, else Metronome's; of near misses and of claims Stripe's
-- starts_at: start of the finding's day or period, UTC; of the window, when it has neither
-- ends_at: the end, exclusive
-- joins_from: start of the time by which findings are gathered, UTC
-- joins_to: its end, exclusive
-- is_daily: whether the finding is about a day
-- is_dated: whether it has a day or a period
with

run as (
    select * from control.run
),

meant as (
    select
        near_misses.account,
        near_misses.subject as stripe_customer_id,
        near_misses.resembles_id as metronome_customer_id
    from control.near_misses as near_misses
    where near_misses.kind = 'customer'
    union all
    select
        customer_map.account,
        customer_map.stripe_customer_id,
        customer_map.metronome_customer_id
    from control.customer_map as customer_map
    where customer_map.status = 'ambiguous'
),

partners as (
    select
        meant.metronome_customer_id,
        min(meant.account) as account,
        min(meant.stripe_customer_id) as stripe_customer_id
    from meant
    group by meant.metronome_customer_id
),

timed as (
    select
        findings.check_name,
        findings.cause,
        findings.currency,
        findings.meter,
        findings.product,
        findings.pricing_group_values,
        findings.variance,
        findings.usage_date is not null as is_daily,
        findings.usage_date is not null
        or findings.period_start is not null as is_dated,
        coalesce(partners.account, findings.account) as account,
        coalesce(
            findings.stripe_customer_id,
            partners.stripe_customer_id,
            findings.metronome_customer_id,
            ''
        ) as customer,
        coalesce(
            cast(findings.usage_date as timestamp),
            findings.period_start,
            run.parallel_run_start
        ) as starts_at,
        coalesce(
            cast(findings.usage_date as timestamp) + interval 1 day,
            findings.period_end,
            run.as_of
        ) as ends_at,
        run.parallel_run_start,
        run.as_of
    from parity.findings as findings
    cross join run
    left join partners
        on
            findings.stripe_customer_id is null
            and findings.metronome_customer_id = partners.metronome_customer_id
)

select
    timed.check_name,
    timed.cause,
    timed.currency,
    timed.meter,
    timed.product,
    timed.pricing_group_values,
    timed.variance,
    timed.is_daily,
    timed.is_dated,
    timed.account,
    timed.customer,
    timed.starts_at,
    timed.ends_at,
    case
        when timed.cause in ('customer_unmapped', 'contract_missing')
            then timed.parallel_run_start
        else timed.starts_at
    end as joins_from,
    case
        when timed.cause in ('customer_unmapped', 'contract_missing')
            then timed.as_of
        else timed.ends_at
    end as joins_to
from timed
