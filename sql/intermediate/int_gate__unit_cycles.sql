-- One row per cohort, account, check, unit and cycle, with the figures that the gate judges. A cohort of '' is everybody.
-- The gate variance is the gross variance of settled rows outside their allowance that are not waived, plus
-- what the rows inside their allowance lean to one side beyond what rounding scatters (two root n).
with

customers as (
    select
        '' as cohort,
        by_customer.*
    from intermediate.int_gate__by_customer as by_customer
    union all
    select
        members.cohort,
        by_customer.*
    from intermediate.int_gate__by_customer as by_customer
    inner join intermediate.int_cohorts__members as members
        on
            by_customer.account = members.account
            and by_customer.customer_key = members.customer_key
),

pieces as (
    select
        customers.cohort,
        customers.account,
        customers.check_name,
        customers.unit,
        customers.cycle,
        cast(sum(customers.all_rows) as bigint) as rows,
        cast(sum(customers.settled_rows) as bigint) as settled_rows,
        cast(sum(customers.matched) as bigint) as matched,
        cast(sum(customers.within_tolerance) as bigint) as within_tolerance,
        cast(sum(customers.breaches) as bigint) as breaches,
        cast(sum(customers.waived) as bigint) as waived,
        cast(sum(customers.expected_value) as decimal(38, 12)) as expected_value,
        cast(sum(customers.actual_value) as decimal(38, 12)) as actual_value,
        cast(sum(customers.net_variance) as decimal(38, 12)) as net_variance,
        cast(sum(customers.gross_variance) as decimal(38, 12)) as gross_variance,
        cast(
            sum(customers.outside_variance)
            + greatest(
                cast(0 as decimal(38, 12)),
                abs(sum(customers.inside_variance))
                - cast(2 * sqrt(sum(customers.scatter_squares)) as decimal(38, 12))
            ) as decimal(38, 12)
        ) as gate_variance,
        cast(sum(customers.gate_denominator) as decimal(38, 12)) as gate_denominator
    from customers
    group by
        customers.cohort,
        customers.account,
        customers.check_name,
        customers.unit,
        customers.cycle
)

select
    pieces.*,
    cast(
        case
            when pieces.gate_variance = 0 then 0
            when pieces.gate_denominator = 0 then 1
            else pieces.gate_variance / pieces.gate_denominator
        end as decimal(38, 12)
    ) as gate_ratio,
    thresholds.variance_ratio,
    pieces.gate_variance <= thresholds.variance_ratio * pieces.gate_denominator
        as is_within,
    pieces.gate_variance > thresholds.warn_ratio * pieces.gate_denominator as is_warned
from pieces
inner join control.thresholds as thresholds
    on pieces.check_name = thresholds.check_name
