-- One row per ingest alias of a Metronome customer.
select
    customers.account as environment,
    customers.id as metronome_customer_id,
    unnest(customers.ingest_aliases) as ingest_alias
from raw_metronome.customers as customers
