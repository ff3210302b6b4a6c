select
    metronome_id as id,
    [stripe_id] as ingest_aliases,
    '{}' as custom_fields,
    '2025-01-01T00:00:00Z' as created_at
from customers
order by number
