-- One row per account: how many of its customers who were there at the start have enough settled billing periods.
-- eligible_customers: customers with a metered subscription at the start of the parallel run, without those whose billing interval is too long to settle in it
-- customers_with_cycles: of those, the ones with at least required_cycles settled periods
-- required_cycles: settled billing periods that each needs
-- settled_share: share of the eligible customers that must have them
-- is_met: whether enough of them do; false when nobody was there at the start
with

run as (
    select * from control.run
),

eligible as (
    select
        customers.account,
        customers.customer_key
    from intermediate.int_customers__classified as customers
    left join intermediate.int_customers__without_cycle as without_cycle
        on
            customers.account = without_cycle.account
            and customers.customer_key = without_cycle.customer_key
    where
        customers.existed_at_start
        and not customers.is_already_on_metronome
        and without_cycle.account is null
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

counted as (
    select
        accounts.account,
        count(eligible.customer_key) as eligible_customers,
        count(settled.customer_key) filter (
            where settled.settled_periods >= run.required_cycles
        ) as customers_with_cycles
    from control.accounts as accounts
    cross join run
    left join eligible on accounts.account = eligible.account
    left join settled
        on
            eligible.account = settled.account
            and eligible.customer_key = settled.customer_key
    group by accounts.account
)

select
    counted.account,
    counted.eligible_customers,
    counted.customers_with_cycles,
    run.required_cycles,
    run.settled_share,
    counted.eligible_customers > 0
    and counted.customers_with_cycles >= run.settled_share * counted.eligible_customers
        as is_met
from counted
cross join run
