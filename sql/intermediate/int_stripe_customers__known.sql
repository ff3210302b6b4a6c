-- One row per Stripe customer that is listed, subscribed or billed; deleted ones are not listed.
select
    customers.account,
    customers.stripe_customer_id
from staging.stg_stripe__customers as customers
union
select
    subscriptions.account,
    subscriptions.stripe_customer_id
from staging.stg_stripe__subscriptions as subscriptions
where subscriptions.stripe_customer_id is not null
union
select
    invoices.account,
    invoices.stripe_customer_id
from staging.stg_stripe__invoices as invoices
where invoices.stripe_customer_id is not null
