-- One row per cohort, account, check, unit and cycle, with the figures that the gate judges a cohort by.
-- The rule is that of parity.check_unit_cycles, over the rows of the cohort's customers.
-- cohort: name of the cohort
-- unit: the currency, meter or product
-- cycle: first day of the calendar month in which the rows' periods end
-- rows: all rows, settled or not
-- settled_rows: rows that are not pending
-- expected_value: sum of Stripe's values over settled rows
-- actual_value: sum of Metronome's values over settled rows
-- net_variance: sum of variances over settled rows; shown, decides nothing
-- gross_variance: sum of absolute variances over settled rows; shown, decides nothing
-- gate_variance: the numerator of the gate ratio
-- gate_denominator: sum of Stripe's absolute values over settled rows
-- gate_ratio: gate_variance over gate_denominator; 0/0 is 0, x/0 is 1. Shown only
-- is_within: whether the gate ratio is at most the threshold, decided by multiplication
-- is_warned: whether the gate ratio is above the warning threshold
with

members as (
    select distinct
        cohort_customers.cohort,
        cohort_customers.account,
        cohort_customers.customer_key
    from intermediate.int_cohorts__customers as cohort_customers
),

pieces as (
    select
        members.cohort,
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
        cast(
            sum(customers.outside_variance)
            + greatest(
                cast(0 as decimal(38, 12)),
                abs(sum(customers.inside_variance))
                - cast(2 * sqrt(sum(customers.scatter_squares)) as decimal(38, 12))
            ) as decimal(38, 12)
        ) as gate_variance,
        cast(sum(customers.gate_denominator) as decimal(38, 12)) as gate_denominator
    from intermediate.int_gate__by_customer as customers
    inner join members
        on
            customers.account = members.account
            and customers.customer_key = members.customer_key
    group by
        members.cohort,
        customers.account,
        customers.check_name,
        customers.unit,
        customers.cycle
)

select
    pieces.cohort,
    pieces.account,
    pieces.check_name,
    pieces.unit,
    pieces.cycle,
    pieces.all_rows as rows,
    pieces.settled_rows,
    pieces.expected_value,
    pieces.actual_value,
    pieces.net_variance,
    pieces.gross_variance,
    pieces.gate_variance,
    pieces.gate_denominator,
    cast(
        case
            when pieces.gate_variance = 0 then 0
            when pieces.gate_denominator = 0 then 1
            else pieces.gate_variance / pieces.gate_denominator
        end as decimal(38, 12)
    ) as gate_ratio,
    pieces.gate_variance <= thresholds.variance_ratio * pieces.gate_denominator
        as is_within,
    pieces.gate_variance > thresholds.warn_ratio * pieces.gate_denominator as is_warned
from pieces
inner join control.thresholds as thresholds
    on pieces.check_name = thresholds.check_name
