-- One row per product with pricing group keys and group of values that its metric's usage is read by.
-- A metric may have been asked by several key sets: the smallest with all keys of the product is read.
-- asked_group_key: that key set, as JSON list text
-- group_values: the group's values under all its keys, as JSON text
-- pricing_group_values: of those the ones that the product prices by, as JSON text with sorted keys
with

groups as (
    select distinct
        usage_groups.account,
        usage_groups.billable_metric_id,
        usage_groups.asked_group_key,
        usage_groups.group_values
    from staging.stg_metronome__usage_groups as usage_groups
),

products as (
    select
        products.account,
        products.product_id,
        products.billable_metric_id,
        products.pricing_group_key,
        array_length(products.pricing_group_key) as pricing_keys
    from staging.stg_metronome__products as products
    where not products.is_archived and array_length(products.pricing_group_key) > 0
),

asked_sets as (
    select distinct
        groups.account,
        products.product_id,
        products.pricing_keys,
        groups.asked_group_key,
        unnest(products.pricing_group_key) as pricing_key
    from groups
    inner join products
        on
            groups.account = products.account
            and groups.billable_metric_id = products.billable_metric_id
),

whole_sets as (
    select
        asked_sets.account,
        asked_sets.product_id,
        asked_sets.asked_group_key,
        lpad(cast(length(asked_sets.asked_group_key) as varchar), 6, '0')
        || asked_sets.asked_group_key as key_rank
    from asked_sets
    where strpos(asked_sets.asked_group_key, '"' || asked_sets.pricing_key || '"') > 0
    group by
        asked_sets.account,
        asked_sets.product_id,
        asked_sets.pricing_keys,
        asked_sets.asked_group_key
    having count(*) = asked_sets.pricing_keys
),

chosen_sets as (
    select
        whole_sets.account,
        whole_sets.product_id,
        min_by(whole_sets.asked_group_key, whole_sets.key_rank) as asked_group_key
    from whole_sets
    group by whole_sets.account, whole_sets.product_id
),

-- A group's values may hold more keys than the product prices by: keep only those.
pairs as (
    select
        products.account,
        products.product_id,
        groups.asked_group_key,
        groups.group_values,
        unnest(products.pricing_group_key) as pricing_key
    from groups
    inner join products
        on
            groups.account = products.account
            and groups.billable_metric_id = products.billable_metric_id
    inner join chosen_sets
        on
            products.account = chosen_sets.account
            and products.product_id = chosen_sets.product_id
            and groups.asked_group_key = chosen_sets.asked_group_key
)

select
    pairs.account,
    pairs.product_id,
    pairs.asked_group_key,
    pairs.group_values,
    '{'
    || string_agg(
        '"' || pairs.pricing_key || '":'
        || coalesce(
            cast(
                json_extract(
                    pairs.group_values, '$."' || pairs.pricing_key || '"'
                ) as varchar
            ),
            'null'
        ),
        ',' order by pairs.pricing_key
    )
    || '}' as pricing_group_values
from pairs
group by
    pairs.account, pairs.product_id, pairs.asked_group_key, pairs.group_values
