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
with

thresholds as (
    select * from control.thresholds
),

row_counts as (
    select
        judged.check_name,
        count(*) as all_rows,
        count(*) filter (where judged.status = 'match') as matched,
        count(*) filter (where judged.status = 'within_tolerance') as within_tolerance,
        count(*) filter (where judged.status = 'breach') as breaches,
        count(*) filter (where judged.status = 'pending') as pending,
        count(*) filter (where judged.status = 'waived') as waived
    from intermediate.int_check_rows__judged as judged
    group by judged.check_name
),

customer_counts as (
    select
        accounts.check_name,
        cast(sum(accounts.customers) as bigint) as customers,
        cast(sum(accounts.customers_within) as bigint) as customers_within,
        bool_and(accounts.is_share_met) as is_share_met
    from parity.check_customers as accounts
    group by accounts.check_name
),

ratios as (
    select
        unit_cycles.check_name,
        max(unit_cycles.gate_ratio) as worst_gate_ratio,
        bool_and(unit_cycles.is_within) as is_ratio_met,
        bool_or(unit_cycles.is_warned) as is_warned
    from parity.check_unit_cycles as unit_cycles
    group by unit_cycles.check_name
)

select
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
from thresholds
left join row_counts on thresholds.check_name = row_counts.check_name
left join customer_counts on thresholds.check_name = customer_counts.check_name
left join ratios on thresholds.check_name = ratios.check_name
