-- One row per Stripe customer that is listed; of its metadata only the keys that name cohorts are there.
select
    customers.account,
    customers.id as stripe_customer_id,
    make_timestamp(customers.created * 1000000) as created_at,
    customers.metadata
from raw_stripe.customers as customers
