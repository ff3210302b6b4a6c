-- One row per cohort and account that it has customers in: how many of them have enough settled billing periods.
-- A cohort of '' is everybody, in every account, also one without customers.
-- members: customers of the cohort that are known
-- eligible_customers: of those, the ones with a metered subscription at the start of the parallel run whose billing interval can settle in it
with

run as (
    select * from control.run
),

settled as (
    select
        judged.account,
        judged.customer_key,
        count(distinct judged.period_end) as settled_periods
    from intermediate.int_money__judged as judged
    where judged.check_name = 'invoice_totals' and judged.status <> 'pending'
    group by judged.account, judged.customer_key
),

flagged as (
    select
        customers.account,
        customers.customer_key,
        customers.existed_at_start
        and not customers.is_already_on_metronome
        and without_cycle.account is null as is_eligible,
        coalesce(settled.settled_periods >= run.required_cycles, false)
            as has_cycles
    from intermediate.int_customers__classified as customers
    cross join run
    left join intermediate.int_customers__without_cycle as without_cycle
        on
            customers.account = without_cycle.account
            and customers.customer_key = without_cycle.customer_key
    left join settled
        on
            customers.account = settled.account
            and customers.customer_key = settled.customer_key
),

members as (
    select
        '' as cohort,
        accounts.account,
        flagged.customer_key,
        flagged.is_eligible,
        flagged.has_cycles
    from control.accounts as accounts
    left join flagged on accounts.account = flagged.account
    union all
    select
        members.cohort,
        flagged.account,
        flagged.customer_key,
        flagged.is_eligible,
        flagged.has_cycles
    from flagged
    inner join intermediate.int_cohorts__members as members
        on
            flagged.account = members.account
            and flagged.customer_key = members.customer_key
),

counted as (
    select
        members.cohort,
        members.account,
        count(members.customer_key) as members,
        count(*) filter (where members.is_eligible) as eligible_customers,
        count(*) filter (where members.is_eligible and members.has_cycles)
            as customers_with_cycles
    from members
    group by members.cohort, members.account
)

select
    counted.*,
    run.required_cycles,
    run.settled_share,
    counted.eligible_customers > 0
    and counted.customers_with_cycles >= run.settled_share * counted.eligible_customers
        as is_met
from counted
cross join run
