-- One row per product and group value of explain.cause_group_values and currency, with the money that nobody charges for it.
-- Its usage is priced at what a unit costs the customer in Stripe, on average over the periods that are explained; a value whose
-- meters Stripe has not billed yet has no row.
-- evidence: the money in a sentence, in units of the currency
with

prices as (
    select * from explain.unit_prices
),

unrated as (
    select
        unrated_days.account,
        unrated_days.customer_key,
        unrated_days.product_id,
        unrated_days.pricing_group_values,
        unrated_days.meter,
        coalesce(charge_groups.charge_group, '') as charge_group,
        sum(unrated_days.usage_value) as usage_value
    from explain.unrated_days as unrated_days
    left join explain.charge_groups as charge_groups
        on
            unrated_days.account = charge_groups.account
            and unrated_days.product_id = charge_groups.member
    group by
        unrated_days.account,
        unrated_days.customer_key,
        unrated_days.product_id,
        unrated_days.pricing_group_values,
        unrated_days.meter,
        charge_groups.charge_group
),

priced as (
    select
        unrated.account,
        unrated.customer_key,
        unrated.product_id,
        unrated.pricing_group_values,
        prices.currency,
        cast(
            sum(cast(unrated.usage_value as decimal(38, 6)) * prices.unit_price_ratio)
            as decimal(38, 2)
        ) as minor_units
    from unrated
    inner join prices
        on
            unrated.account = prices.account
            and unrated.customer_key = prices.customer_key
            and unrated.meter = prices.charge_meter
            and unrated.charge_group = prices.charge_group
    group by
        unrated.account,
        unrated.customer_key,
        unrated.product_id,
        unrated.pricing_group_values,
        prices.currency
)

select
    priced.account,
    priced.customer_key,
    priced.product_id,
    priced.pricing_group_values,
    priced.currency,
    priced.minor_units,
    ' At risk: '
    || money_text(cast(priced.minor_units as decimal(38, 0)), priced.currency)
    || '.' as evidence
from priced
