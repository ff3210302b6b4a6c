-- One row per customer and UTC day with usage on either side, and one for the last day before as_of.
-- Counted are the contracts in force at the day's last instant; one whose usage filter is disjoint from those of all
-- contracts before it bills other usage and does not count again.
-- Each Metronome customer is counted by itself, for two of them never bill the same usage. Where customers.csv sums
-- several, the day has the greatest of their counts, or 0 where one of them has usage and no contract.
-- The customer is named by its number in int_customers__classified.
-- contracts_in_force: the count; above 1 where two contracts may bill the same usage
with

run as (
    select * from control.run
),

customers as (
    select * from intermediate.int_customers__classified
),

keyed as (
    select
        all_keyed.account,
        all_keyed.metronome_customer_id,
        customers.customer_number
    from intermediate.int_metronome_customers__keyed as all_keyed
    inner join customers
        on
            all_keyed.account = customers.account
            and all_keyed.customer_key = customers.customer_key
),

contracts as (
    select
        all_contracts.*,
        customers.customer_number
    from intermediate.int_contracts__keyed as all_contracts
    inner join customers
        on
            all_contracts.account = customers.account
            and all_contracts.customer_key = customers.customer_key
),

usage_days as (
    select
        usage_daily.customer_number,
        usage_daily.usage_date
    from intermediate.int_usage__daily as usage_daily
    union
    -- Meters that do not add up over days have no daily row to compare, but Metronome knows their days.
    select
        keyed.customer_number,
        cast(usage_rows.start_at as date) as usage_date
    from staging.stg_metronome__usage as usage_rows
    inner join control.meter_map as meter_map
        on
            usage_rows.account = meter_map.account
            and usage_rows.billable_metric_id = meter_map.billable_metric_id
            and not meter_map.is_additive
    inner join keyed
        on
            usage_rows.account = keyed.account
            and usage_rows.metronome_customer_id = keyed.metronome_customer_id
    cross join run
    where
        usage_rows.window_size = 'day'
        and usage_rows.usage_value <> 0
        and usage_rows.start_at >= run.parallel_run_start
        and cast(usage_rows.start_at as date) < cast(run.as_of as date)
    union
    select
        customers.customer_number,
        cast(run.as_of - interval 1 day as date) as usage_date
    from customers
    cross join run
),

summed_customers as (
    select keyed.customer_number
    from keyed
    group by keyed.customer_number
    having count(*) > 1
),

-- Most customers have one contract, which either is in force on a day or is not.
single_contracts as (
    select
        contracts.customer_number,
        min(contracts.starts_at) as starts_at,
        min(contracts.ends_at) as ends_at
    from contracts
    left join summed_customers
        on contracts.customer_number = summed_customers.customer_number
    where summed_customers.customer_number is null
    group by contracts.customer_number
    having count(*) = 1
),

several_contracts as (
    select contracts.*
    from contracts
    left join single_contracts
        on contracts.customer_number = single_contracts.customer_number
    where single_contracts.customer_number is null
),

in_force as (
    select
        usage_days.customer_number,
        usage_days.usage_date,
        several_contracts.account,
        several_contracts.metronome_customer_id,
        several_contracts.contract_id
    from usage_days
    inner join several_contracts
        on
            usage_days.customer_number = several_contracts.customer_number
            and several_contracts.starts_at
            < cast(usage_days.usage_date as timestamp) + interval 1 day
            and coalesce(
                several_contracts.ends_at
                >= cast(usage_days.usage_date as timestamp) + interval 1 day,
                true
            )
),

shared_keys as (
    select distinct
        first_filter.account,
        first_filter.contract_id,
        second_filter.contract_id as other_contract_id
    from staging.stg_metronome__usage_filters as first_filter
    inner join staging.stg_metronome__usage_filters as second_filter
        on
            first_filter.account = second_filter.account
            and first_filter.group_key = second_filter.group_key
            and first_filter.contract_id > second_filter.contract_id
),

