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

-- Sums come first: most usage lies between the first and the last day of one rate, so that no day is looked at by itself.
metric_sums as (
    select
        usage_rows.account,
        usage_rows.metronome_customer_id,
        usage_rows.billable_metric_id,
        '' as asked_group_key,
        '' as group_values,
        min(cast(usage_rows.start_at as date)) as first_date,
        max(cast(usage_rows.start_at as date)) as last_date,
        sum(usage_rows.usage_value) as usage_value,
        max(usage_rows.usage_value) as greatest_value
    from staging.stg_metronome__usage as usage_rows
    cross join run
    where
        usage_rows.window_size = 'day'
        and usage_rows.usage_value <> 0
        and cast(usage_rows.start_at as date) >= cast(run.parallel_run_start as date)
        and cast(usage_rows.start_at as date) < cast(run.as_of as date)
    group by
        usage_rows.account,
        usage_rows.metronome_customer_id,
        usage_rows.billable_metric_id
),

group_sums as (
    select
        usage_groups.account,
        usage_groups.metronome_customer_id,
        usage_groups.billable_metric_id,
        usage_groups.asked_group_key,
        usage_groups.group_values,
        min(cast(usage_groups.start_at as date)) as first_date,
        max(cast(usage_groups.start_at as date)) as last_date,
        sum(usage_groups.usage_value) as usage_value,
        max(usage_groups.usage_value) as greatest_value
    from staging.stg_metronome__usage_groups as usage_groups
    cross join run
    where
        usage_groups.usage_value <> 0
        and cast(usage_groups.start_at as date) >= cast(run.parallel_run_start as date)
        and cast(usage_groups.start_at as date) < cast(run.as_of as date)
    group by
        usage_groups.account,
        usage_groups.metronome_customer_id,
        usage_groups.billable_metric_id,
        usage_groups.asked_group_key,
        usage_groups.group_values
),

product_sums as (
    select
        metric_sums.*,
        products.product_id,
        '{}' as pricing_group_values
    from metric_sums
    inner join products
        on
            metric_sums.account = products.account
            and metric_sums.billable_metric_id = products.billable_metric_id
            and products.pricing_keys = 0
    union all
    select
        group_sums.*,
        products.product_id,
        priced.pricing_group_values
    from group_sums
    inner join products
        on
            group_sums.account = products.account
            and group_sums.billable_metric_id = products.billable_metric_id
    inner join intermediate.int_group_values__priced as priced
        on
            products.account = priced.account
            and products.product_id = priced.product_id
            and group_sums.asked_group_key = priced.asked_group_key
            and group_sums.group_values = priced.group_values
),

rates as (
    select * from intermediate.int_contract_rates__bounded
),

rated_sums as (
    select
        product_sums.account,
        product_sums.metronome_customer_id,
        product_sums.product_id,
        product_sums.asked_group_key,
        product_sums.group_values,
        bool_or(
            rates.starts_at
            < cast(product_sums.first_date as timestamp) + interval 1 day
            and coalesce(
                rates.ends_at > cast(product_sums.last_date as timestamp), true
            )
        ) as is_wholly_rated
    from product_sums
    inner join rates
        on
            product_sums.account = rates.account
            and product_sums.metronome_customer_id = rates.metronome_customer_id
            and product_sums.product_id = rates.product_id
            and product_sums.pricing_group_values = rates.pricing_group_values
            and rates.starts_at
            < cast(product_sums.last_date as timestamp) + interval 1 day
            and coalesce(
                rates.ends_at > cast(product_sums.first_date as timestamp), true
            )
    group by
        product_sums.account,
        product_sums.metronome_customer_id,
        product_sums.product_id,
        product_sums.asked_group_key,
        product_sums.group_values
),

weighed_sums as (
    select
        product_sums.*,
        coalesce(rated_sums.is_wholly_rated, false) as is_wholly_rated,
        not coalesce(rated_sums.is_wholly_rated, true) as is_partly_rated
    from product_sums
    left join rated_sums
        on
            product_sums.account = rated_sums.account
            and product_sums.metronome_customer_id = rated_sums.metronome_customer_id
            and product_sums.product_id = rated_sums.product_id
            and product_sums.asked_group_key = rated_sums.asked_group_key
            and product_sums.group_values = rated_sums.group_values
),

