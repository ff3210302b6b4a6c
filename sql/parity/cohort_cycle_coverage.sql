-- One row per cohort and account that it has customers in: how many of them have enough settled billing periods.
-- cohort: name of the cohort
-- members: customers of the cohort that are known
-- eligible_customers: of those, the ones with a metered subscription at the start of the parallel run whose billing interval can settle in it
-- customers_with_cycles: of those, the ones with at least required_cycles settled periods
-- required_cycles: settled billing periods that each needs
-- settled_share: share of the eligible customers that must have them
-- is_met: whether enough of them do; false when nobody was there at the start
select
    covered.cohort,
    covered.account,
    covered.members,
    covered.eligible_customers,
    covered.customers_with_cycles,
    covered.required_cycles,
    covered.settled_share,
    covered.is_met
from intermediate.int_gate__cycles_covered as covered
where covered.cohort <> ''
