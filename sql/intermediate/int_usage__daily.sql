-- One row per customer, meter and UTC day with usage on either side, for meters that add up over days.
-- A side that reported nothing is NULL. Days before the parallel run, or before a metric's own start, are left out.
with

run as (
    select * from control.run
),

customers as (
    select * from intermediate.int_customers__classified
    where not is_already_on_metronome
),

keyed as (
    select * from intermediate.int_metronome_customers__keyed
),

meter_map as (
    select * from control.meter_map
    where is_additive
),

metric_starts as (
    select * from intermediate.int_meters__started
),

stripe_usage as (
    select
        summaries.account,
        summaries.stripe_customer_id as customer_key,
        meters.meter,
        cast(summaries.start_at as date) as usage_date,
        cast(sum(summaries.usage_value) as decimal(38, 12)) as expected_value
    from staging.stg_stripe__event_summaries as summaries
    inner join staging.stg_stripe__meters as meters
        on
            summaries.account = meters.account
            and summaries.meter_id = meters.meter_id
    where summaries.value_grouping_window = 'day' and meters.is_additive
    group by
        summaries.account,
        summaries.stripe_customer_id,
        meters.meter,
        cast(summaries.start_at as date)
),

whole_metrics as (
    select
        usage_rows.account,
        usage_rows.metronome_customer_id,
        meter_map.meter,
        cast(usage_rows.start_at as date) as usage_date,
        usage_rows.usage_value
    from staging.stg_metronome__usage as usage_rows
    inner join meter_map
        on
            usage_rows.account = meter_map.account
            and usage_rows.billable_metric_id = meter_map.billable_metric_id
            and meter_map.pricing_group_values = '{}'
    where usage_rows.window_size = 'day'
),

-- A metric that was asked by several key sets is read from the smallest that has the meter's values.
asked_parts as (
    select
        usage_groups.*,
        meter_map.meter,
        lpad(cast(length(usage_groups.asked_group_key) as varchar), 6, '0')
        || usage_groups.asked_group_key as key_rank,
        min(
            lpad(cast(length(usage_groups.asked_group_key) as varchar), 6, '0')
            || usage_groups.asked_group_key
        ) over (
            partition by
                usage_groups.account, usage_groups.billable_metric_id, meter_map.meter
        ) as first_key_rank
    from staging.stg_metronome__usage_groups as usage_groups
    inner join meter_map
        on
            usage_groups.account = meter_map.account
            and usage_groups.billable_metric_id = meter_map.billable_metric_id
            and meter_map.pricing_group_values <> '{}'
            and strpos(
                usage_groups.group_values,
                substr(
                    meter_map.pricing_group_values,
                    2,
                    length(meter_map.pricing_group_values) - 2
                )
            ) > 0
),

parts_of_metrics as (
    select
        asked_parts.account,
        asked_parts.metronome_customer_id,
        asked_parts.meter,
        cast(asked_parts.start_at as date) as usage_date,
        asked_parts.usage_value
    from asked_parts
    where asked_parts.key_rank = asked_parts.first_key_rank
),

metronome_rows as (
    select * from whole_metrics
    union all
    select * from parts_of_metrics
),

metronome_usage as (
    select
        metronome_rows.account,
        keyed.customer_key,
        metronome_rows.meter,
        metronome_rows.usage_date,
        cast(sum(metronome_rows.usage_value) as decimal(38, 12)) as actual_value
    from metronome_rows
    inner join keyed
        on
            metronome_rows.account = keyed.account
            and metronome_rows.metronome_customer_id = keyed.metronome_customer_id
    group by
        metronome_rows.account,
        keyed.customer_key,
        metronome_rows.meter,
        metronome_rows.usage_date
),

sides as (
    select
        coalesce(stripe_usage.account, metronome_usage.account) as account,
        coalesce(stripe_usage.customer_key, metronome_usage.customer_key)
            as customer_key,
        coalesce(stripe_usage.meter, metronome_usage.meter) as meter,
        coalesce(stripe_usage.usage_date, metronome_usage.usage_date) as usage_date,
        stripe_usage.expected_value,
        metronome_usage.actual_value
    from stripe_usage
    full outer join metronome_usage
        on
            stripe_usage.account = metronome_usage.account
            and stripe_usage.customer_key = metronome_usage.customer_key
            and stripe_usage.meter = metronome_usage.meter
            and stripe_usage.usage_date = metronome_usage.usage_date
)

select
    sides.account,
    sides.customer_key,
    customers.stripe_customer_id,
    customers.metronome_customer_id,
    sides.meter,
    sides.usage_date,
    sides.expected_value,
    sides.actual_value
from sides
inner join customers
    on
        sides.account = customers.account
        and sides.customer_key = customers.customer_key
left join metric_starts
    on
        sides.account = metric_starts.account
        and sides.meter = metric_starts.meter
cross join run
where
    sides.usage_date >= cast(run.parallel_run_start as date)
    and sides.usage_date < cast(run.as_of as date)
    and (metric_starts.starts_on is null or sides.usage_date >= metric_starts.starts_on)
    -- Windows in which neither side saw anything are no evidence of anything.
    and not (
        (sides.expected_value is null or sides.expected_value = 0)
        and (sides.actual_value is null or sides.actual_value = 0)
    )
