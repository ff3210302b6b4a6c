-- One row per account, check, unit and cycle, with the figures that the gate judges.
-- The gate variance is the gross variance of settled rows outside their allowance that are not waived, plus
-- what the rows inside their allowance lean to one side beyond what rounding scatters (two root n).
-- rows: all rows, settled or not
-- settled_rows: rows that are not pending
-- expected_value: sum of Stripe's values over settled rows
-- actual_value: sum of Metronome's values over settled rows
-- net_variance: sum of variances over settled rows; shown, decides nothing
-- gross_variance: sum of absolute variances over settled rows; shown, decides nothing
-- gate_variance: the numerator of the gate ratio
-- gate_denominator: sum of Stripe's absolute values over settled rows
-- gate_ratio: gate_variance over gate_denominator; 0/0 is 0, x/0 is 1. Shown only
-- variance_ratio: the threshold in force
-- is_within: whether the gate ratio is at most the threshold, decided by multiplication
-- is_warned: whether the gate ratio is above the warning threshold
with

pieces as (
    select
        customers.account,
        customers.check_name,
        customers.unit,
        customers.cycle,
        cast(sum(customers.all_rows) as bigint) as all_rows,
        cast(sum(customers.settled_rows) as bigint) as settled_rows,
        cast(sum(customers.expected_value) as decimal(38, 12)) as expected_value,
        cast(sum(customers.actual_value) as decimal(38, 12)) as actual_value,
        cast(sum(customers.net_variance) as decimal(38, 12)) as net_variance,
        cast(sum(customers.gross_variance) as decimal(38, 12)) as gross_variance,
        cast(sum(customers.outside_variance) as decimal(38, 12)) as outside_variance,
        cast(sum(customers.inside_variance) as decimal(38, 12)) as inside_variance,
        sum(customers.scatter_squares) as scatter_squares,
        cast(sum(customers.gate_denominator) as decimal(38, 12)) as gate_denominator
    from intermediate.int_gate__by_customer as customers
    group by
        customers.account, customers.check_name, customers.unit, customers.cycle
),

judged as (
    select
        pieces.*,
        cast(
            pieces.outside_variance
            + greatest(
                cast(0 as decimal(38, 12)),
                abs(pieces.inside_variance)
                - cast(2 * sqrt(pieces.scatter_squares) as decimal(38, 12))
            ) as decimal(38, 12)
        ) as gate_variance
    from pieces
)

select
    judged.account,
    judged.check_name,
    judged.unit,
    judged.cycle,
    judged.all_rows as rows,
    judged.settled_rows,
    judged.expected_value,
    judged.actual_value,
    judged.net_variance,
    judged.gross_variance,
    judged.gate_variance,
    judged.gate_denominator,
    cast(
        case
            when judged.gate_variance = 0 then 0
            when judged.gate_denominator = 0 then 1
            else judged.gate_variance / judged.gate_denominator
        end as decimal(38, 12)
    ) as gate_ratio,
    thresholds.variance_ratio,
    judged.gate_variance <= thresholds.variance_ratio * judged.gate_denominator
        as is_within,
    judged.gate_variance > thresholds.warn_ratio * judged.gate_denominator as is_warned
from judged
inner join control.thresholds as thresholds
    on judged.check_name = thresholds.check_name
