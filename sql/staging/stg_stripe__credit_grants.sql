-- One row per Stripe credit grant in money.
-- ends_at: when it expires or was voided, whichever is earlier; NULL for neither
-- is_for_every_meter: whether it pays for every metered price, else for those in stg_stripe__credit_grant_prices
select
    grants.account,
    grants.id as credit_grant_id,
    grants.customer as stripe_customer_id,
    grants.amount.monetary.currency,
    grants.category,
    coalesce(grants.priority, 50) as priority,
    coalesce(array_length(grants.applicability_config.scope.prices), 0) = 0
        as is_for_every_meter,
    cast(grants.amount.monetary.value as decimal(38, 12)) as amount_minor_units,
    make_timestamp(coalesce(grants.effective_at, grants.created) * 1000000)
        as starts_at,
    make_timestamp(
        least(
            coalesce(grants.expires_at, grants.voided_at),
            coalesce(grants.voided_at, grants.expires_at)
        )
        * 1000000
    ) as ends_at
from raw_stripe.credit_grants as grants
where grants.amount.monetary.value is not null
