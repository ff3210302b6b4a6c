-- One row per price that a Stripe credit grant is limited to.
with

prices as (
    select
        grants.account,
        grants.id as credit_grant_id,
        unnest(grants.applicability_config.scope.prices) as price
    from raw_stripe.credit_grants as grants
)

select
    prices.account,
    prices.credit_grant_id,
    prices.price.id as stripe_price_id
from prices
