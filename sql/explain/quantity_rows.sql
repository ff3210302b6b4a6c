-- One row per row of line_item_quantities in a breaching period, with the usage of both sides between its bounds.
-- The variance is a chain: Metronome's invoice, Metronome's usage, Stripe's usage, Stripe's invoice; each link has its causes.
-- Usage is known by UTC day, so that a day at a bound inside it counts in either period: it stands apart.
-- Several prices of one meter bill the same usage several times, on both sides: all usage here is counted that often.
-- times_billed: how many prices (of Metronome: products, where Stripe has no invoice) bill the meter at once
-- stripe_usage: Stripe's usage of the whole days between the bounds
-- metronome_usage: Metronome's usage of the same days
-- stripe_edge_usage: Stripe's usage of the days that only a part of lies between the bounds
-- metronome_edge_usage: Metronome's usage of those days
-- late_usage: what Stripe's meter holds beyond Stripe's invoice; negative where it holds less; 0 where the edges, or days that
-- Stripe was not asked about, leave it open
-- are_bounds_equal: both sides have the period, from and to the same instants
with

breaching_periods as (
    select distinct
        breaching.account,
        breaching.customer_key,
        breaching.period_start,
        breaching.period_end
    from intermediate.int_check_rows__breaching as breaching
    where breaching.check_name in ('invoice_totals', 'line_item_quantities')
),

quantities as (
    select
        judged.*,
        periods.stripe_start is null as is_missing_in_stripe,
        periods.metronome_start is null as is_missing_in_metronome,
        periods.is_shifted,
        coalesce(
            periods.stripe_start = periods.metronome_start
            and periods.stripe_end = periods.metronome_end,
            false
        ) as are_bounds_equal
    from intermediate.int_check_rows__judged as judged
    inner join breaching_periods
        on
            judged.account = breaching_periods.account
            and judged.customer_key = breaching_periods.customer_key
            and judged.period_start = breaching_periods.period_start
            and judged.period_end = breaching_periods.period_end
    inner join intermediate.int_billing_periods__scoped as periods
        on
            judged.account = periods.account
            and judged.customer_key = periods.customer_key
            and judged.period_start = periods.period_start
            and judged.period_end = periods.period_end
            and periods.check_name = 'line_item_quantities'
    where judged.check_name = 'line_item_quantities'
),

usage_windows as (
    select
        usage_rows.*,
        coalesce(
            usage_rows.period_start, cast(usage_rows.usage_date as timestamp)
        ) as starts_at,
        coalesce(
            usage_rows.period_end,
            cast(usage_rows.usage_date as timestamp) + interval 1 day
        ) as ends_at
    from explain.usage_rows as usage_rows
),

-- A meter that does not add up over days was asked for the whole days of the period, as one value.
measured as (
    select
        quantities.account,
        quantities.customer_key,
        quantities.meter,
        quantities.period_start,
        quantities.period_end,
        count(windows.starts_at) as windows_seen,
        sum(windows.expected_usage) filter (
            where
            windows.starts_at >= quantities.period_start
            and windows.ends_at <= quantities.period_end
        ) as stripe_usage,
        sum(windows.actual_usage) filter (
            where
            windows.starts_at >= quantities.period_start
            and windows.ends_at <= quantities.period_end
        ) as metronome_usage,
        sum(windows.expected_usage) filter (
            where
            windows.starts_at < quantities.period_start
            or windows.ends_at > quantities.period_end
        ) as stripe_edge_usage,
        sum(windows.actual_usage) filter (
            where
            windows.starts_at < quantities.period_start
            or windows.ends_at > quantities.period_end
        ) as metronome_edge_usage
    from quantities
    left join usage_windows as windows
        on
            quantities.account = windows.account
            and quantities.customer_key = windows.customer_key
            and quantities.meter = windows.meter
            and quantities.period_start < windows.ends_at
            and quantities.period_end > windows.starts_at
    group by
        quantities.account,
        quantities.customer_key,
        quantities.meter,
        quantities.period_start,
        quantities.period_end
),