-- What no single rate spans is looked at day by day.
partly_rated as (
    select * from weighed_sums
    where is_partly_rated
),

partly_rated_days as (
    select
        partly_rated.account,
        partly_rated.metronome_customer_id,
        partly_rated.product_id,
        partly_rated.pricing_group_values,
        partly_rated.asked_group_key,
        partly_rated.group_values,
        cast(usage_rows.start_at as date) as usage_date,
        usage_rows.usage_value
    from partly_rated
    inner join staging.stg_metronome__usage as usage_rows
        on
            partly_rated.account = usage_rows.account
            and partly_rated.metronome_customer_id = usage_rows.metronome_customer_id
            and partly_rated.billable_metric_id = usage_rows.billable_metric_id
            and partly_rated.asked_group_key = ''
            and usage_rows.window_size = 'day'
    union all
    select
        partly_rated.account,
        partly_rated.metronome_customer_id,
        partly_rated.product_id,
        partly_rated.pricing_group_values,
        partly_rated.asked_group_key,
        partly_rated.group_values,
        cast(usage_groups.start_at as date) as usage_date,
        usage_groups.usage_value
    from partly_rated
    inner join staging.stg_metronome__usage_groups as usage_groups
        on
            partly_rated.account = usage_groups.account
            and partly_rated.metronome_customer_id = usage_groups.metronome_customer_id
            and partly_rated.billable_metric_id = usage_groups.billable_metric_id
            and partly_rated.asked_group_key = usage_groups.asked_group_key
            and partly_rated.group_values = usage_groups.group_values
),

rated_day_sums as (
    select
        days.account,
        days.metronome_customer_id,
        days.product_id,
        days.asked_group_key,
        days.group_values,
        sum(days.usage_value) as usage_value,
        max(days.usage_value) as greatest_value
    from partly_rated_days as days
    cross join run
    where
        days.usage_value <> 0
        and days.usage_date >= cast(run.parallel_run_start as date)
        and days.usage_date < cast(run.as_of as date)
        and exists (
            select 1 as is_rated
            from rates
            where
                rates.account = days.account
                and rates.metronome_customer_id = days.metronome_customer_id
                and rates.product_id = days.product_id
                and rates.pricing_group_values = days.pricing_group_values
                and rates.starts_at
                < cast(days.usage_date as timestamp) + interval 1 day
                and coalesce(rates.ends_at > cast(days.usage_date as timestamp), true)
        )
    group by
        days.account,
        days.metronome_customer_id,
        days.product_id,
        days.asked_group_key,
        days.group_values
),

weighed as (
    select
        weighed_sums.account,
        keyed.customer_key,
        weighed_sums.product_id,
        weighed_sums.pricing_group_values,
        weighed_sums.usage_value,
        weighed_sums.greatest_value,
        case
            when weighed_sums.is_wholly_rated then weighed_sums.usage_value
            else rated_day_sums.usage_value
        end as rated_value,
        case
            when weighed_sums.is_wholly_rated then weighed_sums.greatest_value
            else rated_day_sums.greatest_value
        end as greatest_rated_value
    from weighed_sums
    inner join keyed
        on
            weighed_sums.account = keyed.account
            and weighed_sums.metronome_customer_id = keyed.metronome_customer_id
    left join rated_day_sums
        on
            weighed_sums.account = rated_day_sums.account
            and weighed_sums.metronome_customer_id
            = rated_day_sums.metronome_customer_id
            and weighed_sums.product_id = rated_day_sums.product_id
            and weighed_sums.asked_group_key = rated_day_sums.asked_group_key
            and weighed_sums.group_values = rated_day_sums.group_values
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
            else max(weighed.greatest_value)
        end as expected_value,
        cast(
            coalesce(
                case
                    when products.is_additive then sum(weighed.rated_value)
                    else max(weighed.greatest_rated_value)
                end,
                0
            ) as decimal(38, 12)
        ) as actual_value
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
    customers.customer_number,
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
