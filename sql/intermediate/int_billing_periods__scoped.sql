-- One row per check on invoices and billing period of a compared customer that starts inside the parallel run.
-- Totals of a period that began before one of its metrics saw events are not compared; quantities drop that meter.
-- is_settled: it ended long enough ago, and every invoice of it is final on both sides
with

run as (
    select * from control.run
),

thresholds as (
    select * from control.thresholds
    where check_name in ('invoice_totals', 'line_item_quantities', 'credit_drawdowns')
),

half_seen as (
    select * from intermediate.int_billing_periods__half_seen
)

select
    periods.*,
    customers.customer_number,
    customers.stripe_customer_id,
    customers.metronome_customer_id,
    periods.period_end
    + thresholds.settling_hours * interval 1 hour <= run.as_of
    and coalesce(periods.is_stripe_final, true)
    and coalesce(periods.is_metronome_final, true) as is_settled,
    thresholds.check_name
from intermediate.int_billing_periods__paired as periods
inner join intermediate.int_customers__classified as customers
    on
        periods.account = customers.account
        and periods.customer_key = customers.customer_key
cross join run
cross join thresholds
left join half_seen
    on
        periods.account = half_seen.account
        and periods.customer_key = half_seen.customer_key
        and periods.stripe_start = half_seen.stripe_start
        and periods.stripe_end = half_seen.stripe_end
where
    not customers.is_already_on_metronome
    and periods.period_start >= run.parallel_run_start
    and periods.period_start < run.as_of
    and (half_seen.account is null or thresholds.check_name = 'line_item_quantities')
