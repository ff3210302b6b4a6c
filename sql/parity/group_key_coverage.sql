-- One row per account, customer, product and pricing group value seen in usage.
-- Kept as a view: its rows are written when they are published.
-- expected_value: usage quantity in the window, raw units of the meter
-- actual_value: the part of it that has a rate on a contract of the customer, raw units of the meter
select
    check_rows.account,
    check_rows.stripe_customer_id,
    check_rows.metronome_customer_id,
    check_rows.product,
    check_rows.pricing_group_values,
    check_rows.presence,
    check_rows.expected_value,
    check_rows.actual_value,
    check_rows.variance,
    check_rows.variance_ratio,
    check_rows.status
from intermediate.int_check_rows__judged as check_rows
where check_rows.check_name = 'group_key_coverage'
