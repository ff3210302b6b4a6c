-- One row per cohort and check, also for a check without rows.
-- The rules are those of parity.check_summary, over the rows of the cohort's customers.
-- cohort: name of the cohort
-- customers: customers with a settled row
-- customers_within: of those, the ones within in every unit and cycle of their own
-- variance_ratio: threshold in force for the gate ratio
-- is_share_met: whether enough customers of every account are within
select
    checks.cohort,
    checks.check_name,
    checks.rows,
    checks.matched,
    checks.within_tolerance,
    checks.breaches,
    checks.pending,
    checks.waived,
    checks.settled_rows,
    checks.customers,
    checks.customers_within,
    checks.variance_ratio,
    checks.warn_ratio,
    checks.customer_share,
    checks.worst_gate_ratio,
    checks.is_ratio_met,
    checks.is_share_met,
    checks.is_complete_required,
    checks.is_warned
from intermediate.int_gate__checks as checks
where checks.cohort <> ''
