-- One row per customer and kind of evidence that other checks' rows lean on: the first cause in an order of precedence.
-- evidence_meter and evidence_period_start are NULL where the evidence concerns the customer as a whole.
with

breaches as (
    select * from intermediate.int_check_rows__judged
    where status = 'breach'
),

customers as (
    select * from intermediate.int_customers__classified
),

keyed as (
    select * from intermediate.int_metronome_customers__keyed
),

contract_spans as (
    select
        keyed.account,
        keyed.customer_key,
        count(*) as contracts,
        min(contracts.starts_at) as first_start_at,
        bool_or(contracts.ends_at is null) as has_open_end,
        max(contracts.ends_at) as last_end_at
    from staging.stg_metronome__contracts as contracts
    inner join keyed
        on
            contracts.account = keyed.account
            and contracts.metronome_customer_id = keyed.metronome_customer_id
    where not contracts.is_archived and contracts.rate_card_id is not null
    group by keyed.account, keyed.customer_key
),

usage_spans as (
    select
        usage_daily.account,
        usage_daily.customer_key,
        min(usage_daily.usage_date) as first_usage_date
    from intermediate.int_usage__daily as usage_daily
    group by usage_daily.account, usage_daily.customer_key
),

coverage as (
    select
        breaches.account,
        breaches.customer_key,
        case
            when contract_spans.account is null then 'contract_missing'
            when breaches.actual_value > 1 then 'contract_overlap'
            when
                contract_spans.first_start_at
                >= cast(usage_spans.first_usage_date as timestamp) + interval 1 day
                then 'contract_late'
            when not contract_spans.has_open_end then 'contract_ended'
            else 'contract_missing'
        end as cause
    from breaches
    left join contract_spans
        on
            breaches.account = contract_spans.account
            and breaches.customer_key = contract_spans.customer_key
    left join usage_spans
        on
            breaches.account = usage_spans.account
            and breaches.customer_key = usage_spans.customer_key
    where
        breaches.check_name = 'contract_coverage'
        and breaches.metronome_customer_id is not null
),

unmapped as (
    select
        customers.account,
        customers.customer_key,
        'customer_unmapped' as cause
    from customers
    where not customers.is_linked
),

rated_products as (
    select distinct
        rates.account,
        keyed.customer_key,
        rates.product_id
    from staging.stg_metronome__contract_rates as rates
    inner join keyed
        on
            rates.account = keyed.account
            and rates.metronome_customer_id = keyed.metronome_customer_id
),

-- A rated value that differs only in case or outer spaces.
unrated as (
    select
        breaches.account,
        breaches.customer_key,
        linked.meter,
        case
            when min(rates.pricing_group_values) is not null then 'group_value_case'
            when min(rated_products.product_id) is null then 'product_not_entitled'
            else 'group_value_unrated'
        end as cause
    from breaches
    inner join staging.stg_metronome__products as products
        on
            breaches.account = products.account
            and breaches.product = products.product
    left join intermediate.int_products__linked as linked
        on
            products.account = linked.account
            and products.product_id = linked.product_id
    left join rated_products
        on
            products.account = rated_products.account
            and breaches.customer_key = rated_products.customer_key
            and products.product_id = rated_products.product_id
    left join staging.stg_metronome__contract_rates as rates
        on
            products.account = rates.account
            and products.product_id = rates.product_id
            and breaches.pricing_group_values <> rates.pricing_group_values
            and lower(replace(breaches.pricing_group_values, ' ', ''))
            = lower(replace(rates.pricing_group_values, ' ', ''))
    where breaches.check_name = 'group_key_coverage'
    group by
        breaches.account,
        breaches.customer_key,
        linked.meter,
        breaches.pricing_group_values
),

aggregations as (
    select
        meter_map.account,
        meter_map.meter,
        bool_or(
            not (
                (meter_map.formula = 'sum' and metrics.aggregation_type = 'SUM')
                or (meter_map.formula = 'count' and metrics.aggregation_type = 'COUNT')
                or (meter_map.formula = 'last' and metrics.aggregation_type = 'LATEST')
                or (meter_map.formula = 'max' and metrics.aggregation_type = 'MAX')
            )
        ) as is_mismatched
    from control.meter_map as meter_map
    inner join staging.stg_metronome__billable_metrics as metrics
        on
            meter_map.account = metrics.account
            and meter_map.billable_metric_id = metrics.billable_metric_id
    where metrics.aggregation_type is not null
    group by meter_map.account, meter_map.meter
),

