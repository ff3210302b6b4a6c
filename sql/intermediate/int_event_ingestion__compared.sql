-- One row per customer, meter and UTC day (or whole period, for meters that do not add up over days).
-- What Stripe was not asked about yet is pending, never a difference: of a customer whose turn it was not, only days and
-- periods count that were settled when it was asked last, and only as long as that is not too old.
-- Kept as a view: it adds little to what int_usage__daily and int_usage__per_period hold.
with

thresholds as (
    select * from control.thresholds
    where check_name = 'event_ingestion'
),

run as (
    select * from control.run
),

put_off as (
    select
        customers.customer_number,
        all_put_off.counts_until
    from intermediate.int_usage__put_off as all_put_off
    inner join intermediate.int_customers__classified as customers
        on
            all_put_off.account = customers.account
            and all_put_off.stripe_customer_id = customers.customer_key
),

daily as (
    select
        usage_daily.customer_number,
        usage_daily.meter,
        cast(null as timestamp) as period_start,
        cast(null as timestamp) as period_end,
        usage_daily.usage_date,
        cast(usage_daily.usage_date as timestamp) + interval 1 day as ends_at,
        usage_daily.expected_value,
        usage_daily.actual_value
    from intermediate.int_usage__daily as usage_daily
),

per_period as (
    select
        usage_periods.customer_number,
        usage_periods.meter,
        usage_periods.period_start,
        usage_periods.period_end,
        cast(null as date) as usage_date,
        usage_periods.period_end as ends_at,
        usage_periods.expected_value,
        usage_periods.actual_value
    from intermediate.int_usage__per_period as usage_periods
),

all_usage as (
    select * from daily
    union all
    select * from per_period
)

select
    'event_ingestion' as check_name,
    all_usage.customer_number,
    cast(null as varchar) as currency,
    all_usage.meter,
    cast(null as varchar) as product,
    cast(null as varchar) as pricing_group_values,
    all_usage.period_start,
    all_usage.period_end,
    all_usage.usage_date,
    all_usage.meter as unit,
    all_usage.expected_value,
    all_usage.actual_value,
    cast(0 as decimal(38, 12)) as allowance,
    cast(0 as decimal(38, 12)) as rounds_up_by,
    cast(0 as decimal(38, 12)) as rounds_down_by,
    cast(1 as decimal(38, 12)) as scatter_unit,
    all_usage.ends_at + thresholds.settling_hours * interval 1 hour <= run.as_of
    and (
        put_off.customer_number is null
        or coalesce(
            all_usage.ends_at + thresholds.settling_hours * interval 1 hour
            <= put_off.counts_until,
            false
        )
    ) as is_settled,
    false as is_forced_breach,
    true as is_from_floats
from all_usage
cross join thresholds
cross join run
left join put_off
    on all_usage.customer_number = put_off.customer_number
