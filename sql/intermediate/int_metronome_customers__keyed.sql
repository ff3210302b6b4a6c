-- One row per Metronome customer, with the key under which both sides meet.
-- The key is the linked Stripe customer's id, else the Metronome customer's own.
select distinct
    customer_map.account,
    customer_map.metronome_customer_id,
    case
        when customer_map.status = 'linked' then customer_map.stripe_customer_id
        else customer_map.metronome_customer_id
    end as customer_key
from control.customer_map as customer_map
where
    customer_map.metronome_customer_id is not null
    and customer_map.status <> 'unknown_id'
