select
    meter_id as id,
    meter as event_name,
    meter as display_name,
    'active' as status,
    {'formula': 'sum'} as default_aggregation,
    1735689600 as created
from meters
order by meter_id
