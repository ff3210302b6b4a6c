-- One row per customer whose billing interval is too long to have a settled period in the parallel run.
-- Annual and quarterly intervals; a customer who has a settled period all the same is not one of them.
with

long_items as (
    select
        subscriptions.account,
        subscriptions.stripe_customer_id as customer_key,
        bool_and(
            items.recurring_interval = 'year'
            or (items.recurring_interval = 'month' and items.interval_count > 1)
        ) as is_every_interval_long
    from staging.stg_stripe__subscription_items as items
    inner join staging.stg_stripe__subscriptions as subscriptions
        on
            items.account = subscriptions.account
            and items.subscription_id = subscriptions.subscription_id
    where items.is_metered
    group by subscriptions.account, subscriptions.stripe_customer_id
),

settled as (
    select distinct
        judged.account,
        judged.customer_key
    from intermediate.int_money__judged as judged
    where judged.check_name = 'invoice_totals' and judged.status <> 'pending'
)

select
    long_items.account,
    long_items.customer_key
from long_items
left join settled
    on
        long_items.account = settled.account
        and long_items.customer_key = settled.customer_key
where long_items.is_every_interval_long and settled.account is null
