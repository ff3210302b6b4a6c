-- One row per account and event type that the filter of a billable metric of its environment names.
select
    environments.account,
    metrics.id as billable_metric_id,
    unnest(metrics.event_type_filter.in_values) as event_type
from raw_metronome.billable_metrics as metrics
inner join staging.stg_settings__environments as environments
    on metrics.account = environments.environment
