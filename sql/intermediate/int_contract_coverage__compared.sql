-- One row per customer with an active (or held) subscription in scope.
-- The value is 0 if any day with usage, or the last one, has no contract in force, else the greatest count of any day.
-- A customer that Stripe was not asked about may have had usage on days that nobody knows, so what matches is pending
-- unless it was asked about all days but the last.
with

run as (
    select * from control.run
),

customers as (
    select * from intermediate.int_customers__classified
    where
        not is_already_on_metronome
        and stripe_customer_id is not null
        and (has_active_subscription or has_held_subscription)
),

by_customer as (
    select
        days.customer_number,
        case
            when min(days.contracts_in_force) = 0 then 0
            else max(days.contracts_in_force)
        end as contracts_that_cover
    from intermediate.int_contract_days__counted as days
    group by days.customer_number
)

select
    'contract_coverage' as check_name,
    customers.customer_number,
    cast(null as varchar) as currency,
    cast(null as varchar) as meter,
    cast(null as varchar) as product,
    cast(null as varchar) as pricing_group_values,
    cast(null as timestamp) as period_start,
    cast(null as timestamp) as period_end,
    cast(null as date) as usage_date,
    'contracts' as unit,
    cast(1 as decimal(38, 12)) as expected_value,
    -- Without a linked Metronome customer there is nobody to look for contracts of.
    case
        when customers.is_linked
            then cast(by_customer.contracts_that_cover as decimal(38, 12))
    end as actual_value,
    cast(0 as decimal(38, 12)) as allowance,
    cast(0 as decimal(38, 12)) as rounds_up_by,
    cast(0 as decimal(38, 12)) as rounds_down_by,
    cast(1 as decimal(38, 12)) as scatter_unit,
    customers.has_active_subscription
    and (
        put_off.account is null
        or not customers.is_linked
        or by_customer.contracts_that_cover <> 1
        or coalesce(
            put_off.counts_until + interval 1 day >= date_trunc('day', run.as_of),
            false
        )
    ) as is_settled,
    false as is_forced_breach,
    false as is_from_floats
from customers
inner join by_customer
    on customers.customer_number = by_customer.customer_number
cross join run
left join intermediate.int_usage__put_off as put_off
    on
        customers.account = put_off.account
        and customers.customer_key = put_off.stripe_customer_id
