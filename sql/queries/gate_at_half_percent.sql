-- What would the gate ratios say at 0.5 %? (Shares of customers are judged at the thresholds in force only.)
select
    unit_cycles.check_name,
    count(*) as units_and_cycles,
    count(*) filter (where not unit_cycles.is_within) as above_threshold_in_force,
    count(*) filter (
        where unit_cycles.gate_variance > 0.005 * unit_cycles.gate_denominator
    ) as above_half_percent,
    max(unit_cycles.gate_ratio) as greatest_gate_ratio,
    case
        when
            bool_or(
                unit_cycles.gate_variance > 0.005 * unit_cycles.gate_denominator
            )
            then 'FAIL'
        else 'PASS'
    end as at_half_percent
from parity.check_unit_cycles as unit_cycles
group by unit_cycles.check_name
order by unit_cycles.check_name
