-- One row per product that is left out because prices.csv links another product of its metric.
with

linked as (
    select * from intermediate.int_products__linked
),

linked_metrics as (
    select distinct
        linked.account,
        linked.billable_metric_id
    from linked
    where linked.billable_metric_id is not null
),

linked_products as (
    select distinct
        linked.account,
        linked.product_id
    from linked
)

select
    products.account,
    products.product_id,
    products.product
from staging.stg_metronome__products as products
inner join linked_metrics
    on
        products.account = linked_metrics.account
        and products.billable_metric_id = linked_metrics.billable_metric_id
left join linked_products
    on
        products.account = linked_products.account
        and products.product_id = linked_products.product_id
where linked_products.account is null
