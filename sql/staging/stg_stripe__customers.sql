-- One row per Stripe customer that is listed.
select
    customers.account,
    customers.id as stripe_customer_id,
    make_timestamp(customers.created * 1000000) as created_at
from raw_stripe.customers as customers
