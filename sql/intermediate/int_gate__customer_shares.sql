-- One row per cohort, account and check with a settled row, with the share of customers that the gate judges.
-- A cohort of '' is everybody.
with

customers as (
    select
        '' as cohort,
        judged.*
    from intermediate.int_gate__customers_judged as judged
    union all
    select
        members.cohort,
        judged.*
    from intermediate.int_gate__customers_judged as judged
    inner join intermediate.int_cohorts__members as members
        on
            judged.account = members.account
            and judged.customer_key = members.customer_key
),

counted as (
    select
        customers.cohort,
        customers.account,
        customers.check_name,
        count(*) as customers,
        count(*) filter (where customers.is_within) as customers_within
    from customers
    group by customers.cohort, customers.account, customers.check_name
)

select
    counted.*,
    counted.customers_within >= thresholds.customer_share * counted.customers
        as is_share_met
from counted
inner join control.thresholds as thresholds
    on counted.check_name = thresholds.check_name
