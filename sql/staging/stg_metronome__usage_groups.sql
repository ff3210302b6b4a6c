-- One row per customer, billable metric, day and combination of group values with usage.
-- A metric may have been asked by several key sets; asked_group_key (JSON list text) tells them apart.
select
    coalesce(moved.account, usage_groups.account) as account,
    usage_groups.customer_id as metronome_customer_id,
    usage_groups.billable_metric_id,
    usage_groups.group_key as asked_group_key,
    coalesce(usage_groups.group, '{}') as group_values,
    cast(usage_groups.value as decimal(38, 12)) as usage_value,
    usage_groups.starting_on as start_at,
    usage_groups.ending_before as end_at
from raw_metronome.usage_groups as usage_groups
left join intermediate.int_metronome_customers__moved as moved
    on
        usage_groups.account = moved.environment
        and usage_groups.customer_id = moved.metronome_customer_id
where usage_groups.value is not null
