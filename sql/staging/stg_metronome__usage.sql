-- One row per customer, billable metric and asked window in which usage was seen.
select
    coalesce(moved.account, usage_rows.account) as account,
    usage_rows.customer_id as metronome_customer_id,
    usage_rows.billable_metric_id,
    usage_rows.window_size,
    cast(usage_rows.value as decimal(38, 12)) as usage_value,
    usage_rows.start_timestamp as start_at,
    usage_rows.end_timestamp as end_at
from raw_metronome.usage as usage_rows
left join intermediate.int_metronome_customers__moved as moved
    on
        usage_rows.account = moved.environment
        and usage_rows.customer_id = moved.metronome_customer_id
where usage_rows.value is not null
