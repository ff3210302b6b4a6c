-- One row per Metronome customer, archived or not.
select
    customers.account,
    customers.id as metronome_customer_id,
    json_extract_string(customers.custom_fields, '$.stripe_customer_id')
        as custom_field_stripe_customer_id,
    customers.archived_at is not null as is_archived,
    customers.created_at,
    customers.archived_at
from raw_metronome.customers as customers
