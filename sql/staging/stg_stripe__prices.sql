-- One row per account and Stripe price of its catalogue, active or not.
select distinct
    catalogues.account,
    prices.id as stripe_price_id,
    prices.product as product_id,
    prices.recurring.meter as meter_id,
    prices.currency,
    prices.billing_scheme,
    prices.tiers_mode,
    prices.recurring.interval as recurring_interval,
    cast(prices.unit_amount_decimal as decimal(38, 12)) as unit_amount_minor_units,
    prices.transform_quantity.divide_by as package_size,
    coalesce(
        prices.recurring.usage_type = 'metered'
        or prices.recurring.meter is not null,
        false
    ) as is_metered
from raw_stripe.prices as prices
inner join staging.stg_settings__stripe_catalogues as catalogues
    on prices.account = catalogues.stripe_account
