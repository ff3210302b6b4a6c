-- One row: counts of what must not be in parity.contract_coverage.
-- null_tail_count: rows with a NULL in a column that never has one
-- duplicate_grain_count: rows beyond the first with the same grain
-- identity_violation_count: rows whose variance, presence or ratio does not follow from the two values
select
    counted.row_count,
    counted.null_tail_count,
    counted.duplicate_grain_count,
    counted.identity_violation_count
from intermediate.int_published_rows__counted as counted
where counted.check_name = 'contract_coverage'
