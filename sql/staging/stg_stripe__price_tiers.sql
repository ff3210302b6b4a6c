-- One row per Stripe price and tier; a price without tiers has one.
-- pricing_model: per_unit, package, graduated or volume
-- lower_bound, upper_bound: the tier holds quantities above the lower and not above the upper; NULL is without end
-- unit_amount_minor_units: price of one unit, or of one package
-- package_size: units in a package; NULL without packages
-- is_rounded_up: whether a part of a package counts as a whole one, else as none
with

prices as (
    select * from raw_stripe.prices
),

tiers as (
    select
        prices.account as stripe_account,
        prices.id as stripe_price_id,
        prices.tiers_mode,
        unnest(prices.tiers) as tier
    from prices
    where prices.billing_scheme = 'tiered'
),

bounded as (
    select
        tiers.stripe_account,
        tiers.stripe_price_id,
        tiers.tiers_mode as pricing_model,
        cast(
            coalesce(
                lead(tiers.tier.up_to) over (
                    partition by tiers.stripe_account, tiers.stripe_price_id
                    order by coalesce(tiers.tier.up_to, 9223372036854775807) desc
                ),
                0
            ) as decimal(28, 6)
        ) as lower_bound,
        cast(tiers.tier.up_to as decimal(28, 6)) as upper_bound,
        cast(coalesce(tiers.tier.unit_amount_decimal, '0') as decimal(22, 12))
            as unit_amount_minor_units,
        cast(coalesce(tiers.tier.flat_amount_decimal, '0') as decimal(22, 12))
            as flat_amount_minor_units,
        cast(null as decimal(28, 6)) as package_size,
        false as is_rounded_up
    from tiers
    union all
    select
        prices.account as stripe_account,
        prices.id as stripe_price_id,
        case
            when prices.transform_quantity is null then 'per_unit' else 'package'
        end as pricing_model,
        cast(0 as decimal(28, 6)) as lower_bound,
        cast(null as decimal(28, 6)) as upper_bound,
        cast(prices.unit_amount_decimal as decimal(22, 12)) as unit_amount_minor_units,
        cast(0 as decimal(22, 12)) as flat_amount_minor_units,
        cast(prices.transform_quantity.divide_by as decimal(28, 6)) as package_size,
        coalesce(prices.transform_quantity.round = 'up', false) as is_rounded_up
    from prices
    where
        prices.billing_scheme <> 'tiered'
        and prices.unit_amount_decimal is not null
)

select
    catalogues.account,
    bounded.stripe_price_id,
    bounded.pricing_model,
    bounded.lower_bound,
    bounded.upper_bound,
    bounded.unit_amount_minor_units,
    bounded.flat_amount_minor_units,
    bounded.package_size,
    bounded.is_rounded_up
from bounded
inner join staging.stg_settings__stripe_catalogues as catalogues
    on bounded.stripe_account = catalogues.stripe_account
