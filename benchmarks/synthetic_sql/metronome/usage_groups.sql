select
    metronome_id as customer_id,
    metric_id as billable_metric_id,
    'day' as window_size,
    '["region"]' as group_key,
    strftime(day, '%Y-%m-%dT00:00:00Z') as starting_on,
    strftime(day + 1, '%Y-%m-%dT00:00:00Z') as ending_before,
    '{"region":"' || region || '"}' as "group",
    metronome_quantity::varchar as value
from daily
inner join customers on daily.number = customers.number
inner join meters on daily.meter_number = meters.number
where is_grouped
