-- One row per Metronome customer, archived or not.
-- The account it belongs to is decided in int_metronome_customers__assigned.
select
    customers.account as environment,
    customers.id as metronome_customer_id,
    json_extract_string(customers.custom_fields, '$.stripe_customer_id')
        as custom_field_stripe_customer_id,
    customers.archived_at is not null as is_archived,
    customers.created_at,
    customers.archived_at
from raw_metronome.customers as customers
