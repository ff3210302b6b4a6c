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

sums as (
    select
        customers.cohort,
        customers.account,
        customers.check_name,
        customers.unit,
        customers.cycle,
        customers.is_settled,
        cast(sum(customers.row_count) as bigint) as row_count,
        cast(sum(customers.matched) as bigint) as matched,
        cast(sum(customers.within_tolerance) as bigint) as within_tolerance,
        cast(sum(customers.breaches) as bigint) as breaches,
        cast(sum(customers.waived) as bigint) as waived,
        sum(customers.expected_value) as expected_value,
        sum(customers.actual_value) as actual_value,
        sum(customers.gross_variance) as gross_variance,
        sum(customers.outside_variance) as outside_variance,
        sum(customers.inside_variance) as inside_variance,
        sum(customers.scatter_squares) as scatter_squares,
        sum(customers.gate_denominator) as gate_denominator
    from customers
    group by
        customers.cohort,
        customers.account,
        customers.check_name,
        customers.unit,
        customers.cycle,
        customers.is_settled
),

all_rows as (
    select
        sums.cohort,
        sums.account,
        sums.check_name,
        sums.unit,
        sums.cycle,
        cast(sum(sums.row_count) as bigint) as rows
    from sums
    group by
        sums.cohort,
        sums.account,
        sums.check_name,
        sums.unit,
        sums.cycle
),

pieces as (
    select
        all_rows.cohort,
        all_rows.account,
        all_rows.check_name,
        all_rows.unit,
        all_rows.cycle,
        all_rows.rows,
        coalesce(settled.row_count, 0) as settled_rows,
        coalesce(settled.matched, 0) as matched,
        coalesce(settled.within_tolerance, 0) as within_tolerance,
        coalesce(settled.breaches, 0) as breaches,
        coalesce(settled.waived, 0) as waived,
        cast(coalesce(settled.expected_value, 0) as decimal(38, 12)) as expected_value,
        cast(coalesce(settled.actual_value, 0) as decimal(38, 12)) as actual_value,
        cast(
            coalesce(settled.actual_value - settled.expected_value, 0)
            as decimal(38, 12)
        ) as net_variance,
        cast(coalesce(settled.gross_variance, 0) as decimal(38, 12)) as gross_variance,
        cast(
            coalesce(
                settled.outside_variance
                + greatest(
                    cast(0 as decimal(38, 12)),
                    abs(settled.inside_variance)
                    - cast(2 * sqrt(settled.scatter_squares) as decimal(38, 12))
                ),
                0
            ) as decimal(38, 12)
        ) as gate_variance,
        cast(coalesce(settled.gate_denominator, 0) as decimal(38, 12))
            as gate_denominator
    from all_rows
    left join sums as settled
        on
            all_rows.cohort = settled.cohort
            and all_rows.account = settled.account
            and all_rows.check_name = settled.check_name
            and all_rows.unit is not distinct from settled.unit
            and all_rows.cycle = settled.cycle
            and settled.is_settled
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
