-- One row per customer, meter that does not add up over days, and whole UTC days inside a billing period.
-- Both sides were asked for the same days as one window (traps T9, T10, T11 of the vendors).
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

-- A part of a metric cannot be asked for a whole period; such a meter stands in exclusions.
meter_map as (
    select * from control.meter_map
    where not is_additive and pricing_group_values = '{}'
),

stripe_windows as (
    select
        summaries.account,
        summaries.stripe_customer_id as customer_key,
        meters.meter,
        summaries.start_at as period_start,
        summaries.end_at as period_end,
        max(summaries.usage_value) as expected_value
    from staging.stg_stripe__event_summaries as summaries
    inner join staging.stg_stripe__meters as meters
        on
            summaries.account = meters.account
            and summaries.meter_id = meters.meter_id
    inner join meter_map
        on meters.account = meter_map.account and meters.meter = meter_map.meter
    where summaries.value_grouping_window = 'none'
    group by
        summaries.account,
        summaries.stripe_customer_id,
        meters.meter,
        summaries.start_at,
        summaries.end_at
),

-- The windows that both sides were asked about, whether or not either saw usage in them. Where Stripe was
-- never asked about a customer's meter, Metronome's usage in its own periods stands alone.
asked_windows as (
    select
        asked.account,
        asked.stripe_customer_id as customer_key,
        asked.meter,
        asked.start_at,
        asked.end_at
    from intermediate.int_summary_windows__asked as asked
    union
    select distinct
        periods.account,
        periods.customer_key,
        meter_map.meter,
        date_trunc('day', periods.period_start + interval 86399 second) as start_at,
        date_trunc('day', least(periods.period_end, run.as_of)) as end_at
    from intermediate.int_billing_periods__paired as periods
    inner join meter_map on periods.account = meter_map.account
    cross join run
    where
        not exists (
            select 1 as is_asked
            from intermediate.int_summary_windows__asked as asked
            where
                asked.account = periods.account
                and asked.stripe_customer_id = periods.customer_key
                and asked.meter = meter_map.meter
        )
),

metronome_windows as (
    select
        usage_rows.account,
        keyed.customer_key,
        meter_map.meter,
        usage_rows.start_at as period_start,
        usage_rows.end_at as period_end,
        cast(sum(usage_rows.usage_value) as decimal(38, 12)) as actual_value
    from staging.stg_metronome__usage as usage_rows
    inner join meter_map
        on
            usage_rows.account = meter_map.account
            and usage_rows.billable_metric_id = meter_map.billable_metric_id
    inner join keyed
        on
            usage_rows.account = keyed.account
            and usage_rows.metronome_customer_id = keyed.metronome_customer_id
    inner join asked_windows
        on
            keyed.account = asked_windows.account
            and keyed.customer_key = asked_windows.customer_key
            and meter_map.meter = asked_windows.meter
            and usage_rows.start_at = asked_windows.start_at
            and usage_rows.end_at = asked_windows.end_at
    where usage_rows.window_size = 'none'
    group by
        usage_rows.account,
        keyed.customer_key,
        meter_map.meter,
        usage_rows.start_at,
        usage_rows.end_at
),

sides as (
    select
        coalesce(stripe_windows.account, metronome_windows.account) as account,
        coalesce(stripe_windows.customer_key, metronome_windows.customer_key)
            as customer_key,
        coalesce(stripe_windows.meter, metronome_windows.meter) as meter,
        coalesce(stripe_windows.period_start, metronome_windows.period_start)
            as period_start,
        coalesce(stripe_windows.period_end, metronome_windows.period_end)
            as period_end,
        stripe_windows.expected_value,
        metronome_windows.actual_value
    from stripe_windows
    full outer join metronome_windows
        on
            stripe_windows.account = metronome_windows.account
            and stripe_windows.customer_key = metronome_windows.customer_key
            and stripe_windows.meter = metronome_windows.meter
            and stripe_windows.period_start = metronome_windows.period_start
            and stripe_windows.period_end = metronome_windows.period_end
)

select
    customers.customer_number,
    sides.meter,
    sides.period_start,
    sides.period_end,
    sides.expected_value,
    sides.actual_value
from sides
inner join customers
    on
        sides.account = customers.account
        and sides.customer_key = customers.customer_key
left join intermediate.int_meters__started as metric_starts
    on
        sides.account = metric_starts.account
        and sides.meter = metric_starts.meter
cross join run
where
    sides.period_start >= run.parallel_run_start
    and coalesce(cast(sides.period_start as date) >= metric_starts.starts_on, true)
    and not (
        (sides.expected_value is null or sides.expected_value = 0)
        and (sides.actual_value is null or sides.actual_value = 0)
    )
