-- One row per account, customer, currency and billing period.
-- Kept as a view: its rows lie in int_money__judged, and are written when they are published.
-- expected_value: Stripe's net usage charges: after discounts and credits, before tax; minor units of currency
-- actual_value: Metronome's net usage charges of the same kind; minor units of currency
select
    check_rows.account,
    check_rows.stripe_customer_id,
    check_rows.metronome_customer_id,
    check_rows.currency,
    check_rows.period_start,
    check_rows.period_end,
    check_rows.presence,
    check_rows.expected_value,
    check_rows.actual_value,
    check_rows.variance,
    check_rows.variance_ratio,
    check_rows.status
from intermediate.int_money__judged as check_rows
where check_rows.check_name = 'invoice_totals'
