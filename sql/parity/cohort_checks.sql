-- One row per cohort and check, also for a check without rows.
-- The rules are those of parity.check_summary, over the rows of the cohort's customers.
-- cohort: name of the cohort
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
with

members as (
    select distinct
        cohort_customers.cohort,
        cohort_customers.account,
        cohort_customers.customer_key
    from intermediate.int_cohorts__customers as cohort_customers
),

row_counts as (
    select
        members.cohort,
        judged.check_name,
        count(*) as all_rows,
        count(*) filter (where judged.status = 'match') as matched,
        count(*) filter (where judged.status = 'within_tolerance') as within_tolerance,
        count(*) filter (where judged.status = 'breach') as breaches,
        count(*) filter (where judged.status = 'pending') as pending,
        count(*) filter (where judged.status = 'waived') as waived
    from intermediate.int_check_rows__judged as judged
    inner join members
        on
            judged.account = members.account
            and judged.customer_key = members.customer_key
    group by members.cohort, judged.check_name
),

account_counts as (
    select
        members.cohort,
        judged.account,
        judged.check_name,
        count(*) as customers,
        count(*) filter (where judged.is_within) as customers_within
    from intermediate.int_gate__customers_judged as judged
    inner join members
        on
            judged.account = members.account
            and judged.customer_key = members.customer_key
    group by members.cohort, judged.account, judged.check_name
),

customer_counts as (
    select
        account_counts.cohort,
        account_counts.check_name,
        cast(sum(account_counts.customers) as bigint) as customers,
        cast(sum(account_counts.customers_within) as bigint) as customers_within,
        bool_and(
            account_counts.customers_within
            >= thresholds.customer_share * account_counts.customers
        ) as is_share_met
    from account_counts
    inner join control.thresholds as thresholds
        on account_counts.check_name = thresholds.check_name
    group by account_counts.cohort, account_counts.check_name
),

ratios as (
    select
        unit_cycles.cohort,
        unit_cycles.check_name,
        max(unit_cycles.gate_ratio) as worst_gate_ratio,
        bool_and(unit_cycles.is_within) as is_ratio_met,
        bool_or(unit_cycles.is_warned) as is_warned
    from parity.cohort_unit_cycles as unit_cycles
    group by unit_cycles.cohort, unit_cycles.check_name
),

cohorts as (
    select distinct cohorts.cohort
    from control.cohorts as cohorts
    where cohorts.stage = 'parallel'
)

select
    cohorts.cohort,
    thresholds.check_name,
    coalesce(row_counts.all_rows, 0) as rows,
    coalesce(row_counts.matched, 0) as matched,
    coalesce(row_counts.within_tolerance, 0) as within_tolerance,
    coalesce(row_counts.breaches, 0) as breaches,
    coalesce(row_counts.pending, 0) as pending,
    coalesce(row_counts.waived, 0) as waived,
    coalesce(row_counts.all_rows - row_counts.pending, 0) as settled_rows,
    coalesce(customer_counts.customers, 0) as customers,
    coalesce(customer_counts.customers_within, 0) as customers_within,
    thresholds.variance_ratio,
    thresholds.warn_ratio,
    thresholds.customer_share,
    coalesce(ratios.worst_gate_ratio, 0) as worst_gate_ratio,
    coalesce(ratios.is_ratio_met, true) as is_ratio_met,
    coalesce(customer_counts.is_share_met, true) as is_share_met,
    thresholds.check_name in ('contract_coverage', 'group_key_coverage')
        as is_complete_required,
    coalesce(ratios.is_warned, false) as is_warned
from cohorts
cross join control.thresholds as thresholds
left join row_counts
    on
        cohorts.cohort = row_counts.cohort
        and thresholds.check_name = row_counts.check_name
left join customer_counts
    on
        cohorts.cohort = customer_counts.cohort
        and thresholds.check_name = customer_counts.check_name
left join ratios
    on
        cohorts.cohort = ratios.cohort
        and thresholds.check_name = ratios.check_name
