-- One row per account, check, unit and cycle, with the figures that the gate judges.
-- The gate variance is the gross variance of settled rows outside their allowance that are not waived, plus
-- what the rows inside their allowance lean to one side beyond what rounding scatters (two root n).
-- rows: all rows, settled or not
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
select
    judged.account,
    judged.check_name,
    judged.unit,
    judged.cycle,
    judged.rows,
    judged.settled_rows,
    judged.expected_value,
    judged.actual_value,
    judged.net_variance,
    judged.gross_variance,
    judged.gate_variance,
    judged.gate_denominator,
    judged.gate_ratio,
    judged.variance_ratio,
    judged.is_within,
    judged.is_warned
from intermediate.int_gate__unit_cycles as judged
where judged.cohort = ''
