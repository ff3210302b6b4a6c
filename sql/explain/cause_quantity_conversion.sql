-- One row per row of explain.quantity_rows whose Metronome invoice is its own usage times a factor of units.
-- Pattern: all else agrees, and the invoice's quantity, the product's conversion undone, is Metronome's rated usage
-- multiplied or divided by a factor to six digits: the product's configured one, a power of ten from 10, or 60,
-- 3600, 1024, 1024 squared or cubed. Whole days only: a period with usage at its edges is not judged.
-- What looks the same: usage of which just a tenth has a rate; that is counted before, and leaves no ratio.
-- evidence: the two quantities, the ratio, and the product's configured factor
with

counted as (
    select
        parts.account,
        parts.customer_key,
        parts.meter,
        parts.period_start,
        sum(parts.part) as part
    from explain.quantity_parts as parts
    where
        parts.cause not in (
            'events_missing',
            'events_extra',
            'ingestion_gap',
            'period_shift',
            'aggregation_mismatch'
        )
    group by parts.account, parts.customer_key, parts.meter, parts.period_start
),

rated as (
    select
        quantities.account,
        quantities.customer_key,
        quantities.meter,
        quantities.period_start,
        quantities.actual_value,
        quantities.metronome_usage + coalesce(counted.part, 0) as rated_usage
    from explain.quantity_rows as quantities
    left join counted
        on
            quantities.account = counted.account
            and quantities.customer_key = counted.customer_key
            and quantities.meter = counted.meter
            and quantities.period_start = counted.period_start
    where
        quantities.variance <> 0
        and quantities.actual_value > 0
        and quantities.metronome_edge_usage = 0
),

configured as (
    select
        linked.account,
        linked.meter,
        max(conversions.conversion_factor) as configured_factor
    from intermediate.int_products__linked as linked
    inner join intermediate.int_product_conversions__dated as conversions
        on
            linked.account = conversions.account
            and linked.product_id = conversions.product_id
    group by linked.account, linked.meter
),

units as (
    select 10 as factor
    union all
    select 60 as factor
    union all
    select 100 as factor
    union all
    select 1000 as factor
    union all
    select 1024 as factor
    union all
    select 3600 as factor
    union all
    select 10000 as factor
    union all
    select 1000000 as factor
    union all
    select 1048576 as factor
    union all
    select 1000000000 as factor
    union all
    select 1073741824 as factor
),

factors as (
    select
        configured.account,
        configured.meter,
        cast(configured.configured_factor as decimal(18, 6)) as factor
    from configured
    where configured.configured_factor > 1
    union
    select
        meter_map.account,
        meter_map.meter,
        cast(units.factor as decimal(18, 6)) as factor
    from control.meter_map as meter_map
    cross join units
),

fitting as (
    select
        rated.account,
        rated.customer_key,
        rated.meter,
        rated.period_start,
        rated.actual_value,
        rated.rated_usage,
        min(factors.factor) as factor
    from rated
    inner join factors
        on
            rated.account = factors.account
            and rated.meter = factors.meter
            and (
                abs(rated.actual_value - rated.rated_usage * factors.factor)
                <= rated.actual_value * 0.000001
                or abs(rated.actual_value * factors.factor - rated.rated_usage)
                <= rated.rated_usage * 0.000001
            )
    where rated.rated_usage > 0
    group by
        rated.account,
        rated.customer_key,
        rated.meter,
        rated.period_start,
        rated.actual_value,
        rated.rated_usage
)

select
    fitting.account,
    fitting.customer_key,
    fitting.meter,
    fitting.period_start,
    'Metronome''s invoice holds '
    || replace(cast(fitting.actual_value as varchar), '.000000000000', '')
    || ', its own usage '
    || replace(
        cast(cast(fitting.rated_usage as decimal(38, 12)) as varchar),
        '.000000000000',
        ''
    )
    || ': a ratio of ' || replace(cast(fitting.factor as varchar), '.000000', '')
    || '; the product converts by '
    || coalesce(cast(configured.configured_factor as varchar), 'nothing')
    || '.' as evidence
from fitting
left join configured
    on
        fitting.account = configured.account
        and fitting.meter = configured.meter
