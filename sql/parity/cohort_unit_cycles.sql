-- One row per cohort, account, check, unit and cycle, with the figures that the gate judges a cohort by.
-- The rule is that of parity.check_unit_cycles, over the rows of the cohort's customers.
-- cohort: name of the cohort
-- unit: the currency, meter or product
-- cycle: first day of the calendar month in which the rows' periods end
-- rows: all rows, settled or not
-- expected_value: sum of Stripe's values over settled rows
-- actual_value: sum of Metronome's values over settled rows
-- net_variance: sum of variances over settled rows; shown, decides nothing
-- gross_variance: sum of absolute variances over settled rows; shown, decides nothing
-- gate_variance: the numerator of the gate ratio
-- gate_denominator: sum of Stripe's absolute values over settled rows
-- gate_ratio: gate_variance over gate_denominator; 0/0 is 0, x/0 is 1. Shown only
-- is_within: whether the gate ratio is at most the threshold, decided by multiplication
-- is_warned: whether the gate ratio is above the warning threshold
select
    judged.cohort,
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
    judged.is_within,
    judged.is_warned
from intermediate.int_gate__unit_cycles as judged
where judged.cohort <> ''
