-- One row per cohort and check, also for a check without rows. A cohort of '' is everybody.
with

cohorts as (
    select '' as cohort
    union
    select cohorts.cohort
    from control.cohorts as cohorts
    where cohorts.stage = 'parallel'
),

unit_cycles as (
    select
        judged.cohort,
        judged.check_name,
        cast(sum(judged.rows) as bigint) as rows,
        cast(sum(judged.settled_rows) as bigint) as settled_rows,
        cast(sum(judged.matched) as bigint) as matched,
        cast(sum(judged.within_tolerance) as bigint) as within_tolerance,
        cast(sum(judged.breaches) as bigint) as breaches,
        cast(sum(judged.waived) as bigint) as waived,
        max(judged.gate_ratio) as worst_gate_ratio,
        bool_and(judged.is_within) as is_ratio_met,
        bool_or(judged.is_warned) as is_warned
    from intermediate.int_gate__unit_cycles as judged
    group by judged.cohort, judged.check_name
),

customer_counts as (
    select
        shares.cohort,
        shares.check_name,
        cast(sum(shares.customers) as bigint) as customers,
        cast(sum(shares.customers_within) as bigint) as customers_within,
        bool_and(shares.is_share_met) as is_share_met
    from intermediate.int_gate__customer_shares as shares
    group by shares.cohort, shares.check_name
)

select
    cohorts.cohort,
    thresholds.check_name,
    coalesce(unit_cycles.rows, 0) as rows,
    coalesce(unit_cycles.matched, 0) as matched,
    coalesce(unit_cycles.within_tolerance, 0) as within_tolerance,
    coalesce(unit_cycles.breaches, 0) as breaches,
    coalesce(unit_cycles.rows - unit_cycles.settled_rows, 0) as pending,
    coalesce(unit_cycles.waived, 0) as waived,
    coalesce(unit_cycles.settled_rows, 0) as settled_rows,
    coalesce(customer_counts.customers, 0) as customers,
    coalesce(customer_counts.customers_within, 0) as customers_within,
    thresholds.variance_ratio,
    thresholds.warn_ratio,
    thresholds.customer_share,
    coalesce(unit_cycles.worst_gate_ratio, 0) as worst_gate_ratio,
    coalesce(unit_cycles.is_ratio_met, true) as is_ratio_met,
    coalesce(customer_counts.is_share_met, true) as is_share_met,
    thresholds.check_name in ('contract_coverage', 'group_key_coverage')
        as is_complete_required,
    coalesce(unit_cycles.is_warned, false) as is_warned
from cohorts
cross join control.thresholds as thresholds
left join unit_cycles
    on
        cohorts.cohort = unit_cycles.cohort
        and thresholds.check_name = unit_cycles.check_name
left join customer_counts
    on
        cohorts.cohort = customer_counts.cohort
        and thresholds.check_name = customer_counts.check_name
