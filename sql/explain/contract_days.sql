-- One row per linked breaching customer and UTC day of the window with usage, with the contracts in force.
-- The days and their count of contracts are those that contract_coverage is judged by. On a day on which a contract starts
-- or ends, a part of the usage is billed.
-- Pattern of the causes: no contract at all is contract_missing; one that starts later, contract_late; the last one
-- ended before, contract_ended; where several Metronome customers are summed, one that has no contract of its own
-- is contract_missing too; two that may bill the same usage, contract_overlap. Between two contracts the later one is
-- late. What looks the same: contracts that share the usage by disjoint usage filters do not overlap.
-- is_uncovered: no contract is in force at any time of the day
-- is_partly_covered: a contract is in force on a part of the day only
-- next_start_at: the first start of a contract after the day began, UTC
-- last_end_at: the last end of a contract before the day was over, UTC
-- cause: code of the cause; NULL where one contract is in force at the day's end
-- cause_of_any_part: the same, also where the contract starts within the day
-- evidence: the contract's dates beside the usage
with

days as (
    select
        customers.account,
        customers.customer_key,
        days.usage_date,
        days.contracts_in_force,
        cast(days.usage_date as timestamp) as starts_at,
        cast(days.usage_date as timestamp) + interval 1 day as ends_at
    from intermediate.int_contract_days__counted as days
    inner join intermediate.int_customers__classified as customers
        on
            days.customer_number = customers.customer_number
            and customers.is_linked
    inner join explain.breaching_customers as breaching
        on
            customers.account = breaching.account
            and customers.customer_key = breaching.customer_key
),

counted as (
    select
        days.account,
        days.customer_key,
        days.usage_date,
        days.contracts_in_force,
        count(contracts.contract_id) as contracts,
        count(*) filter (
            where
            contracts.starts_at < days.ends_at
            and coalesce(contracts.ends_at > days.starts_at, true)
        ) as contracts_at_any_time,
        count(*) filter (
            where
            contracts.starts_at <= days.starts_at
            and coalesce(contracts.ends_at >= days.ends_at, true)
        ) as contracts_all_day,
        min(contracts.starts_at) filter (
            where contracts.starts_at > days.starts_at
        ) as next_start_at,
        max(contracts.ends_at) filter (
            where contracts.ends_at < days.ends_at
        ) as last_end_at
    from days
    left join intermediate.int_contracts__keyed as contracts
        on
            days.account = contracts.account
            and days.customer_key = contracts.customer_key
    group by
        days.account, days.customer_key, days.usage_date, days.contracts_in_force
),

judged as (
    select
        counted.*,
        counted.contracts_at_any_time = 0 as is_uncovered,
        counted.contracts_at_any_time = 1 and counted.contracts_all_day = 0
            as is_partly_covered,
        case
            when counted.contracts = 0 then 'contract_missing'
            when counted.contracts_in_force > 1 then 'contract_overlap'
            when
                counted.contracts_in_force = 1
                and (counted.contracts_at_any_time > 1 or counted.contracts_all_day > 0)
                then null
            when counted.next_start_at is not null then 'contract_late'
            when counted.last_end_at is not null then 'contract_ended'
            else 'contract_missing'
        end as cause_of_any_part
    from counted
)

select
    judged.account,
    judged.customer_key,
    judged.usage_date,
    judged.is_uncovered,
    judged.is_partly_covered,
    judged.next_start_at,
    judged.last_end_at,
    case when judged.contracts_in_force <> 1 then judged.cause_of_any_part end as cause,
    judged.cause_of_any_part,
    case judged.cause_of_any_part
        when 'contract_missing'
            then 'Metronome has no contract with a rate card for the customer.'
        when 'contract_overlap'
            then
                cast(judged.contracts_in_force as varchar)
                || ' contracts are in force at once and bill the same usage.'
        when 'contract_late'
            then
                'The contract starts at ' || cast(judged.next_start_at as varchar)
                || '; usage begins at '
                || cast(
                    min(judged.usage_date) over (
                        partition by
                            judged.account,
                            judged.customer_key,
                            judged.cause_of_any_part
                    ) as varchar
                )
                || '.'
        when 'contract_ended'
            then
                'The last contract ended at '
                || cast(judged.last_end_at as varchar)
                || '; usage goes on until '
                || cast(
                    max(judged.usage_date) over (
                        partition by
                            judged.account,
                            judged.customer_key,
                            judged.cause_of_any_part
                    ) as varchar
                )
                || '.'
    end as evidence
from judged
