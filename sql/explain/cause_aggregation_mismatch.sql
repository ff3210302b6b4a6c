-- One row per Stripe meter whose metric aggregates otherwise, and whose values differ for it.
-- Pattern: the metric's configured aggregation is not the meter's formula, or the meter keeps one event of an hour or day;
-- and most rows of the meter differ. What looks the same: a count and a sum of ones agree, so that a few
-- differing rows of such a meter are lost events; the majority decides.
-- evidence: both aggregations and how many rows differ
with

configured as (
    select
        meter_map.account,
        meter_map.meter,
        meter_map.formula,
        metrics.aggregation_type,
        max(meters.event_time_window) as event_time_window
    from control.meter_map as meter_map
    inner join staging.stg_metronome__billable_metrics as metrics
        on
            meter_map.account = metrics.account
            and meter_map.billable_metric_id = metrics.billable_metric_id
    inner join staging.stg_stripe__meters as meters
        on meter_map.account = meters.account and meter_map.meter = meters.meter
    group by
        meter_map.account,
        meter_map.meter,
        meter_map.formula,
        metrics.aggregation_type
),

suspected as (
    select * from configured
    where
        event_time_window is not null
        or not (
            formula = 'sum' and aggregation_type = 'SUM'
            or formula = 'count' and aggregation_type = 'COUNT'
            or formula = 'last' and aggregation_type = 'LATEST'
            or formula = 'max' and aggregation_type = 'MAX'
        )
),

counted as (
    select
        suspected.account,
        suspected.meter,
        count(*) as compared_rows,
        count(*) filter (where judged.status <> 'match' and judged.variance <> 0)
            as differing_rows
    from suspected
    inner join intermediate.int_check_rows__judged as judged
        on
            suspected.account = judged.account
            and suspected.meter = judged.meter
            and judged.check_name = 'event_ingestion'
            and judged.presence = 'both'
    group by suspected.account, suspected.meter
)

select
    suspected.account,
    suspected.meter,
    'Stripe''s meter takes the ' || suspected.formula
    || case
        when suspected.event_time_window is null then ''
        else ' of one event each ' || suspected.event_time_window
    end
    || ', Metronome''s metric is ' || coalesce(suspected.aggregation_type, 'SQL')
    || '; ' || cast(counted.differing_rows as varchar)
    || ' of ' || cast(counted.compared_rows as varchar)
    || ' values of the meter differ.' as evidence
from suspected
inner join counted
    on suspected.account = counted.account and suspected.meter = counted.meter
where counted.differing_rows + counted.differing_rows > counted.compared_rows
