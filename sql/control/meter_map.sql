-- One row per Stripe meter name and the billable metric that is compared with it.
-- By default the metric whose event type filter names the event name exactly; when several do, those that
-- count all events before those that filter by property, and those that aggregate as the meter does; when still several, none is chosen and the meter stands without a metric.
-- meter: event name of the Stripe meter
-- billable_metric_id: the metric compared with it; NULL when there is none, or no single one
-- pricing_group_values: the part of the metric that belongs to this meter, JSON text with sorted keys; {} for all of it
-- link_source: meters_csv or event_type_filter; NULL without a metric
-- status: linked, ambiguous (several metrics fit) or unmapped
with

meters as (
    select
        stripe_meters.account,
        stripe_meters.meter,
        min(stripe_meters.formula) as formula,
        bool_and(stripe_meters.is_additive) as is_additive
    from staging.stg_stripe__meters as stripe_meters
    group by stripe_meters.account, stripe_meters.meter
),

metrics as (
    select * from staging.stg_metronome__billable_metrics
),

known_metrics as (
    select distinct metrics.billable_metric_id from metrics
),

-- A line about a metric of another environment is not for this account.
from_file as (
    select
        meters.account,
        meters.meter,
        min(links.billable_metric_id) as billable_metric_id,
        min(links.pricing_group_values) as pricing_group_values,
        count(*) as metrics_that_fit
    from meters
    inner join control.meter_links as links
        on meters.meter = links.event_name
    left join metrics
        on
            meters.account = metrics.account
            and links.billable_metric_id = metrics.billable_metric_id
    left join known_metrics
        on links.billable_metric_id = known_metrics.billable_metric_id
    where
        metrics.account is not null
        or known_metrics.billable_metric_id is null
    group by meters.account, meters.meter
),

event_types as (
    select
        named.account,
        named.billable_metric_id,
        named.event_type,
        count(*) over (
            partition by named.account, named.billable_metric_id
        ) as event_types_of_metric
    from staging.stg_metronome__metric_event_types as named
),

candidates as (
    select
        meters.account,
        meters.meter,
        metrics.billable_metric_id,
        case
            when metrics.is_archived then 4
            when metrics.is_narrowed then 3
            when
                (meters.formula = 'sum' and metrics.aggregation_type = 'SUM')
                or (meters.formula = 'count' and metrics.aggregation_type = 'COUNT')
                or (meters.formula = 'last' and metrics.aggregation_type = 'LATEST')
                or (meters.formula = 'max' and metrics.aggregation_type = 'MAX')
                then 1
            else 2
        end as preference
    from meters
    inner join event_types
        on
            meters.account = event_types.account
            and meters.meter = event_types.event_type
    inner join metrics
        on
            event_types.account = metrics.account
            and event_types.billable_metric_id = metrics.billable_metric_id
    left join from_file
        on meters.account = from_file.account and meters.meter = from_file.meter
    where event_types.event_types_of_metric = 1 and from_file.account is null
),

preferred as (
    select
        candidates.*,
        min(candidates.preference) over (
            partition by candidates.account, candidates.meter
        ) as best_preference
    from candidates
),

chosen as (
    select
        from_file.account,
        from_file.meter,
        from_file.billable_metric_id,
        from_file.pricing_group_values,
        'meters_csv' as link_source,
        from_file.metrics_that_fit
    from from_file
    union all
    select
        preferred.account,
        preferred.meter,
        min(preferred.billable_metric_id) as billable_metric_id,
        '{}' as pricing_group_values,
        'event_type_filter' as link_source,
        count(*) as metrics_that_fit
    from preferred
    where preferred.preference = preferred.best_preference
    group by preferred.account, preferred.meter
),

linked as (
    select
        chosen.account,
        chosen.meter,
        case
            when chosen.metrics_that_fit = 1 then chosen.billable_metric_id
        end as billable_metric_id,
        case
            when chosen.metrics_that_fit = 1 then chosen.pricing_group_values
        end as pricing_group_values,
        case
            when chosen.metrics_that_fit = 1 then chosen.link_source
        end as link_source,
        case
            when chosen.metrics_that_fit = 1 then 'linked' else 'ambiguous'
        end as status
    from chosen
)

select
    meters.account,
    meters.meter,
    meters.formula,
    meters.is_additive,
    linked.billable_metric_id,
    coalesce(linked.pricing_group_values, '{}') as pricing_group_values,
    linked.link_source,
    coalesce(linked.status, 'unmapped') as status
from meters
left join linked
    on meters.account = linked.account and meters.meter = linked.meter
