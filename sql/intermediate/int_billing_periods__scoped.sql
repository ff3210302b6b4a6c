-- One row per billing period of a customer who is compared, that starts inside the parallel run.
-- is_settled: it ended long enough ago, and every invoice of it is final on both sides
select
    periods.*,
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
cross join control.run as run
cross join control.thresholds as thresholds
where
    not customers.is_already_on_metronome
    and periods.period_start >= run.parallel_run_start
    and periods.period_start < run.as_of
    and thresholds.check_name in (
        'invoice_totals', 'line_item_quantities', 'credit_drawdowns'
    )
