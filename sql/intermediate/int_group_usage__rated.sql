-- One row per linked customer, product and pricing group value seen in usage, with the quantity that has a rate.
-- The rate must be for exactly that value (trap T18), on a contract of the customer, on the day of the usage.
-- A product without pricing group keys has the single value {}. A meter that does not add up over days
-- counts with its greatest day, on both sides alike.
-- is_passed_over: the customer's contracts rate another product of the same metric and nothing of this one
with

run as (
    select * from control.run
),

customers as (
    select * from intermediate.int_customers__classified
    where is_linked and not is_already_on_metronome
),

keyed as (
    select * from intermediate.int_metronome_customers__keyed
),

linked_products as (
    select
        linked.account,
        linked.product_id,
        linked.billable_metric_id,
        bool_and(meter_map.is_additive) as is_additive
    from intermediate.int_products__linked as linked
    inner join control.meter_map as meter_map
        on linked.account = meter_map.account and linked.meter = meter_map.meter
    where linked.billable_metric_id is not null
    group by linked.account, linked.product_id, linked.billable_metric_id
),

products as (
    select
        linked_products.account,
        linked_products.product_id,
        linked_products.billable_metric_id,
        linked_products.is_additive,
        products.product,
        coalesce(array_length(products.pricing_group_key), 0) as pricing_keys
    from linked_products
    inner join staging.stg_metronome__products as products
        on
            linked_products.account = products.account
            and linked_products.product_id = products.product_id
    where not products.is_archived
),

grouped_usage as (
    select
        usage_groups.account,
        usage_groups.metronome_customer_id,
        products.product_id,
        priced.pricing_group_values,
        cast(usage_groups.start_at as date) as usage_date,
        usage_groups.usage_value
    from staging.stg_metronome__usage_groups as usage_groups
    inner join products
        on
            usage_groups.account = products.account
            and usage_groups.billable_metric_id = products.billable_metric_id
    inner join intermediate.int_group_values__priced as priced
        on
            products.account = priced.account
            and products.product_id = priced.product_id
            and usage_groups.asked_group_key = priced.asked_group_key
            and usage_groups.group_values = priced.group_values
),

plain_usage as (
    select
        usage_rows.account,
        usage_rows.metronome_customer_id,
        products.product_id,
        '{}' as pricing_group_values,
        cast(usage_rows.start_at as date) as usage_date,
        usage_rows.usage_value
    from staging.stg_metronome__usage as usage_rows
    inner join products
        on
            usage_rows.account = products.account
            and usage_rows.billable_metric_id = products.billable_metric_id
    where usage_rows.window_size = 'day' and products.pricing_keys = 0
),

all_usage as (
    select * from grouped_usage
    union all
    select * from plain_usage
),

rated_days as (
    select distinct
        all_usage.account,
        all_usage.metronome_customer_id,
        all_usage.product_id,
        all_usage.pricing_group_values,
        all_usage.usage_date
    from all_usage
    inner join intermediate.int_contract_rates__bounded as rates
        on
            all_usage.account = rates.account
            and all_usage.metronome_customer_id = rates.metronome_customer_id
            and all_usage.product_id = rates.product_id
            and all_usage.pricing_group_values = rates.pricing_group_values
            and rates.starts_at
            < cast(all_usage.usage_date as timestamp) + interval 1 day
            and coalesce(
                rates.ends_at > cast(all_usage.usage_date as timestamp), true
            )
),

weighed as (
    select
        all_usage.account,
        keyed.customer_key,
        all_usage.product_id,
        all_usage.pricing_group_values,
        all_usage.usage_value,
        rated_days.account is not null as is_rated
    from all_usage
    inner join keyed
        on
            all_usage.account = keyed.account
            and all_usage.metronome_customer_id = keyed.metronome_customer_id
    left join rated_days
        on
            all_usage.account = rated_days.account
            and all_usage.metronome_customer_id = rated_days.metronome_customer_id
            and all_usage.product_id = rated_days.product_id
            and all_usage.pricing_group_values = rated_days.pricing_group_values
            and all_usage.usage_date = rated_days.usage_date
    cross join run
    where
        all_usage.usage_value <> 0
        and all_usage.usage_date >= cast(run.parallel_run_start as date)
        and all_usage.usage_date < cast(run.as_of as date)
),

summed as (
    select
        weighed.account,
        weighed.customer_key,
        weighed.product_id,
        weighed.pricing_group_values,
        case
            when products.is_additive
                then cast(sum(weighed.usage_value) as decimal(38, 12))
            else max(weighed.usage_value)
        end as expected_value,
        case
            when products.is_additive
                then
                    cast(
                        coalesce(
                            sum(weighed.usage_value) filter (where weighed.is_rated), 0
                        ) as decimal(38, 12)
                    )
            when bool_and(weighed.is_rated) then max(weighed.usage_value)
            else
                coalesce(
                    max(weighed.usage_value) filter (where weighed.is_rated),
                    cast(0 as decimal(38, 12))
                )
        end as actual_value
    from weighed
    inner join products
        on
            weighed.account = products.account
            and weighed.product_id = products.product_id
    group by
        weighed.account,
        weighed.customer_key,
        weighed.product_id,
        weighed.pricing_group_values,
        products.is_additive
),

by_product as (
    select
        summed.account,
        summed.customer_key,
        summed.product_id,
        products.billable_metric_id,
        bool_or(summed.actual_value <> 0) as is_rated
    from summed
    inner join products
        on
            summed.account = products.account
            and summed.product_id = products.product_id
    group by
        summed.account,
        summed.customer_key,
        summed.product_id,
        products.billable_metric_id
),

rated_metrics as (
    select distinct
        by_product.account,
        by_product.customer_key,
        by_product.billable_metric_id
    from by_product
    where by_product.is_rated
)

select
    summed.account,
    summed.customer_key,
    customers.stripe_customer_id,
    customers.metronome_customer_id,
    summed.product_id,
    products.product,
    summed.pricing_group_values,
    summed.expected_value,
    summed.actual_value,
    not by_product.is_rated and rated_metrics.account is not null as is_passed_over
from summed
inner join customers
    on
        summed.account = customers.account
        and summed.customer_key = customers.customer_key
inner join products
    on
        summed.account = products.account
        and summed.product_id = products.product_id
inner join by_product
    on
        summed.account = by_product.account
        and summed.customer_key = by_product.customer_key
        and summed.product_id = by_product.product_id
left join rated_metrics
    on
        by_product.account = rated_metrics.account
        and by_product.customer_key = rated_metrics.customer_key
        and by_product.billable_metric_id = rated_metrics.billable_metric_id
