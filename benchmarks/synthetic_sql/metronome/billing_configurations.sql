select
    metronome_id as customer_id,
    format('000000f0-0000-4000-8000-{:012x}', number) as id,
    'stripe' as billing_provider,
    {'stripe_customer_id': stripe_id} as configuration
from customers
order by number
