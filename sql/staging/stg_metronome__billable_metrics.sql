-- One row per billable metric, archived or not.
select
    metrics.account,
    metrics.id as billable_metric_id,
    metrics.name,
    upper(metrics.aggregation_type) as aggregation_type,
    metrics.archived_at is not null as is_archived
from raw_metronome.billable_metrics as metrics
