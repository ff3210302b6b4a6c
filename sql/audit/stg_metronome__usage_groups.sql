-- One row: counts of what must not be in staging.stg_metronome__usage_groups.
-- unreconciled_count: settled days on which a customer's usage by group values does not add up to the usage of the day, within the variance ratio of group_key_coverage, as when groups are missing
with

usage_groups as (
    select * from staging.stg_metronome__usage_groups
),

usage_days as (
    select usage_rows.*
    from staging.stg_metronome__usage as usage_rows
    inner join staging.stg_metronome__billable_metrics as metrics
        on
            usage_rows.account = metrics.account
            and usage_rows.billable_metric_id = metrics.billable_metric_id
    where
        usage_rows.window_size = 'day'
        and usage_rows.usage_value <> 0
        and metrics.aggregation_type in ('SUM', 'COUNT')
),

thresholds as (
    select
        run.as_of,
        thresholds.variance_ratio,
        thresholds.settling_hours
    from control.thresholds as thresholds
    cross join control.run as run
    where thresholds.check_name = 'group_key_coverage'
),

-- Which metrics were asked for by which keys; every customer that used one was asked.
asked_sets as (
    select distinct
        usage_groups.account,
        usage_groups.billable_metric_id,
        usage_groups.asked_group_key
    from usage_groups
),

group_sums as (
    select
        usage_groups.account,
        usage_groups.metronome_customer_id,
        usage_groups.billable_metric_id,
        usage_groups.asked_group_key,
        usage_groups.start_at,
        sum(usage_groups.usage_value) as usage_value
    from usage_groups
    group by
        usage_groups.account,
        usage_groups.metronome_customer_id,
        usage_groups.billable_metric_id,
        usage_groups.asked_group_key,
        usage_groups.start_at
),

reconciled as (
    select
        abs(usage_days.usage_value - coalesce(group_sums.usage_value, 0))
        <= thresholds.variance_ratio * abs(usage_days.usage_value) as is_reconciled
    from usage_days
    cross join thresholds
    inner join asked_sets
        on
            usage_days.account = asked_sets.account
            and usage_days.billable_metric_id = asked_sets.billable_metric_id
    left join group_sums
        on
            usage_days.account = group_sums.account
            and usage_days.metronome_customer_id = group_sums.metronome_customer_id
            and usage_days.billable_metric_id = group_sums.billable_metric_id
            and usage_days.start_at = group_sums.start_at
            and asked_sets.asked_group_key = group_sums.asked_group_key
    where
        usage_days.end_at + thresholds.settling_hours * interval 1 hour
        <= thresholds.as_of
)

select count(*) filter (where not reconciled.is_reconciled) as unreconciled_count
from reconciled
