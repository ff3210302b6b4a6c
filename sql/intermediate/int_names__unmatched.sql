-- One row per name that has no partner on the other side, and per name that could be meant.
-- near_misses.py compares the two and writes control.near_misses. Only names without a partner are here, and of
-- the rated group values those of products that have an unrated one, so that a clean run compares nothing.
-- kind: customer, meter, product or group_value
-- side: wanted (has no partner) or offered (could be meant)
-- belongs_to: only names that belong to the same thing are compared: the product of a group value, empty for the others
-- key: id of the thing that bears the name; several names may stand for one thing
-- name: the name itself
-- named_by: which of the thing's names it is
with

accounts as (
    select * from control.accounts
),

customer_map as (
    select * from control.customer_map
),

meter_map as (
    select * from control.meter_map
),

products as (
    select * from staging.stg_metronome__products
),

linked_products as (
    select * from intermediate.int_products__linked
),

-- A Metronome customer of no account could belong to each account of its environment.
unlinked_customers as (
    select distinct
        accounts.account,
        accounts.environment,
        customer_map.metronome_customer_id
    from customer_map
    inner join accounts
        on customer_map.account in (accounts.account, accounts.unlinked_account)
    inner join staging.stg_metronome__customers as customers
        on
            accounts.environment = customers.environment
            and customer_map.metronome_customer_id = customers.metronome_customer_id
    where customer_map.status = 'unlinked' and not customers.is_archived
),

customer_names as (
    select
        unlinked_customers.account,
        'offered' as side,
        unlinked_customers.metronome_customer_id as key,
        aliases.ingest_alias as name,
        'ingest alias' as named_by
    from unlinked_customers
    inner join staging.stg_metronome__ingest_aliases as aliases
        on
            unlinked_customers.environment = aliases.environment
            and unlinked_customers.metronome_customer_id = aliases.metronome_customer_id
    union
    select
        unlinked_customers.account,
        'offered' as side,
        unlinked_customers.metronome_customer_id as key,
        customers.custom_field_stripe_customer_id as name,
        'custom field stripe_customer_id' as named_by
    from unlinked_customers
    inner join staging.stg_metronome__customers as customers
        on
            unlinked_customers.environment = customers.environment
            and unlinked_customers.metronome_customer_id
            = customers.metronome_customer_id
    union
    select
        unlinked_customers.account,
        'offered' as side,
        unlinked_customers.metronome_customer_id as key,
        configurations.stripe_customer_id as name,
        'billing provider configuration' as named_by
    from unlinked_customers
    inner join staging.stg_metronome__billing_configurations as configurations
        on
            unlinked_customers.environment = configurations.environment
            and unlinked_customers.metronome_customer_id
            = configurations.metronome_customer_id
    union
    select
        customer_map.account,
        'wanted' as side,
        customer_map.stripe_customer_id as key,
        customer_map.stripe_customer_id as name,
        'Stripe customer id' as named_by
    from customer_map
    where customer_map.status = 'unmapped'
),

unlinked_metrics as (
    select
        metrics.account,
        metrics.billable_metric_id,
        metrics.name
    from staging.stg_metronome__billable_metrics as metrics
    left join meter_map
        on
            metrics.account = meter_map.account
            and metrics.billable_metric_id = meter_map.billable_metric_id
    where meter_map.account is null and not metrics.is_archived
),

meter_names as (
    select
        unlinked_metrics.account,
        'offered' as side,
        unlinked_metrics.billable_metric_id as key,
        unlinked_metrics.name,
        'name of the billable metric' as named_by
    from unlinked_metrics
    union
    select
        unlinked_metrics.account,
        'offered' as side,
        unlinked_metrics.billable_metric_id as key,
        event_types.event_type as name,
        'event type of the billable metric' as named_by
    from unlinked_metrics
    inner join staging.stg_metronome__metric_event_types as event_types
        on
            unlinked_metrics.account = event_types.account
            and unlinked_metrics.billable_metric_id = event_types.billable_metric_id
    union
    select
        meter_map.account,
        'wanted' as side,
        meter_map.meter as key,
        meter_map.meter as name,
        'event name of the Stripe meter' as named_by
    from meter_map
    where meter_map.status = 'unmapped'
),

sold_meters as (
    select
        prices.account,
        prices.product_id as stripe_product_id,
        count(*) filter (where linked_products.account is not null) as linked_prices
    from staging.stg_stripe__prices as prices
    inner join staging.stg_stripe__meters as meters
        on prices.account = meters.account and prices.meter_id = meters.meter_id
    left join linked_products
        on
            meters.account = linked_products.account
            and meters.meter = linked_products.meter
    group by prices.account, prices.product_id
),

product_names as (
    select
        products.account,
        'offered' as side,
        products.product_id as key,
        products.product as name,
        'name of the Metronome product' as named_by
    from products
    left join linked_products
        on
            products.account = linked_products.account
            and products.product_id = linked_products.product_id
    where
        linked_products.account is null
        and products.product_type = 'USAGE'
        and not products.is_archived
    union
    select
        stripe_products.account,
        'wanted' as side,
        stripe_products.stripe_product_id as key,
        stripe_products.stripe_product as name,
        'name of the Stripe product' as named_by
    from staging.stg_stripe__products as stripe_products
    inner join sold_meters
        on
            stripe_products.account = sold_meters.account
            and stripe_products.stripe_product_id = sold_meters.stripe_product_id
    where sold_meters.linked_prices = 0
),

unrated as (
    select distinct
        rated.account,
        rated.product_id,
        rated.product,
        rated.pricing_group_values
    from intermediate.int_group_usage__rated as rated
    where
        rated.expected_value <> rated.actual_value
        and rated.pricing_group_values <> '{}'
        and not rated.is_passed_over
),

unrated_products as (
    select distinct
        unrated.account,
        unrated.product_id,
        unrated.product
    from unrated
),

group_values as (
    select
        unrated.account,
        'wanted' as side,
        unrated.product as belongs_to,
        unrated.pricing_group_values as name,
        'pricing group value in usage' as named_by
    from unrated
    union
    select
        unrated_products.account,
        'offered' as side,
        unrated_products.product as belongs_to,
        rates.pricing_group_values as name,
        'pricing group value with a rate' as named_by
    from unrated_products
    inner join staging.stg_metronome__contract_rates as rates
        on
            unrated_products.account = rates.account
            and unrated_products.product_id = rates.product_id
)

select
    customer_names.account,
    'customer' as kind,
    customer_names.side,
    '' as belongs_to,
    customer_names.key,
    customer_names.name,
    customer_names.named_by
from customer_names
where customer_names.name is not null
union all
select
    meter_names.account,
    'meter' as kind,
    meter_names.side,
    '' as belongs_to,
    meter_names.key,
    meter_names.name,
    meter_names.named_by
from meter_names
union all
select
    product_names.account,
    'product' as kind,
    product_names.side,
    '' as belongs_to,
    product_names.key,
    product_names.name,
    product_names.named_by
from product_names
union all
select
    group_values.account,
    'group_value' as kind,
    group_values.side,
    group_values.belongs_to,
    group_values.name as key,
    group_values.name,
    group_values.named_by
from group_values
