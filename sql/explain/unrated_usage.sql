-- One row per product and group value without a rate of a customer, and UTC day with usage of it that has no rate.
-- The rate must stand on a contract of the customer that is in force at some time of the day, as in group_key_coverage.
-- usage_value: Metronome's usage of the value on that day, raw units
with

run as (
    select * from control.run
),

breaches as (
    select
        rated.account,
        rated.customer_key,
        keyed.metronome_customer_id,
        rated.product_id,
        rated.product,
        rated.pricing_group_values,
        products.billable_metric_id
    from intermediate.int_group_usage__rated as rated
    inner join explain.breaching_customers as breaching
        on
            rated.account = breaching.account
            and rated.customer_key = breaching.customer_key
    inner join intermediate.int_metronome_customers__keyed as keyed
        on
            rated.account = keyed.account
            and rated.customer_key = keyed.customer_key
    inner join staging.stg_metronome__products as products
        on
            rated.account = products.account
            and rated.product_id = products.product_id
    where
        not rated.is_passed_over and rated.expected_value <> rated.actual_value
),

all_usage as (
    select
        breaches.*,
        cast(usage_values.start_at as date) as usage_date,
        usage_values.usage_value
    from breaches
    inner join staging.stg_metronome__usage as usage_values
        on
            breaches.account = usage_values.account
            and breaches.metronome_customer_id = usage_values.metronome_customer_id
            and breaches.billable_metric_id = usage_values.billable_metric_id
    where
        breaches.pricing_group_values = '{}' and usage_values.window_size = 'day'
    union all
    select
        breaches.*,
        cast(usage_groups.start_at as date) as usage_date,
        usage_groups.usage_value
    from breaches
    inner join intermediate.int_group_values__priced as priced
        on
            breaches.account = priced.account
            and breaches.product_id = priced.product_id
            and breaches.pricing_group_values = priced.pricing_group_values
    inner join staging.stg_metronome__usage_groups as usage_groups
        on
            breaches.account = usage_groups.account
            and breaches.metronome_customer_id = usage_groups.metronome_customer_id
            and breaches.billable_metric_id = usage_groups.billable_metric_id
            and priced.asked_group_key = usage_groups.asked_group_key
            and priced.group_values = usage_groups.group_values
)

select
    all_usage.account,
    all_usage.customer_key,
    all_usage.product_id,
    all_usage.product,
    all_usage.pricing_group_values,
    all_usage.usage_date,
    cast(sum(all_usage.usage_value) as decimal(38, 12)) as usage_value
from all_usage
cross join run
where
    all_usage.usage_value <> 0
    and all_usage.usage_date >= cast(run.parallel_run_start as date)
    and all_usage.usage_date < cast(run.as_of as date)
    and not exists (
        select 1 as is_rated
        from intermediate.int_contract_rates__bounded as rates
        where
            rates.account = all_usage.account
            and rates.metronome_customer_id = all_usage.metronome_customer_id
            and rates.product_id = all_usage.product_id
            and rates.pricing_group_values = all_usage.pricing_group_values
            and rates.starts_at
            < cast(all_usage.usage_date as timestamp) + interval 1 day
            and coalesce(
                rates.ends_at > cast(all_usage.usage_date as timestamp), true
            )
    )
group by
    all_usage.account,
    all_usage.customer_key,
    all_usage.product_id,
    all_usage.product,
    all_usage.pricing_group_values,
    all_usage.usage_date
