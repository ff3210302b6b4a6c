-- One row per rate in force for a contract and tier of it, overrides applied; a flat rate has one.
-- price_minor_units: price of one billed unit (after the product's conversion), minor units of currency
-- tier_size: width of the tier in billed units; NULL for the last
with

rates as (
    select
        coalesce(moved.account, contract_rates.account) as account,
        contract_rates.customer_id as metronome_customer_id,
        contract_rates.contract_id,
        contract_rates.product_id,
        coalesce(contract_rates.pricing_group_values, '{}') as pricing_group_values,
        contract_rates.starting_at as starts_at,
        contract_rates.ending_before as ends_at,
        coalesce(contract_rates.override_rate, contract_rates.list_rate) as rate
    from raw_metronome.contract_rates as contract_rates
    left join intermediate.int_metronome_customers__moved as moved
        on
            contract_rates.account = moved.environment
            and contract_rates.customer_id = moved.metronome_customer_id
    where contract_rates.entitled
),

tiers as (
    select
        rates.*,
        unnest(rates.rate.tiers) as tier
    from rates
    where array_length(rates.rate.tiers) > 0
),

prices as (
    select
        tiers.account,
        tiers.metronome_customer_id,
        tiers.contract_id,
        tiers.product_id,
        tiers.pricing_group_values,
        tiers.starts_at,
        tiers.ends_at,
        tiers.rate.credit_type.name as credit_type_name,
        tiers.tier.price,
        tiers.tier.size as tier_size,
        true as is_tiered
    from tiers
    union all
    select
        rates.account,
        rates.metronome_customer_id,
        rates.contract_id,
        rates.product_id,
        rates.pricing_group_values,
        rates.starts_at,
        rates.ends_at,
        rates.rate.credit_type.name as credit_type_name,
        rates.rate.price,
        cast(null as varchar) as tier_size,
        false as is_tiered
    from rates
    where rates.rate.price is not null
)

select distinct
    prices.account,
    prices.metronome_customer_id,
    prices.contract_id,
    prices.product_id,
    prices.pricing_group_values,
    prices.starts_at,
    prices.ends_at,
    prices.is_tiered,
    currencies.currency,
    cast(
        case
            when prices.credit_type_name like '% (cents)'
                then cast(prices.price as decimal(24, 12))
            else
                cast(prices.price as decimal(24, 12))
                * cast(currencies.minor_units_per_unit as decimal(4, 0))
        end as decimal(24, 12)
    ) as price_minor_units,
    cast(prices.tier_size as decimal(28, 6)) as tier_size
from prices
left join control.currencies as currencies
    on lower(split_part(prices.credit_type_name, ' (', 1)) = currencies.currency
