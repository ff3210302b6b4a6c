-- One row per meter whose metric began to see events on a day that the settings name.
-- A billable metric sees no events older than itself.
select
    meter_map.account,
    meter_map.meter,
    max(starts.starts_on) as starts_on
from control.meter_map as meter_map
inner join control.metric_starts as starts
    on meter_map.billable_metric_id = starts.billable_metric_id
group by meter_map.account, meter_map.meter
