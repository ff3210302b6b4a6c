-- One row per customer, meter and billing period with the metered quantity of both invoices, in raw units.
-- Lines of all tiers add up (trap T3); flat fees carry quantity 0, packages carry raw usage (T4).
-- rounds_up_by: by how much the product's rounding may raise Metronome's quantity, which is no lean
-- rounds_down_by: by how much it may lower it
-- scatter_unit: how far the row may be off in either direction by rounding to the nearest and at its edges, at least 1
-- allowance: one rounding step for each Metronome line, and the usage of the hours at bounds that the two sides set differently
-- Where nobody asked Stripe yet about such an hour, since it was not the customer's turn, what differs is pending.
with

thresholds as (
    select * from control.thresholds
    where check_name = 'line_item_quantities'
),

periods as (
    select * from intermediate.int_billing_periods__scoped
    where check_name = 'line_item_quantities'
),

stripe_quantities as (
    select
        periods.customer_number,
        periods.period_start,
        periods.period_end,
        lines.meter,
        cast(
            coalesce(
                sum(lines.quantity) filter (where not lines.is_proration), 0
            ) as decimal(38, 12)
        ) as expected_value
    from periods
    inner join intermediate.int_stripe_lines__periodised as lines
        on
            periods.account = lines.account
            and periods.customer_key = lines.stripe_customer_id
            and periods.stripe_start = lines.period_start
            and periods.stripe_end = lines.period_end
    where lines.is_metered and lines.meter is not null
    group by
        periods.customer_number,
        periods.period_start,
        periods.period_end,
        lines.meter
),

metronome_quantities as (
    select
        periods.customer_number,
        periods.period_start,
        periods.period_end,
        lines.meter,
        cast(sum(lines.raw_quantity) as decimal(38, 12)) as actual_value,
        cast(sum(lines.raw_rounding_step) as decimal(38, 12)) as rounding_allowance,
        sum(lines.raw_rounding_step) filter (
            where lines.rounding_method = 'ROUND_UP'
        ) as rounds_up_by,
        sum(lines.raw_rounding_step) filter (
            where lines.rounding_method = 'ROUND_DOWN'
        ) as rounds_down_by,
        sum(lines.raw_rounding_step) filter (
            where lines.rounding_method not in ('ROUND_UP', 'ROUND_DOWN')
        ) as rounds_to_nearest_by
    from periods
    inner join intermediate.int_metronome_lines__periodised as lines
        on
            periods.account = lines.account
            and periods.customer_key = lines.customer_key
            and periods.metronome_start = lines.period_start
            and periods.metronome_end = lines.period_end
    where lines.in_quantity
    group by
        periods.customer_number,
        periods.period_start,
        periods.period_end,
        lines.meter
),

sides as (
    select
        coalesce(
            stripe_quantities.customer_number, metronome_quantities.customer_number
        ) as customer_number,
        coalesce(stripe_quantities.period_start, metronome_quantities.period_start)
            as period_start,
        coalesce(stripe_quantities.period_end, metronome_quantities.period_end)
            as period_end,
        coalesce(stripe_quantities.meter, metronome_quantities.meter) as meter,
        stripe_quantities.expected_value,
        metronome_quantities.actual_value,
        coalesce(metronome_quantities.rounding_allowance, 0) as rounding_allowance,
        cast(coalesce(metronome_quantities.rounds_up_by, 0) as decimal(38, 12))
            as rounds_up_by,
        cast(coalesce(metronome_quantities.rounds_down_by, 0) as decimal(38, 12))
            as rounds_down_by,
        cast(
            coalesce(metronome_quantities.rounds_to_nearest_by, 0) as decimal(38, 12)
        ) as rounds_to_nearest_by
    from stripe_quantities
    full outer join metronome_quantities
        on
            stripe_quantities.customer_number = metronome_quantities.customer_number
            and stripe_quantities.period_start = metronome_quantities.period_start
            and stripe_quantities.period_end = metronome_quantities.period_end
            and stripe_quantities.meter = metronome_quantities.meter
),

