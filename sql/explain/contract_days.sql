-- One row per linked breaching customer and UTC day of the window with usage, with the contracts in force.
-- A day is judged as contract_coverage judges it: by the contracts in force at its last instant. On a day on which a contract
-- starts or ends, a part of the usage is billed.
-- Pattern of the causes: no contract at all is contract_missing; one that starts later, contract_late; the last one
-- ended before, contract_ended; two that may bill the same usage, contract_overlap. Between two contracts the later one is
-- late. What looks the same: contracts that share the usage by disjoint usage filters do not overlap.
-- is_uncovered: no contract is in force at any time of the day
-- is_partly_covered: a contract is in force on a part of the day only
-- next_start_at: the first start of a contract after the day began, UTC
-- last_end_at: the last end of a contract before the day was over, UTC
-- cause: code of the cause; NULL where one contract is in force at the day's end
-- cause_of_any_part: the same, also where the contract starts within the day
-- evidence: the contract's dates beside the usage
with

customers as (
    select classified.*
    from intermediate.int_customers__classified as classified
    inner join explain.breaching_customers as breaching
        on
            classified.account = breaching.account
            and classified.customer_key = breaching.customer_key
    where classified.is_linked
),

run as (
    select * from control.run
),

keyed as (
    select
        metronome_customers.account,
        metronome_customers.customer_key,
        metronome_customers.metronome_customer_id
    from intermediate.int_metronome_customers__keyed as metronome_customers
    inner join customers
        on
            metronome_customers.account = customers.account
            and metronome_customers.customer_key = customers.customer_key
),

usage_days as (
    select
        usage_rows.account,
        usage_rows.customer_key,
        usage_rows.usage_date
    from explain.usage_rows as usage_rows
    inner join customers
        on
            usage_rows.account = customers.account
            and usage_rows.customer_key = customers.customer_key
    where usage_rows.usage_date is not null
    union
    select
        keyed.account,
        keyed.customer_key,
        cast(usage_values.start_at as date) as usage_date
    from staging.stg_metronome__usage as usage_values
    inner join keyed
        on
            usage_values.account = keyed.account
            and usage_values.metronome_customer_id = keyed.metronome_customer_id
    cross join run
    where
        usage_values.window_size = 'day'
        and usage_values.usage_value <> 0
        and usage_values.start_at >= run.parallel_run_start
        and cast(usage_values.start_at as date) < cast(run.as_of as date)
    union
    select
        customers.account,
        customers.customer_key,
        cast(run.as_of - interval 1 day as date) as usage_date
    from customers
    cross join run
),

day_bounds as (
    select
        usage_days.*,
        cast(usage_days.usage_date as timestamp) as starts_at,
        cast(usage_days.usage_date as timestamp) + interval 1 day as ends_at
    from usage_days
),

contracts as (
    select
        contracts.*,
        keyed.customer_key
    from staging.stg_metronome__contracts as contracts
    inner join keyed
        on
            contracts.account = keyed.account
            and contracts.metronome_customer_id = keyed.metronome_customer_id
    where not contracts.is_archived and contracts.rate_card_id is not null
),

-- Contracts that name different values of the same key share the usage between them.
disjoint_contracts as (
    select
        first_filter.account,
        first_filter.contract_id,
        second_filter.contract_id as other_contract_id
    from staging.stg_metronome__usage_filters as first_filter
    inner join staging.stg_metronome__usage_filters as second_filter
        on
            first_filter.account = second_filter.account
            and first_filter.group_key = second_filter.group_key
            and first_filter.contract_id <> second_filter.contract_id
    group by
        first_filter.account,
        first_filter.group_key,
        first_filter.contract_id,
        second_filter.contract_id
    having
        count(*) filter (
            where first_filter.group_value = second_filter.group_value
        ) = 0
),

doubly_covered as (
    select distinct
        contracts.account,
        contracts.customer_key,
        days.usage_date
    from contracts
    inner join contracts as others
        on
            contracts.account = others.account
            and contracts.customer_key = others.customer_key
            and contracts.contract_id < others.contract_id
    inner join day_bounds as days
        on
            contracts.account = days.account
            and contracts.customer_key = days.customer_key
            and contracts.starts_at < days.ends_at
            and others.starts_at < days.ends_at
            and coalesce(contracts.ends_at >= days.ends_at, true)
            and coalesce(others.ends_at >= days.ends_at, true)
    left join disjoint_contracts
        on
            contracts.account = disjoint_contracts.account
            and contracts.contract_id = disjoint_contracts.contract_id
            and others.contract_id = disjoint_contracts.other_contract_id
    where disjoint_contracts.account is null
),

counted as (
    select
        days.account,
        days.customer_key,
        days.usage_date,
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
        count(*) filter (
            where
            contracts.starts_at < days.ends_at
            and coalesce(contracts.ends_at >= days.ends_at, true)
        ) as contracts_at_its_end,
        min(contracts.starts_at) filter (
            where contracts.starts_at > days.starts_at
        ) as next_start_at,
        max(contracts.ends_at) filter (
            where contracts.ends_at < days.ends_at
        ) as last_end_at
    from day_bounds as days
    left join contracts
        on
            days.account = contracts.account
            and days.customer_key = contracts.customer_key
    group by days.account, days.customer_key, days.usage_date
),

judged as (
    select
        counted.*,
        counted.contracts_at_any_time = 0 as is_uncovered,
        counted.contracts_at_any_time = 1 and counted.contracts_all_day = 0
            as is_partly_covered,
        case
            when counted.contracts = 0 then 'contract_missing'
            when doubly_covered.account is not null then 'contract_overlap'
            when
                counted.contracts_at_any_time > 1 or counted.contracts_all_day > 0
                then null
            when counted.next_start_at is not null then 'contract_late'
            when counted.last_end_at is not null then 'contract_ended'
        end as cause_of_any_part
    from counted
    left join doubly_covered
        on
            counted.account = doubly_covered.account
            and counted.customer_key = doubly_covered.customer_key
            and counted.usage_date = doubly_covered.usage_date
)

select
    judged.account,
    judged.customer_key,
    judged.usage_date,
    judged.contracts_at_its_end,
    judged.is_uncovered,
    judged.is_partly_covered,
    judged.next_start_at,
    judged.last_end_at,
    case
        when
            judged.contracts_at_its_end <> 1
            or judged.cause_of_any_part = 'contract_overlap'
            then judged.cause_of_any_part
    end as cause,
    judged.cause_of_any_part,
    case judged.cause_of_any_part
        when 'contract_missing'
            then 'Metronome has no contract with a rate card for the customer.'
        when 'contract_overlap'
            then
                cast(judged.contracts_at_its_end as varchar)
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
