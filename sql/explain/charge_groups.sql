-- One row per Stripe price or Metronome product that prices.csv links, with the group of what is billed together.
-- Prices and products that are linked to each other, directly or through one more, are one group, named by the
-- smallest product id in it. Prices and products without a line in prices.csv have none: their meter alone groups them.
-- member: id of the price or product
with

pairs as (
    select distinct
        prices.account,
        links.stripe_price_id,
        links.product_id
    from control.price_links as links
    inner join staging.stg_stripe__prices as prices
        on links.stripe_price_id = prices.stripe_price_id
),

by_price as (
    select
        pairs.account,
        pairs.stripe_price_id,
        min(pairs.product_id) as charge_group
    from pairs
    group by pairs.account, pairs.stripe_price_id
),

by_product as (
    select
        pairs.account,
        pairs.product_id,
        min(by_price.charge_group) as charge_group
    from pairs
    inner join by_price
        on
            pairs.account = by_price.account
            and pairs.stripe_price_id = by_price.stripe_price_id
    group by pairs.account, pairs.product_id
),

prices as (
    select
        pairs.account,
        pairs.stripe_price_id as member,
        min(by_product.charge_group) as charge_group
    from pairs
    inner join by_product
        on
            pairs.account = by_product.account
            and pairs.product_id = by_product.product_id
    group by pairs.account, pairs.stripe_price_id
)

select * from prices
union all
select
    pairs.account,
    pairs.product_id as member,
    min(prices.charge_group) as charge_group
from pairs
inner join prices
    on
        pairs.account = prices.account
        and pairs.stripe_price_id = prices.member
group by pairs.account, pairs.product_id
