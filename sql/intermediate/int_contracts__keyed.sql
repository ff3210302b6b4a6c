-- One row per contract that may bill, with the key of its customer: archived ones and those without rates bill nothing.
-- starts_at: UTC, inclusive
-- ends_at: UTC, exclusive; NULL for a contract without an end
select
    contracts.account,
    customers.customer_key,
    contracts.metronome_customer_id,
    contracts.contract_id,
    contracts.starts_at,
    contracts.ends_at
from staging.stg_metronome__contracts as contracts
inner join intermediate.int_metronome_customers__keyed as customers
    on
        contracts.account = customers.account
        and contracts.metronome_customer_id = customers.metronome_customer_id
where not contracts.is_archived and contracts.rate_card_id is not null
