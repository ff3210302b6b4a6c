-- One row per row of event_ingestion that is pending for nothing but the age of what Stripe said.
-- is_differing: whether it would be a breach; whoever differed once must be asked again before anybody says GO
with

run as (
    select * from control.run
),

thresholds as (
    select * from control.thresholds
    where check_name = 'event_ingestion'
),

aged as (
    select
        put_off.known_until,
        customers.account,
        customers.customer_key,
        customers.customer_number
    from intermediate.int_usage__put_off as put_off
    inner join intermediate.int_customers__classified as customers
        on
            put_off.account = customers.account
            and put_off.stripe_customer_id = customers.customer_key
    where put_off.is_aged
),

usage_rows as (
    select
        compared.*,
        aged.account,
        aged.customer_key,
        coalesce(
            cast(compared.usage_date as timestamp) + interval 1 day,
            compared.period_end
        ) as ends_at,
        aged.known_until,
        abs(coalesce(compared.actual_value, 0) - coalesce(compared.expected_value, 0))
            as difference,
        greatest(
            coalesce(abs(compared.expected_value), 0),
            coalesce(abs(compared.actual_value), 0)
        ) as greater_value
    from intermediate.int_event_ingestion__compared as compared
    inner join aged
        on compared.customer_number = aged.customer_number
)

select
    usage_rows.account,
    usage_rows.customer_key,
    usage_rows.unit,
    usage_rows.period_start,
    usage_rows.period_end,
    usage_rows.usage_date,
    waived.check_name is null
    and usage_rows.difference > thresholds.variance_ratio * usage_rows.greater_value
        as is_differing
from usage_rows
cross join run
cross join thresholds
left join intermediate.int_check_rows__waived as waived
    on
        usage_rows.check_name = waived.check_name
        and usage_rows.customer_number = waived.customer_number
        and usage_rows.unit = waived.unit
        and usage_rows.period_start is not distinct from waived.period_start
        and usage_rows.period_end is not distinct from waived.period_end
        and usage_rows.usage_date is not distinct from waived.usage_date
where
    usage_rows.ends_at + thresholds.settling_hours * interval 1 hour
    <= least(usage_rows.known_until, run.as_of)
