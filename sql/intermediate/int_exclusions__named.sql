-- One row per reason and account of customers, products, metrics, meters and events that were left out of the comparison.
-- reason: why they were left out, with the name where it matters
-- count: how many
with

-- The catalogue counts once an account, not again for Metronome customers of no account.
accounts as (
    select * from control.accounts
),

passed_over_products as (
    select
        'product_without_linked_price: ' || unlinked.product as reason,
        unlinked.account
    from intermediate.int_products__unlinked as unlinked
    inner join accounts on unlinked.account = accounts.account
),

long_intervals as (
    select
        'billing_interval_longer_than_parallel_run' as reason,
        without_cycle.account
    from intermediate.int_customers__without_cycle as without_cycle
),

unmapped_metrics as (
    select
        'billable_metric_without_meter' as reason,
        metrics.account
    from staging.stg_metronome__billable_metrics as metrics
    inner join accounts on metrics.account = accounts.account
    left join control.meter_map as meter_map
        on
            metrics.account = meter_map.account
            and metrics.billable_metric_id = meter_map.billable_metric_id
    where meter_map.account is null and not metrics.is_archived
),

parts_of_periods as (
    select
        'ingestion_of_meter_by_group_that_does_not_add_up: ' || meter_map.meter
            as reason,
        meter_map.account
    from control.meter_map as meter_map
    inner join accounts on meter_map.account = accounts.account
    where not meter_map.is_additive and meter_map.pricing_group_values <> '{}'
),

unmatched_meters as (
    select
        case
            when meter_map.status = 'ambiguous'
                then 'meter_that_several_metrics_fit: '
            else 'meter_without_metric: '
        end || meter_map.meter as reason,
        meter_map.account
    from control.meter_map as meter_map
    inner join accounts on meter_map.account = accounts.account
    where meter_map.billable_metric_id is null
),

unrated_products as (
    select distinct
        'product_not_rated_for_customer_beside_one_that_is: ' || rated.product
            as reason,
        rated.account,
        rated.customer_key
    from intermediate.int_group_usage__rated as rated
    where rated.is_passed_over
),

unknown_links as (
    select
        'customers_csv_names_unknown_customer' as reason,
        customer_map.account
    from control.customer_map as customer_map
    where customer_map.status = 'unknown_id'
),

archived_customers as (
    select
        'linked_metronome_customer_is_archived' as reason,
        customer_map.account
    from control.customer_map as customer_map
    inner join intermediate.int_metronome_customers__assigned as assigned
        on
            customer_map.account = assigned.account
            and customer_map.metronome_customer_id = assigned.metronome_customer_id
    inner join staging.stg_metronome__customers as metronome_customers
        on
            assigned.environment = metronome_customers.environment
            and customer_map.metronome_customer_id
            = metronome_customers.metronome_customer_id
    where customer_map.status = 'linked' and metronome_customers.is_archived
),

things as (
    select * from passed_over_products
    union all
    select * from long_intervals
    union all
    select * from unmapped_metrics
    union all
    select * from parts_of_periods
    union all
    select * from unmatched_meters
    union all
    select
        unrated_products.reason,
        unrated_products.account
    from unrated_products
    union all
    select * from unknown_links
    union all
    select * from archived_customers
)

select
    things.reason,
    things.account,
    count(*) as count
from things
group by things.reason, things.account
union all
select
    'event_dropped_by_stripe: ' || reports.error_code as reason,
    reports.account,
    cast(sum(reports.error_count) as bigint) as count
from staging.stg_stripe__meter_errors as reports
group by reports.error_code, reports.account
