select
    metronome_id as customer_id,
    contract_id,
    strftime(world.start, '%Y-%m-%dT%H:%M:%SZ') as asked_at,
    product_id,
    true as entitled,
    rate as list_rate,
    '2025-01-01T00:00:00Z' as starting_at,
    pricing_group_values
from customers
cross join world
cross join rates
order by customers.number, product_id, pricing_group_values
