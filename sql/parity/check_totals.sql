-- One row per account, check and unit, over all cycles.
-- expected_value: sum of Stripe's values over settled rows
-- actual_value: sum of Metronome's values over settled rows
-- net_variance: sum of variances over settled rows
-- gross_variance: sum of absolute variances over settled rows
-- gate_ratio: greatest gate ratio of any cycle of the unit
select
    unit_cycles.account,
    unit_cycles.check_name,
    unit_cycles.unit,
    cast(sum(unit_cycles.expected_value) as decimal(38, 12)) as expected_value,
    cast(sum(unit_cycles.actual_value) as decimal(38, 12)) as actual_value,
    cast(sum(unit_cycles.net_variance) as decimal(38, 12)) as net_variance,
    cast(sum(unit_cycles.gross_variance) as decimal(38, 12)) as gross_variance,
    max(unit_cycles.gate_ratio) as gate_ratio
from parity.check_unit_cycles as unit_cycles
group by unit_cycles.account, unit_cycles.check_name, unit_cycles.unit
