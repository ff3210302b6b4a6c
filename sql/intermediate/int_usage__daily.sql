-- One row per customer, meter and UTC day with usage on either side, for meters that add up over days.
-- The customer is named by its number in int_customers__classified. A side that reported nothing is NULL.
-- Rows lie by customer and day, so that the published ones do: whoever asks about one customer reads a part of the file. Days before the parallel run, or before a metric's own start, are left out.
with

run as (
    select * from control.run
),

customers as (
    select * from intermediate.int_customers__classified
    where not is_already_on_metronome
),

keyed as (
    select
        customers.account,
        all_keyed.metronome_customer_id,
        customers.customer_number
    from intermediate.int_metronome_customers__keyed as all_keyed
    inner join customers
        on
            all_keyed.account = customers.account
            and all_keyed.customer_key = customers.customer_key
),

meter_map as (
    select * from control.meter_map
    where is_additive
),

metric_starts as (
    select * from intermediate.int_meters__started
),

stripe_rows as (
    select
        customers.customer_number,
        meters.meter,
        cast(summaries.start_at as date) as usage_date,
        summaries.usage_value as expected_value,
        cast(null as decimal(38, 12)) as actual_value
    from staging.stg_stripe__event_summaries as summaries
    inner join staging.stg_stripe__meters as meters
        on
            summaries.account = meters.account
            and summaries.meter_id = meters.meter_id
    inner join customers
        on
            summaries.account = customers.account
            and summaries.stripe_customer_id = customers.customer_key
    where summaries.value_grouping_window = 'day' and meters.is_additive
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

parts_and_wholes as (
    select * from whole_metrics
    union all
    select * from parts_of_metrics
),

metronome_rows as (
    select
        keyed.customer_number,
        parts_and_wholes.meter,
        parts_and_wholes.usage_date,
        cast(null as decimal(38, 12)) as expected_value,
        parts_and_wholes.usage_value as actual_value
    from parts_and_wholes
    inner join keyed
        on
            parts_and_wholes.account = keyed.account
            and parts_and_wholes.metronome_customer_id = keyed.metronome_customer_id
),

all_rows as (
    select * from stripe_rows
    union all
    select * from metronome_rows
),

-- One sum over both sides in place of two and a join: a side without a row has nothing to add up, and stays NULL.
sides as (
    select
        all_rows.customer_number,
        all_rows.meter,
        all_rows.usage_date,
        cast(sum(all_rows.expected_value) as decimal(38, 12)) as expected_value,
        cast(sum(all_rows.actual_value) as decimal(38, 12)) as actual_value
    from all_rows
    cross join run
    where
        all_rows.usage_date >= cast(run.parallel_run_start as date)
        and all_rows.usage_date < cast(run.as_of as date)
    group by
        all_rows.customer_number,
        all_rows.meter,
        all_rows.usage_date
)

select
    sides.customer_number,
    sides.meter,
    sides.usage_date,
    sides.expected_value,
    sides.actual_value
from sides
inner join customers
    on sides.customer_number = customers.customer_number
left join metric_starts
    on
        customers.account = metric_starts.account
        and sides.meter = metric_starts.meter
where
    (metric_starts.starts_on is null or sides.usage_date >= metric_starts.starts_on)
    -- Windows in which neither side saw anything are no evidence of anything.
    and not (
        (sides.expected_value is null or sides.expected_value = 0)
        and (sides.actual_value is null or sides.actual_value = 0)
    )
order by sides.customer_number, sides.usage_date