shared_values as (
    select distinct
        first_filter.account,
        first_filter.contract_id,
        second_filter.contract_id as other_contract_id
    from staging.stg_metronome__usage_filters as first_filter
    inner join staging.stg_metronome__usage_filters as second_filter
        on
            first_filter.account = second_filter.account
            and first_filter.group_key = second_filter.group_key
            and first_filter.group_value = second_filter.group_value
            and first_filter.contract_id > second_filter.contract_id
),

disjoint_contracts as (
    select
        shared_keys.account,
        shared_keys.contract_id,
        shared_keys.other_contract_id
    from shared_keys
    left join shared_values
        on
            shared_keys.account = shared_values.account
            and shared_keys.contract_id = shared_values.contract_id
            and shared_keys.other_contract_id = shared_values.other_contract_id
    where shared_values.account is null
),

-- The first contract of a day always counts; a later one only where it is not disjoint from all before it.
overlapping as (
    select
        in_force.customer_number,
        in_force.usage_date,
        in_force.metronome_customer_id,
        in_force.contract_id,
        count(others.contract_id) as earlier_contracts,
        count(disjoint_contracts.contract_id) as earlier_disjoint_contracts
    from in_force
    left join in_force as others
        on
            in_force.customer_number = others.customer_number
            and in_force.usage_date = others.usage_date
            and in_force.metronome_customer_id = others.metronome_customer_id
            and in_force.contract_id > others.contract_id
    left join disjoint_contracts
        on
            in_force.account = disjoint_contracts.account
            and in_force.contract_id = disjoint_contracts.contract_id
            and others.contract_id = disjoint_contracts.other_contract_id
    group by
        in_force.customer_number,
        in_force.usage_date,
        in_force.metronome_customer_id,
        in_force.contract_id
),

counted_each as (
    select
        overlapping.customer_number,
        overlapping.usage_date,
        overlapping.metronome_customer_id,
        count(*) filter (
            where
            overlapping.earlier_contracts = 0
            or overlapping.earlier_disjoint_contracts
            < overlapping.earlier_contracts
        ) as contracts_in_force
    from overlapping
    group by
        overlapping.customer_number,
        overlapping.usage_date,
        overlapping.metronome_customer_id
),

counted as (
    select
        counted_each.customer_number,
        counted_each.usage_date,
        max(counted_each.contracts_in_force) as contracts_in_force
    from counted_each
    group by
        counted_each.customer_number,
        counted_each.usage_date
),

-- Days on which one of several summed customers has usage that none of its own contracts bills.
uncovered as (
    select distinct
        keyed.customer_number,
        cast(usage_rows.start_at as date) as usage_date
    from summed_customers
    inner join keyed on summed_customers.customer_number = keyed.customer_number
    inner join staging.stg_metronome__usage as usage_rows
        on
            keyed.account = usage_rows.account
            and keyed.metronome_customer_id = usage_rows.metronome_customer_id
    inner join control.meter_map as meter_map
        on
            usage_rows.account = meter_map.account
            and usage_rows.billable_metric_id = meter_map.billable_metric_id
    left join counted_each
        on
            keyed.customer_number = counted_each.customer_number
            and keyed.metronome_customer_id = counted_each.metronome_customer_id
            and cast(usage_rows.start_at as date) = counted_each.usage_date
    where
        usage_rows.window_size = 'day'
        and usage_rows.usage_value <> 0
        and counted_each.customer_number is null
)

select
    usage_days.customer_number,
    usage_days.usage_date,
    case
        when uncovered.customer_number is not null then 0
        when
            single_contracts.starts_at
            < cast(usage_days.usage_date as timestamp) + interval 1 day
            and coalesce(
                single_contracts.ends_at
                >= cast(usage_days.usage_date as timestamp) + interval 1 day,
                true
            )
            then 1
        else coalesce(counted.contracts_in_force, 0)
    end as contracts_in_force
from usage_days
left join single_contracts
    on usage_days.customer_number = single_contracts.customer_number
left join counted
    on
        usage_days.customer_number = counted.customer_number
        and usage_days.usage_date = counted.usage_date
left join uncovered
    on
        usage_days.customer_number = uncovered.customer_number
        and usage_days.usage_date = uncovered.usage_date
