-- One row per event type that a billable metric's filter names.
select
    metrics.account,
    metrics.id as billable_metric_id,
    unnest(metrics.event_type_filter.in_values) as event_type
from raw_metronome.billable_metrics as metrics
