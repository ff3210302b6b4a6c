select
    product_id as id,
    'USAGE' as type,
    {
        'name': meter,
        'starting_at': '2025-01-01T00:00:00Z',
        'created_at': '2025-01-01T00:00:00Z',
        'billable_metric_id': metric_id,
        'quantity_conversion': case
            when divide_by > 1 then {'conversion_factor': divide_by::varchar, 'operation': 'DIVIDE'}
        end,
        'pricing_group_key': case when is_grouped then ['region'] end
    } as initial,
    initial as current,
    [] as updates
from meters
order by product_id
