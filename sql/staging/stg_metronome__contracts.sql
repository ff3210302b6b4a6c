-- One row per contract as it stands, archived or not.
select
    coalesce(moved.account, contracts.account) as account,
    contracts.id as contract_id,
    contracts.customer_id as metronome_customer_id,
    contracts.rate_card_id,
    contracts.archived_at is not null as is_archived,
    coalesce(contracts.prepaid_balance_threshold_configuration.is_enabled, false)
        as is_auto_recharge_enabled,
    coalesce(contracts.spend_threshold_configuration.is_enabled, false)
        as is_spend_threshold_enabled,
    contracts.starting_at as starts_at,
    contracts.ending_before as ends_at
from raw_metronome.contracts as contracts
left join intermediate.int_metronome_customers__moved as moved
    on
        contracts.account = moved.environment
        and contracts.customer_id = moved.metronome_customer_id
