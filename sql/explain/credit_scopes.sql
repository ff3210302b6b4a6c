-- One row per money row: what was charged within the scope of Stripe's open grants, and where the two scopes differ.
-- stripe_charged, metronome_charged: before credit, minor units
-- scope_differences: meters that one side's open credit may pay for and the other's may not; NULL for none
with

open_grants as (
    select * from explain.credit_grants
),

open_balances as (
    select * from explain.credit_balances
    where is_open or rolled_over_minor_units <> 0
),

grant_scopes as (
    select distinct
        segments.money_row,
        segments.charge_meter,
        segments.charge_group,
        open_grants.credit_grant_id,
        open_grants.amount_minor_units
    from explain.stripe_segments as segments
    inner join open_grants on segments.money_row = open_grants.money_row
    left join staging.stg_stripe__credit_grant_prices as grant_prices
        on
            open_grants.account = grant_prices.account
            and open_grants.credit_grant_id = grant_prices.credit_grant_id
            and segments.stripe_price_id = grant_prices.stripe_price_id
    where
        segments.is_metered
        and (
            open_grants.is_for_every_meter or grant_prices.stripe_price_id is not null
        )
),

balance_scopes as (
    select distinct
        lines.money_row,
        lines.charge_meter,
        lines.charge_group,
        open_balances.balance_id,
        open_balances.available
    from explain.metronome_lines as lines
    inner join open_balances on lines.money_row = open_balances.money_row
    left join staging.stg_metronome__balance_products as balance_products
        on
            open_balances.account = balance_products.account
            and open_balances.balance_id = balance_products.balance_id
            and lines.product_id = balance_products.product_id
    where
        lines.line_kind in ('usage', 'custom_unit')
        and (
            open_balances.is_for_every_product
            or balance_products.product_id is not null
        )
),

granted as (
    select
        grant_scopes.money_row,
        grant_scopes.charge_meter,
        grant_scopes.charge_group,
        sum(grant_scopes.amount_minor_units) as amount
    from grant_scopes
    group by
        grant_scopes.money_row, grant_scopes.charge_meter, grant_scopes.charge_group
),

balanced as (
    select
        balance_scopes.money_row,
        balance_scopes.charge_meter,
        balance_scopes.charge_group,
        sum(balance_scopes.available) as amount
    from balance_scopes
    group by
        balance_scopes.money_row,
        balance_scopes.charge_meter,
        balance_scopes.charge_group
)

select
    charges.money_row,
    sum(charges.stripe_charged) filter (where granted.money_row is not null)
        as stripe_charged,
    sum(charges.metronome_usage_charged + charges.metronome_fee_charged) filter (
        where granted.money_row is not null
    ) as metronome_charged,
    string_agg(
        coalesce(charges.meter, 'a charge without a meter'), ', '
        order by charges.charge_meter, charges.charge_group
    ) filter (
        where
        charges.has_stripe
        and charges.has_metronome
        and (granted.money_row is null) <> (balanced.money_row is null)
    ) as scope_differences
from explain.charges as charges
left join granted
    on
        charges.money_row = granted.money_row
        and charges.charge_meter = granted.charge_meter
        and charges.charge_group = granted.charge_group
left join balanced
    on
        charges.money_row = balanced.money_row
        and charges.charge_meter = balanced.charge_meter
        and charges.charge_group = balanced.charge_group
group by charges.money_row
