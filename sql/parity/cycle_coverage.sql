-- One row per account: how many of its customers who were there at the start have enough settled billing periods.
-- eligible_customers: customers with a metered subscription at the start of the parallel run, without those whose billing interval is too long to settle in it
-- customers_with_cycles: of those, the ones with at least required_cycles settled periods
-- required_cycles: settled billing periods that each needs
-- settled_share: share of the eligible customers that must have them
-- is_met: whether enough of them do; false when nobody was there at the start
select
    covered.account,
    covered.eligible_customers,
    covered.customers_with_cycles,
    covered.required_cycles,
    covered.settled_share,
    covered.is_met
from intermediate.int_gate__cycles_covered as covered
where covered.cohort = ''
