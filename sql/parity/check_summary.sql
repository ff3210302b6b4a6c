-- One row per check, also for a check without rows.
-- rows: all rows of the check
-- matched: rows without variance
-- within_tolerance: rows whose variance is inside the tolerance
-- breaches: rows outside it
-- pending: rows that are not settled
-- waived: rows whose difference was accepted
-- settled_rows: rows that are not pending
-- customers: customers with a settled row
-- customers_within: of those, the ones within in every unit and cycle of their own
-- variance_ratio: threshold in force for the gate ratio
-- warn_ratio: ratio above which the report warns; decides nothing
-- customer_share: share of customers that must be within
-- worst_gate_ratio: greatest gate ratio of any unit and cycle
-- is_ratio_met: whether every unit and cycle is within the threshold
-- is_share_met: whether enough customers of every account are within
-- is_complete_required: whether a single breach fails the check
-- is_warned: whether any unit and cycle is above the warning ratio
select
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
where checks.cohort = ''
