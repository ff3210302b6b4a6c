-- One row per account and product of its environment, as it stands now.
-- Names need not be unique in Metronome: products that share one carry their id behind it.
with

products as (
    select
        environments.account,
        listed.id,
        listed.type,
        listed.initial,
        listed.current,
        listed.archived_at,
        coalesce(listed.current.name, listed.initial.name) as name_now
    from raw_metronome.products as listed
    inner join staging.stg_settings__environments as environments
        on listed.account = environments.environment
),

counted as (
    select
        products.*,
        count(*) over (
            partition by products.account, products.name_now
        ) as products_of_that_name
    from products
)

select
    counted.account,
    counted.id as product_id,
    case
        when counted.products_of_that_name = 1 then counted.name_now
        else counted.name_now || ' (' || counted.id || ')'
    end as product,
    upper(counted.type) as product_type,
    coalesce(counted.current.billable_metric_id, counted.initial.billable_metric_id)
        as billable_metric_id,
    coalesce(counted.current.pricing_group_key, counted.initial.pricing_group_key)
        as pricing_group_key,
    counted.archived_at is not null as is_archived
from counted
