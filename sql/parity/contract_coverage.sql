-- One row per account and customer with an active metered subscription.
-- Kept as a view: its rows are written when they are published.
-- expected_value: always 1: the customer needs one contract
-- actual_value: contracts that cover the customer's usage days: 0 if any day has none, else the greatest count; NULL without a linked customer
select
    check_rows.account,
    check_rows.stripe_customer_id,
    check_rows.metronome_customer_id,
    check_rows.presence,
    check_rows.expected_value,
    check_rows.actual_value,
    check_rows.variance,
    check_rows.variance_ratio,
    check_rows.status
from intermediate.int_check_rows__judged as check_rows
where check_rows.check_name = 'contract_coverage'
