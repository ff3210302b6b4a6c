-- One row per product as it stands now.
select
    products.account,
    products.id as product_id,
    coalesce(products.current.name, products.initial.name) as product,
    upper(products.type) as product_type,
    coalesce(
        products.current.billable_metric_id, products.initial.billable_metric_id
    ) as billable_metric_id,
    coalesce(products.current.pricing_group_key, products.initial.pricing_group_key)
        as pricing_group_key,
    products.archived_at is not null as is_archived
from raw_metronome.products as products
