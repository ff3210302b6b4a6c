select
    'rate_card' as rate_card_id,
    product_id,
    true as entitled,
    rate,
    '2025-01-01T00:00:00Z' as starting_at,
    pricing_group_values
from rates
order by product_id, pricing_group_values
