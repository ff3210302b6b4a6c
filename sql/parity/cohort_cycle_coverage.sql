-- One row per cohort and account that it has customers in: how many of them have enough settled billing periods.
-- cohort: name of the cohort
-- members: customers of the cohort that are known
-- eligible_customers: of those, the ones with a metered subscription at the start of the parallel run whose billing interval can settle in it
-- customers_with_cycles: of those, the ones with at least required_cycles settled periods
-- required_cycles: settled billing periods that each needs
-- settled_share: share of the eligible customers that must have them
-- is_met: whether enough of them do; false when nobody was there at the start
with

run as (
    select * from control.run
),

members as (
    select distinct
        cohort_customers.cohort,
        cohort_customers.account,
        cohort_customers.customer_key
    from intermediate.int_cohorts__customers as cohort_customers
),

settled as (
    select
        judged.account,
        judged.customer_key,
        count(distinct judged.period_end) as settled_periods
    from intermediate.int_check_rows__judged as judged
    where judged.check_name = 'invoice_totals' and judged.status <> 'pending'
    group by judged.account, judged.customer_key
),

flagged as (
    select
        members.cohort,
        members.account,
        customers.existed_at_start
        and not customers.is_already_on_metronome
        and without_cycle.account is null as is_eligible,
        coalesce(settled.settled_periods, 0) as settled_periods
    from members
    inner join intermediate.int_customers__classified as customers
        on
            members.account = customers.account
            and members.customer_key = customers.customer_key
    left join intermediate.int_customers__without_cycle as without_cycle
        on
            members.account = without_cycle.account
            and members.customer_key = without_cycle.customer_key
    left join settled
        on
            members.account = settled.account
            and members.customer_key = settled.customer_key
),

counted as (
    select
        flagged.cohort,
        flagged.account,
        count(*) as members,
        count(*) filter (where flagged.is_eligible) as eligible_customers,
        count(*) filter (
            where flagged.is_eligible and flagged.settled_periods >= run.required_cycles
        ) as customers_with_cycles
    from flagged
    cross join run
    group by flagged.cohort, flagged.account
)

select
    counted.cohort,
    counted.account,
    counted.members,
    counted.eligible_customers,
    counted.customers_with_cycles,
    run.required_cycles,
    run.settled_share,
    counted.eligible_customers > 0
    and counted.customers_with_cycles >= run.settled_share * counted.eligible_customers
        as is_met
from counted
cross join run
