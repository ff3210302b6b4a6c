-- One row per rate of a contract that is not archived, with the time in which both hold.
-- starts_at: UTC, inclusive
-- ends_at: UTC, exclusive; NULL when neither ends
select
    rates.account,
    rates.metronome_customer_id,
    rates.product_id,
    rates.pricing_group_values,
    greatest(rates.starts_at, contracts.starts_at) as starts_at,
    least(
        coalesce(rates.ends_at, contracts.ends_at),
        coalesce(contracts.ends_at, rates.ends_at)
    ) as ends_at
from staging.stg_metronome__contract_rates as rates
inner join staging.stg_metronome__contracts as contracts
    on
        rates.account = contracts.account
        and rates.contract_id = contracts.contract_id
        and not contracts.is_archived
