-- One row per item of a Stripe subscription.
-- The current period lives on the item since API version 2025-03-31 (trap T1).
with

items as (
    select
        subscriptions.account,
        subscriptions.id as subscription_id,
        unnest(subscriptions.items.data) as item
    from raw_stripe.subscriptions as subscriptions
)

select
    items.account,
    items.item.id as subscription_item_id,
    items.subscription_id,
    items.item.price.id as stripe_price_id,
    items.item.price.recurring.meter as meter_id,
    items.item.price.recurring.interval as recurring_interval,
    coalesce(items.item.price.recurring.interval_count, 1) as interval_count,
    coalesce(
        items.item.price.recurring.usage_type = 'metered'
        or items.item.price.recurring.meter is not null,
        false
    ) as is_metered,
    make_timestamp(items.item.current_period_start * 1000000)
        as current_period_start_at,
    make_timestamp(items.item.current_period_end * 1000000) as current_period_end_at
from items