-- Prices that follow each other within a period bill once, prices side by side bill several times.
price_spans as (
    select
        quantities.account,
        quantities.customer_key,
        quantities.meter,
        quantities.period_start,
        lines.stripe_price_id as billed_by,
        min(lines.period_start_at) as starts_at,
        max(lines.period_end_at) as ends_at
    from quantities
    inner join intermediate.int_stripe_lines__periodised as lines
        on
            quantities.account = lines.account
            and quantities.customer_key = lines.stripe_customer_id
            and quantities.meter = lines.meter
            and quantities.period_start = lines.period_start
            and quantities.period_end = lines.period_end
    where lines.is_metered and not lines.is_proration
    group by
        quantities.account,
        quantities.customer_key,
        quantities.meter,
        quantities.period_start,
        lines.stripe_price_id
    union all
    select
        quantities.account,
        quantities.customer_key,
        quantities.meter,
        quantities.period_start,
        lines.product_id as billed_by,
        min(lines.period_start_at) as starts_at,
        max(lines.period_end_at) as ends_at
    from quantities
    inner join intermediate.int_metronome_lines__periodised as lines
        on
            quantities.account = lines.account
            and quantities.customer_key = lines.customer_key
            and quantities.meter = lines.meter
            and quantities.period_start = lines.period_start
            and quantities.period_end = lines.period_end
    where lines.in_quantity and quantities.is_missing_in_stripe
    group by
        quantities.account,
        quantities.customer_key,
        quantities.meter,
        quantities.period_start,
        lines.product_id
),

side_by_side as (
    select
        spans.account,
        spans.customer_key,
        spans.meter,
        spans.period_start,
        spans.billed_by,
        count(*) as times_billed
    from price_spans as spans
    inner join price_spans as others
        on
            spans.account = others.account
            and spans.customer_key = others.customer_key
            and spans.meter = others.meter
            and spans.period_start = others.period_start
            and spans.starts_at < others.ends_at
            and spans.ends_at > others.starts_at
    group by
        spans.account,
        spans.customer_key,
        spans.meter,
        spans.period_start,
        spans.billed_by
),

times as (
    select
        side_by_side.account,
        side_by_side.customer_key,
        side_by_side.meter,
        side_by_side.period_start,
        max(side_by_side.times_billed) as times_billed
    from side_by_side
    group by
        side_by_side.account,
        side_by_side.customer_key,
        side_by_side.meter,
        side_by_side.period_start
),

complete as (
    select
        quantities.*,
        coalesce(times.times_billed, 1) as times_billed,
        meter_map.is_additive,
        measured.windows_seen,
        coalesce(times.times_billed, 1) * coalesce(measured.stripe_usage, 0)
            as stripe_usage,
        coalesce(times.times_billed, 1) * coalesce(measured.metronome_usage, 0)
            as metronome_usage,
        coalesce(times.times_billed, 1) * coalesce(measured.stripe_edge_usage, 0)
            as stripe_edge_usage,
        coalesce(times.times_billed, 1) * coalesce(measured.metronome_edge_usage, 0)
            as metronome_edge_usage
    from quantities
    inner join measured
        on
            quantities.account = measured.account
            and quantities.customer_key = measured.customer_key
            and quantities.meter = measured.meter
            and quantities.period_start = measured.period_start
            and quantities.period_end = measured.period_end
    left join times
        on
            quantities.account = times.account
            and quantities.customer_key = times.customer_key
            and quantities.meter = times.meter
            and quantities.period_start = times.period_start
    left join control.meter_map as meter_map
        on
            quantities.account = meter_map.account
            and quantities.meter = meter_map.meter
)

select
    complete.*,
    cast(
        case
            when
                complete.expected_value is null
                or complete.stripe_usage = 0
                or not complete.is_additive
                or (
                    put_off.account is not null
                    and coalesce(put_off.known_until < complete.period_end, true)
                )
                then 0
            when complete.stripe_usage > complete.expected_value
                then complete.stripe_usage - complete.expected_value
            else
                least(
                    complete.stripe_usage
                    + complete.stripe_edge_usage
                    - complete.expected_value,
                    0
                )
        end as decimal(38, 12)
    ) as late_usage
from complete
left join intermediate.int_usage__put_off as put_off
    on
        complete.account = put_off.account
        and complete.customer_key = put_off.stripe_customer_id