-- Days on which every meter of the customer stands still in Metronome.
silent_days as (
    select
        usage_daily.account,
        usage_daily.customer_key,
        usage_daily.usage_date,
        count(*) as meters,
        count(*) filter (
            where usage_daily.actual_value is null or usage_daily.actual_value = 0
        ) as silent_meters
    from intermediate.int_usage__daily as usage_daily
    where usage_daily.expected_value <> 0
    group by
        usage_daily.account, usage_daily.customer_key, usage_daily.usage_date
),

gap_customers as (
    select
        silent_days.account,
        silent_days.usage_date,
        count(*) as customers,
        count(*) filter (
            where silent_days.silent_meters = silent_days.meters
        ) as silent_customers
    from silent_days
    group by silent_days.account, silent_days.usage_date
),

gap_days as (
    select
        gap_customers.account,
        gap_customers.usage_date
    from gap_customers
    where
        gap_customers.silent_customers > 1
        and gap_customers.silent_customers + gap_customers.silent_customers
        > gap_customers.customers
),

-- Days on which all of several meters of one customer, or most customers, stand still.
gaps as (
    select
        silent_days.account,
        silent_days.customer_key,
        silent_days.usage_date
    from silent_days
    left join gap_days
        on
            silent_days.account = gap_days.account
            and silent_days.usage_date = gap_days.usage_date
    where
        silent_days.silent_meters = silent_days.meters
        and (silent_days.meters > 1 or gap_days.account is not null)
),

usage_breaches as (
    select
        breaches.account,
        breaches.customer_key,
        breaches.meter,
        case
            when bool_or(aggregations.is_mismatched) then 'aggregation_mismatch'
            when
                count(*) filter (where gaps.account is null) = 0
                then 'ingestion_gap'
            when sum(breaches.variance) < 0 then 'events_missing'
            else 'events_extra'
        end as cause
    from breaches
    left join aggregations
        on
            breaches.account = aggregations.account
            and breaches.meter = aggregations.meter
    left join gaps
        on
            breaches.account = gaps.account
            and breaches.customer_key = gaps.customer_key
            and breaches.usage_date = gaps.usage_date
    where breaches.check_name = 'event_ingestion'
    group by breaches.account, breaches.customer_key, breaches.meter
),

-- Metronome has a contract and usage, but no invoice for a settled period.
missing_invoices as (
    select
        periods.account,
        periods.customer_key,
        periods.period_start,
        'invoice_missing' as cause
    from intermediate.int_billing_periods__scoped as periods
    where
        periods.check_name = 'invoice_totals'
        and (periods.stripe_start is null or periods.metronome_start is null)
),

all_causes as (
    select
        unmapped.account,
        unmapped.customer_key,
        cast(null as varchar) as evidence_meter,
        cast(null as timestamp) as evidence_period_start,
        unmapped.cause,
        1 as precedence
    from unmapped
    union all
    select
        coverage.account,
        coverage.customer_key,
        cast(null as varchar) as evidence_meter,
        cast(null as timestamp) as evidence_period_start,
        coverage.cause,
        2 as precedence
    from coverage
    union all
    select
        missing_invoices.account,
        missing_invoices.customer_key,
        cast(null as varchar) as evidence_meter,
        missing_invoices.period_start as evidence_period_start,
        missing_invoices.cause,
        3 as precedence
    from missing_invoices
    union all
    select
        usage_breaches.account,
        usage_breaches.customer_key,
        usage_breaches.meter as evidence_meter,
        cast(null as timestamp) as evidence_period_start,
        usage_breaches.cause,
        4 as precedence
    from usage_breaches
    union all
    select
        unrated.account,
        unrated.customer_key,
        unrated.meter as evidence_meter,
        cast(null as timestamp) as evidence_period_start,
        unrated.cause,
        5 as precedence
    from unrated
)

select * from all_causes
