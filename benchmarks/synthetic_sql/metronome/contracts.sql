select
    contract_id as id,
    metronome_id as customer_id,
    '2025-01-01T00:00:00Z' as starting_at,
    'rate_card' as rate_card_id,
    {'frequency': 'MONTHLY', 'billing_anchor_date': '2025-01-01T00:00:00Z'} as usage_statement_schedule
from customers
order by number
