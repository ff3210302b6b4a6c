-- One row per product, part of its pricing groups and the Stripe meter whose charges it bills.
-- prices.csv decides where it names a product of the metric; otherwise every product on the metric counts.
with

products as (
    select * from staging.stg_metronome__products
),

meter_map as (
    select * from control.meter_map
),

from_file as (
    select distinct
        prices.account,
        meters.meter,
        links.product_id,
        links.pricing_group_values,
        products.billable_metric_id
    from control.price_links as links
    inner join staging.stg_stripe__prices as prices
        on links.stripe_price_id = prices.stripe_price_id
    inner join staging.stg_stripe__meters as meters
        on prices.account = meters.account and prices.meter_id = meters.meter_id
    inner join products
        on
            prices.account = products.account
            and links.product_id = products.product_id
),

decided_metrics as (
    select distinct
        from_file.account,
        from_file.billable_metric_id
    from from_file
    where from_file.billable_metric_id is not null
),

by_metric as (
    select
        products.account,
        meter_map.meter,
        products.product_id,
        meter_map.pricing_group_values,
        products.billable_metric_id
    from products
    inner join meter_map
        on
            products.account = meter_map.account
            and products.billable_metric_id = meter_map.billable_metric_id
    left join decided_metrics
        on
            products.account = decided_metrics.account
            and products.billable_metric_id = decided_metrics.billable_metric_id
    where decided_metrics.account is null
)

select * from from_file
union
select * from by_metric
