select
    metric_id as id,
    meter as name,
    'SUM' as aggregation_type,
    'value' as aggregation_key,
    {'in_values': [meter]} as event_type_filter,
    case when is_grouped then [['region']] else [] end as group_keys
from meters
order by metric_id
