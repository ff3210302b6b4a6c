-- One row per check and customer with a settled row: whether it is within in every unit and cycle of its own.
with

outside as (
    select distinct
        by_customer.check_name,
        by_customer.customer_number
    from intermediate.int_gate__by_customer as by_customer
    inner join control.thresholds as thresholds
        on by_customer.check_name = thresholds.check_name
    where
        by_customer.outside_variance
        + greatest(
            cast(0 as decimal(38, 12)),
            abs(by_customer.inside_variance)
            - cast(2 * sqrt(by_customer.scatter_squares) as decimal(38, 12))
        )
        > thresholds.variance_ratio * by_customer.gate_denominator
)

select
    customer_checks.check_name,
    customers.account,
    customers.customer_key,
    outside.check_name is null as is_within
from intermediate.int_gate__customer_checks as customer_checks
inner join intermediate.int_customers__classified as customers
    on customer_checks.customer_number = customers.customer_number
left join outside
    on
        customer_checks.check_name = outside.check_name
        and customer_checks.customer_number = outside.customer_number
where customer_checks.settled_rows > 0
