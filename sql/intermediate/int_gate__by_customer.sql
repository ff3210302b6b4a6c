-- One row per check, unit, cycle, customer and whether its rows are settled, with the sums that the gate's formula needs.
-- scatter_squares is the number of rows inside their allowance where each may be off by one unit (money).
-- A waived row stays in the totals and the denominator, and adds nothing to the numerator.
with

check_rows as (
    select
        judged.*,
        judged.status <> 'pending' as is_settled,
        -- The square must fit; no edge hour holds more.
        cast(least(judged.scatter_unit, 1000000000000) as decimal(18, 3))
            as bounded_scatter
    from intermediate.int_check_rows__judged as judged
),

sums as (
    select
        check_rows.check_name,
        check_rows.unit,
        check_rows.cycle,
        check_rows.customer_number,
        check_rows.is_settled,
        count(*) as row_count,
        count(*) filter (where check_rows.status = 'match') as matched,
        count(*) filter (
            where check_rows.status = 'within_tolerance'
        ) as within_tolerance,
        count(*) filter (where check_rows.status = 'breach') as breaches,
        count(*) filter (where check_rows.status = 'waived') as waived,
        cast(coalesce(sum(check_rows.expected_value), 0) as decimal(38, 12))
            as expected_value,
        cast(coalesce(sum(check_rows.actual_value), 0) as decimal(38, 12))
            as actual_value,
        cast(coalesce(sum(abs(check_rows.expected_value)), 0) as decimal(38, 12))
            as gate_denominator,
        cast(sum(abs(check_rows.variance)) as decimal(38, 12)) as gross_variance,
        cast(
            coalesce(
                sum(abs(check_rows.variance)) filter (
                    where
                    check_rows.status <> 'waived'
                    and not check_rows.is_inside_allowance
                ),
                0
            ) as decimal(38, 12)
        ) as outside_variance,
        cast(
            coalesce(
                sum(check_rows.lean) filter (
                    where
                    check_rows.status <> 'waived' and check_rows.is_inside_allowance
                ),
                0
            ) as decimal(38, 12)
        ) as inside_variance,
        cast(
            coalesce(
                sum(check_rows.bounded_scatter * check_rows.bounded_scatter) filter (
                    where
                    check_rows.status <> 'waived' and check_rows.is_inside_allowance
                ),
                0
            ) as decimal(38, 6)
        ) as scatter_squares
    from check_rows
    group by
        check_rows.check_name,
        check_rows.unit,
        check_rows.cycle,
        check_rows.customer_number,
        check_rows.is_settled
)

select
    sums.*,
    customers.account,
    customers.customer_key
from sums
inner join intermediate.int_customers__classified as customers
    on sums.customer_number = customers.customer_number
