-- One row per cohort, account, check, unit and cycle, with the figures that the gate judges. A cohort of '' is everybody.
-- The gate variance is the gross variance of settled rows outside their allowance that are not waived, plus
-- what the rows inside their allowance lean to one side beyond what rounding scatters (two root n). A waived row stays in
-- the totals and the denominator, and adds nothing to the numerator.
with

check_rows as (
    select
        '' as cohort,
        judged.*
    from intermediate.int_check_rows__judged as judged
    union all
    select
        members.cohort,
        judged.*
    from intermediate.int_check_rows__judged as judged
    inner join intermediate.int_cohorts__members as members
        on
            judged.account = members.account
            and judged.customer_key = members.customer_key
),

measured as (
    select
        check_rows.*,
        check_rows.status <> 'pending' as is_settled,
        -- The square must fit; no edge hour holds more.
        cast(least(check_rows.scatter_unit, 1000000000000) as decimal(18, 3))
            as bounded_scatter
    from check_rows
),

sums as (
    select
        measured.cohort,
        measured.account,
        measured.check_name,
        measured.unit,
        measured.cycle,
        measured.is_settled,
        count(*) as row_count,
        count(*) filter (where measured.status = 'match') as matched,
        count(*) filter (
            where measured.status = 'within_tolerance'
        ) as within_tolerance,
        count(*) filter (where measured.status = 'breach') as breaches,
        count(*) filter (where measured.status = 'waived') as waived,
        coalesce(sum(measured.expected_value), 0) as expected_value,
        coalesce(sum(measured.actual_value), 0) as actual_value,
        coalesce(sum(abs(measured.expected_value)), 0) as gate_denominator,
        sum(abs(measured.variance)) as gross_variance,
        coalesce(
            sum(abs(measured.variance)) filter (
                where measured.status <> 'waived' and not measured.is_inside_allowance
            ),
            0
        ) as outside_variance,
        coalesce(
            sum(measured.lean) filter (
                where measured.status <> 'waived' and measured.is_inside_allowance
            ),
            0
        ) as inside_variance,
        coalesce(
            sum(measured.bounded_scatter * measured.bounded_scatter) filter (
                where measured.status <> 'waived' and measured.is_inside_allowance
            ),
            0
        ) as scatter_squares
    from measured
    group by
        measured.cohort,
        measured.account,
        measured.check_name,
        measured.unit,
        measured.cycle,
        measured.is_settled
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
