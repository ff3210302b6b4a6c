select
    stripe_id as customer_id,
    'day' as value_grouping_window,
    'mtrusg_' || daily.number || '_' || meter_number || '_' || cast(epoch(day) as bigint) as id,
    meter_id as meter,
    cast(epoch(day) as bigint) as start_time,
    start_time + 86400 as end_time,
    quantity || '.0' as aggregated_value
from daily
inner join customers on daily.number = customers.number
inner join meters on daily.meter_number = meters.number
