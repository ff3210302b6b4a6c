-- One row per Stripe price or Metronome product that prices.csv links, with the group of what is billed together.
-- Prices and products that are linked to each other, directly or through one more, are one group, named by the
-- smallest product id in it. A metered price without a line stays with the product of its meter, where there is just one
-- that measures usage: a line for another price of the meter does not take it away. All other prices and products without
-- a line have no group: their meter alone groups them.
-- member: id of the price or product
with

listed as (
    select distinct
        prices.account,
        links.stripe_price_id,
        links.product_id
    from control.price_links as links
    inner join staging.stg_stripe__prices as prices
        on links.stripe_price_id = prices.stripe_price_id
),

only_products as (
    select
        linked.account,
        linked.meter,
        min(linked.product_id) as product_id
    from intermediate.int_products__linked as linked
    where linked.billable_metric_id is not null
    group by linked.account, linked.meter
    having count(distinct linked.product_id) = 1
),

unlisted as (
    select
        prices.account,
        prices.stripe_price_id,
        only_products.product_id
    from staging.stg_stripe__prices as prices
    inner join staging.stg_stripe__meters as meters
        on prices.account = meters.account and prices.meter_id = meters.meter_id
    inner join only_products
        on
            meters.account = only_products.account
            and meters.meter = only_products.meter
    where
        not exists (
            select 1 as is_listed
            from listed
            where
                listed.account = prices.account
                and listed.stripe_price_id = prices.stripe_price_id
        )
        and exists (
            select 1 as is_listed
            from listed
            where
                listed.account = only_products.account
                and listed.product_id = only_products.product_id
        )
),

pairs as (
    select * from listed
    union all
    select * from unlisted
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
