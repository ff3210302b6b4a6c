-- One row per account and check with a settled row, with the share of customers that the gate judges.
-- customers: customers with a settled row
-- customers_within: of those, the ones within in every unit and cycle of their own
-- is_share_met: whether enough of them are
with

counted as (
    select
        customers.account,
        customers.check_name,
        count(*) as customers,
        count(*) filter (where customers.is_within) as customers_within
    from intermediate.int_gate__customers_judged as customers
    group by customers.account, customers.check_name
)

select
    counted.account,
    counted.check_name,
    counted.customers,
    counted.customers_within,
    counted.customers_within >= thresholds.customer_share * counted.customers
        as is_share_met
from counted
inner join control.thresholds as thresholds
    on counted.check_name = thresholds.check_name
