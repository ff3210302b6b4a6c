-- One row per rate in force for a contract and a part of the window.
select
    rates.account,
    rates.customer_id as metronome_customer_id,
    rates.contract_id,
    rates.product_id,
    coalesce(rates.pricing_group_values, '{}') as pricing_group_values,
    rates.starting_at as starts_at,
    rates.ending_before as ends_at
from raw_metronome.contract_rates as rates
where rates.entitled