-- Metronome's bounds sit on hours, Stripe's on seconds (trap T11): only where they differ by less
-- than an hour does the usage of that hour stand on either side of the edge.
edges as (
    select
        periods.account,
        periods.customer_key,
        periods.customer_number,
        periods.period_start,
        periods.period_end,
        periods.stripe_start as edge_at
    from periods
    where
        periods.stripe_start <> periods.metronome_start
        and periods.stripe_start between periods.metronome_start - interval 1 hour
        and periods.metronome_start + interval 1 hour
    union all
    select
        periods.account,
        periods.customer_key,
        periods.customer_number,
        periods.period_start,
        periods.period_end,
        periods.stripe_end as edge_at
    from periods
    where
        periods.stripe_end <> periods.metronome_end
        and periods.stripe_end between periods.metronome_end - interval 1 hour
        and periods.metronome_end + interval 1 hour
),

unasked_edges as (
    select distinct
        edges.customer_number,
        edges.period_start,
        edges.period_end
    from edges
    cross join thresholds
    inner join intermediate.int_usage__put_off as put_off
        on
            edges.account = put_off.account
            and edges.customer_key = put_off.stripe_customer_id
    where
        not coalesce(
            edges.edge_at + thresholds.settling_hours * interval 1 hour
            <= put_off.known_until,
            false
        )
),

-- An hour that two periods share may have been asked for twice.
edge_hours as (
    select distinct
        summaries.account,
        summaries.stripe_customer_id,
        summaries.meter_id,
        summaries.start_at,
        summaries.end_at,
        summaries.usage_value
    from staging.stg_stripe__event_summaries as summaries
    where summaries.value_grouping_window = 'hour'
),

edge_usage as (
    select
        edges.customer_number,
        edges.period_start,
        edges.period_end,
        meters.meter,
        cast(sum(abs(summaries.usage_value)) as decimal(38, 12)) as edge_allowance
    from edges
    inner join edge_hours as summaries
        on
            edges.account = summaries.account
            and edges.customer_key = summaries.stripe_customer_id
            and edges.edge_at >= summaries.start_at
            and edges.edge_at < summaries.end_at
    inner join staging.stg_stripe__meters as meters
        on
            summaries.account = meters.account
            and summaries.meter_id = meters.meter_id
    group by
        edges.customer_number,
        edges.period_start,
        edges.period_end,
        meters.meter
)

select
    'line_item_quantities' as check_name,
    sides.customer_number,
    cast(null as varchar) as currency,
    sides.meter,
    cast(null as varchar) as product,
    cast(null as varchar) as pricing_group_values,
    sides.period_start,
    sides.period_end,
    cast(null as date) as usage_date,
    sides.meter as unit,
    sides.expected_value,
    sides.actual_value,
    sides.rounding_allowance + coalesce(edge_usage.edge_allowance, 0) as allowance,
    sides.rounds_up_by,
    sides.rounds_down_by,
    greatest(
        cast(1 as decimal(38, 12)),
        sides.rounds_to_nearest_by + coalesce(edge_usage.edge_allowance, 0)
    ) as scatter_unit,
    periods.is_settled
    and (
        unasked_edges.customer_number is null
        or abs(coalesce(sides.actual_value, 0) - coalesce(sides.expected_value, 0))
        <= sides.rounding_allowance
    ) as is_settled,
    periods.is_shifted as is_forced_breach,
    true as is_from_floats
from sides
inner join periods
    on
        sides.customer_number = periods.customer_number
        and sides.period_start = periods.period_start
        and sides.period_end = periods.period_end
left join edge_usage
    on
        sides.customer_number = edge_usage.customer_number
        and sides.period_start = edge_usage.period_start
        and sides.period_end = edge_usage.period_end
        and sides.meter = edge_usage.meter
left join unasked_edges
    on
        sides.customer_number = unasked_edges.customer_number
        and sides.period_start = unasked_edges.period_start
        and sides.period_end = unasked_edges.period_end
left join intermediate.int_meters__started as metric_starts
    on
        periods.account = metric_starts.account
        and sides.meter = metric_starts.meter
where
    coalesce(cast(sides.period_start as date) >= metric_starts.starts_on, true)
    -- A product without usage stands on an invoice with quantity 0; alone that says nothing.
    and not (sides.expected_value is null and sides.actual_value = 0)
    and not (sides.actual_value is null and sides.expected_value = 0)
