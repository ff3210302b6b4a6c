-- One row per rate in force for a contract and a part of the window.
select
    coalesce(moved.account, rates.account) as account,
    rates.customer_id as metronome_customer_id,
    rates.contract_id,
    rates.product_id,
    coalesce(rates.pricing_group_values, '{}') as pricing_group_values,
    rates.starting_at as starts_at,
    rates.ending_before as ends_at
from raw_metronome.contract_rates as rates
left join intermediate.int_metronome_customers__moved as moved
    on
        rates.account = moved.environment
        and rates.customer_id = moved.metronome_customer_id
where rates.entitled
