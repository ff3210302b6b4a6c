-- One row per account and billable metric of its environment, archived or not.
-- is_narrowed: whether a property filter lets only some values through, so that the metric counts a part of its events
with

metrics as (
    select
        environments.account,
        listed.id,
        listed.name,
        listed.aggregation_type,
        listed.property_filters,
        listed.archived_at
    from raw_metronome.billable_metrics as listed
    inner join staging.stg_settings__environments as environments
        on listed.account = environments.environment
),

filters as (
    select
        metrics.account,
        metrics.id as billable_metric_id,
        unnest(metrics.property_filters) as property_filter
    from metrics
),

narrowed as (
    select distinct
        filters.account,
        filters.billable_metric_id
    from filters
    where
        coalesce(array_length(filters.property_filter.in_values), 0) > 0
        or coalesce(array_length(filters.property_filter.not_in_values), 0) > 0
)

select
    metrics.account,
    metrics.id as billable_metric_id,
    metrics.name,
    upper(metrics.aggregation_type) as aggregation_type,
    narrowed.account is not null as is_narrowed,
    metrics.archived_at is not null as is_archived
from metrics
left join narrowed
    on
        metrics.account = narrowed.account
        and metrics.id = narrowed.billable_metric_id
