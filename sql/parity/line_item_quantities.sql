-- One row per account, customer, meter and billing period.
-- Kept as a view: its rows are written when they are published.
-- expected_value: metered quantity on Stripe's invoices, raw units of the meter
-- actual_value: metered quantity on Metronome's invoices with the product's conversion undone, raw units of the meter
select
    check_rows.account,
    check_rows.stripe_customer_id,
    check_rows.metronome_customer_id,
    check_rows.meter,
    check_rows.period_start,
    check_rows.period_end,
    check_rows.presence,
    check_rows.expected_value,
    check_rows.actual_value,
    check_rows.variance,
    check_rows.variance_ratio,
    check_rows.status
from intermediate.int_check_rows__judged as check_rows
where check_rows.check_name = 'line_item_quantities'
