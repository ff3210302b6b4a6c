-- One row per account and Stripe product of its catalogue, active or not.
select distinct
    catalogues.account,
    products.id as stripe_product_id,
    products.name as stripe_product,
    products.active as is_active
from raw_stripe.products as products
inner join staging.stg_settings__stripe_catalogues as catalogues
    on products.account = catalogues.stripe_account
