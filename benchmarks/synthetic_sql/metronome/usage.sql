select
    'day' as window_size,
    metronome_id as customer_id,
    metric_id as billable_metric_id,
    strftime(day, '%Y-%m-%dT00:00:00Z') as start_timestamp,
    strftime(day + 1, '%Y-%m-%dT00:00:00Z') as end_timestamp,
    metronome_quantity::varchar as value
from daily
inner join customers on daily.number = customers.number
inner join meters on daily.meter_number = meters.number
