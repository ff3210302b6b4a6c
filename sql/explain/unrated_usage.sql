-- One row per product and group value without a rate of a customer, and UTC day with usage of it that has no rate.
-- The rate must stand on a contract of the customer that is in force at some time of the day, as in group_key_coverage.
-- usage_value: Metronome's usage of the value on that day, raw units
with

breaches as (
    select
        rated.account,
        rated.customer_key,
        rated.product,
        rated.pricing_group_values,
        rated.product_id,
        products.billable_metric_id,
        products.pricing_group_key,
        coalesce(array_length(products.pricing_group_key), 0) as pricing_keys
    from intermediate.int_group_usage__rated as rated
    inner join explain.breaching_customers as breaching
        on
            rated.account = breaching.account
            and rated.customer_key = breaching.customer_key
    inner join staging.stg_metronome__products as products
        on
            rated.account = products.account
            and rated.product_id = products.product_id
    where
        not rated.is_passed_over and rated.expected_value <> rated.actual_value
),

keyed as (
    select * from intermediate.int_metronome_customers__keyed
),

run as (
    select * from control.run
),

plain_usage as (
    select
        breaches.account,
        breaches.customer_key,
        keyed.metronome_customer_id,
        breaches.product_id,
        breaches.product,
        breaches.pricing_group_values,
        cast(usage_values.start_at as date) as usage_date,
        usage_values.usage_value
    from breaches
    inner join keyed
        on
            breaches.account = keyed.account
            and breaches.customer_key = keyed.customer_key
    inner join staging.stg_metronome__usage as usage_values
        on
            keyed.account = usage_values.account
            and keyed.metronome_customer_id = usage_values.metronome_customer_id
            and breaches.billable_metric_id = usage_values.billable_metric_id
    where breaches.pricing_keys = 0 and usage_values.window_size = 'day'
),

-- The usage by group has all keys that were asked; a value has it when each of its own keys agrees.
matched_keys as (
    select
        breaches.account,
        breaches.customer_key,
        keyed.metronome_customer_id,
        breaches.product_id,
        breaches.product,
        breaches.pricing_group_values,
        breaches.pricing_keys,
        usage_groups.asked_group_key,
        usage_groups.group_values,
        usage_groups.start_at,
        usage_groups.usage_value,
        unnest(breaches.pricing_group_key) as pricing_key
    from breaches
    inner join keyed
        on
            breaches.account = keyed.account
            and breaches.customer_key = keyed.customer_key
    inner join staging.stg_metronome__usage_groups as usage_groups
        on
            keyed.account = usage_groups.account
            and keyed.metronome_customer_id = usage_groups.metronome_customer_id
            and breaches.billable_metric_id = usage_groups.billable_metric_id
    where breaches.pricing_keys > 0
),

grouped as (
    select
        matched_keys.account,
        matched_keys.customer_key,
        matched_keys.metronome_customer_id,
        matched_keys.product_id,
        matched_keys.product,
        matched_keys.pricing_group_values,
        matched_keys.asked_group_key,
        matched_keys.group_values,
        matched_keys.start_at,
        matched_keys.usage_value,
        lpad(cast(length(matched_keys.asked_group_key) as varchar), 6, '0')
        || matched_keys.asked_group_key as key_rank
    from matched_keys
    where
        strpos(matched_keys.asked_group_key, '"' || matched_keys.pricing_key || '"') > 0
        and coalesce(
            cast(
                json_extract(
                    matched_keys.group_values,
                    '$."' || matched_keys.pricing_key || '"'
                ) as varchar
            ),
            'null'
        ) = cast(
            json_extract(
                matched_keys.pricing_group_values,
                '$."' || matched_keys.pricing_key || '"'
            ) as varchar
        )
    group by
        matched_keys.account,
        matched_keys.customer_key,
        matched_keys.metronome_customer_id,
        matched_keys.product_id,
        matched_keys.product,
        matched_keys.pricing_group_values,
        matched_keys.pricing_keys,
        matched_keys.asked_group_key,
        matched_keys.group_values,
        matched_keys.start_at,
        matched_keys.usage_value
    having count(*) = matched_keys.pricing_keys
),

ranked as (
    select
        grouped.*,
        min(grouped.key_rank) over (
            partition by grouped.account, grouped.product_id
        ) as first_key_rank
    from grouped
),

all_usage as (
    select * from plain_usage
    union all
    select
        ranked.account,
        ranked.customer_key,
        ranked.metronome_customer_id,
        ranked.product_id,
        ranked.product,
        ranked.pricing_group_values,
        cast(ranked.start_at as date) as usage_date,
        ranked.usage_value
    from ranked
    where ranked.key_rank = ranked.first_key_rank
),

in_force as (
    select
        rates.account,
        rates.metronome_customer_id,
        rates.product_id,
        rates.pricing_group_values,
        greatest(rates.starts_at, contracts.starts_at) as starts_at,
        least(
            coalesce(rates.ends_at, timestamp '9999-12-31 00:00:00'),
            coalesce(contracts.ends_at, timestamp '9999-12-31 00:00:00')
        ) as ends_at
    from staging.stg_metronome__contract_rates as rates
    inner join staging.stg_metronome__contracts as contracts
        on
            rates.account = contracts.account
            and rates.contract_id = contracts.contract_id
            and not contracts.is_archived
    inner join keyed
        on
            rates.account = keyed.account
            and rates.metronome_customer_id = keyed.metronome_customer_id
    inner join explain.breaching_customers as breaching
        on
            keyed.account = breaching.account
            and keyed.customer_key = breaching.customer_key
),

unrated_days as (
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
            from in_force
            where
                in_force.account = all_usage.account
                and in_force.metronome_customer_id = all_usage.metronome_customer_id
                and in_force.product_id = all_usage.product_id
                and in_force.pricing_group_values = all_usage.pricing_group_values
                and in_force.starts_at
                < cast(all_usage.usage_date as timestamp) + interval 1 day
                and in_force.ends_at > cast(all_usage.usage_date as timestamp)
        )
    group by
        all_usage.account,
        all_usage.customer_key,
        all_usage.product_id,
        all_usage.product,
        all_usage.pricing_group_values,
        all_usage.usage_date
)

select * from unrated_days
