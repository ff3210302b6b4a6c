-- One row per Stripe subscription in any status.
select
    subscriptions.account,
    subscriptions.id as subscription_id,
    coalesce(subscriptions.customer, subscriptions.customer_account)
        as stripe_customer_id,
    subscriptions.status,
    make_timestamp(subscriptions.start_date * 1000000) as started_at,
    make_timestamp(subscriptions.ended_at * 1000000) as ended_at,
    make_timestamp(subscriptions.trial_end * 1000000) as trial_ends_at
from raw_stripe.subscriptions as subscriptions
