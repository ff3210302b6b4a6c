-- One row per group value that a contract's usage filter lets through.
with

filters as (
    select
        coalesce(moved.account, contracts.account) as account,
        contracts.id as contract_id,
        unnest(contracts.usage_filter) as usage_filter
    from raw_metronome.contracts as contracts
    left join intermediate.int_metronome_customers__moved as moved
        on
            contracts.account = moved.environment
            and contracts.customer_id = moved.metronome_customer_id
)

select
    filters.account,
    filters.contract_id,
    filters.usage_filter.group_key,
    unnest(filters.usage_filter.group_values) as group_value
from filters
