-- One row per check and customer with a settled row: whether it is within in every unit and cycle of its own.
with

customers as (
    select
        by_customer.*,
        by_customer.outside_variance
        + greatest(
            cast(0 as decimal(38, 12)),
            abs(by_customer.inside_variance)
            - cast(2 * sqrt(by_customer.scatter_squares) as decimal(38, 12))
        ) as gate_variance
    from intermediate.int_gate__by_customer as by_customer
    where by_customer.is_settled
)

select
    customers.check_name,
    customers.account,
    customers.customer_key,
    bool_and(
        customers.gate_variance
        <= thresholds.variance_ratio * customers.gate_denominator
    ) as is_within
from customers
inner join control.thresholds as thresholds
    on customers.check_name = thresholds.check_name
group by customers.check_name, customers.account, customers.customer_key
