-- One row per customer with what decides whether and how it is compared.
-- customer_number: the customer in a work file, where millions of rows name it: a number takes much less work than two texts
-- is_already_on_metronome: billed by Metronome with no metered Stripe item in the window, or in a live cohort; left out of every check
-- has_active_subscription: owns an active, trialing or past due subscription with a metered item (any item with scope all)
-- has_held_subscription: the same for unpaid and paused ones, whose coverage is pending
with

run as (
    select * from control.run
),

customers as (
    select * from intermediate.int_customers__keyed
),

item_flags as (
    select
        items.account,
        items.subscription_id,
        bool_or(items.is_metered) as has_metered_item
    from staging.stg_stripe__subscription_items as items
    group by items.account, items.subscription_id
),

subscriptions as (
    select
        subscriptions.*,
        coalesce(item_flags.has_metered_item, false) as has_metered_item,
        coalesce(
            item_flags.has_metered_item
            or (run.scope = 'all' and item_flags.account is not null),
            false
        ) as has_item_in_scope,
        subscriptions.started_at < run.as_of
        and coalesce(subscriptions.ended_at > run.parallel_run_start, true)
        and subscriptions.status not in ('incomplete', 'incomplete_expired')
            as is_in_window,
        subscriptions.started_at <= run.parallel_run_start
        and coalesce(subscriptions.ended_at > run.parallel_run_start, true)
        and subscriptions.status not in ('incomplete', 'incomplete_expired')
            as existed_at_start
    from staging.stg_stripe__subscriptions as subscriptions
    cross join run
    left join item_flags
        on
            subscriptions.account = item_flags.account
            and subscriptions.subscription_id = item_flags.subscription_id
),

subscription_flags as (
    select
        subscriptions.account,
        subscriptions.stripe_customer_id,
        bool_or(subscriptions.has_metered_item and subscriptions.is_in_window)
            as has_metered_item_in_window,
        bool_or(subscriptions.has_metered_item and subscriptions.existed_at_start)
            as existed_at_start,
        bool_or(
            subscriptions.has_item_in_scope
            and subscriptions.status in ('active', 'trialing', 'past_due')
            and subscriptions.started_at < run.as_of
        ) as has_active_subscription,
        bool_or(
            subscriptions.has_item_in_scope
            and subscriptions.status in ('unpaid', 'paused')
        ) as has_held_subscription
    from subscriptions
    cross join run
    group by subscriptions.account, subscriptions.stripe_customer_id
),

metered_lines as (
    select distinct
        lines.account,
        lines.stripe_customer_id
    from intermediate.int_stripe_lines__periodised as lines
    cross join run
    where
        lines.is_metered
        and lines.period_end > run.parallel_run_start
        and lines.period_start < run.as_of
),

charged as (
    select
        lines.account,
        lines.customer_key,
        bool_or(lines.amount_minor_units <> 0) as has_metronome_charges
    from intermediate.int_metronome_lines__periodised as lines
    cross join run
    where
        lines.in_net
        and lines.period_end_at > run.parallel_run_start
        and lines.period_start_at < run.as_of
    group by lines.account, lines.customer_key
),

live as (
    select distinct
        environments.account,
        cohorts.customer_id
    from control.cohorts as cohorts
    inner join staging.stg_settings__environments as environments
        on cohorts.account in ('', environments.account)
    where cohorts.stage = 'live'
    union
    select
        marked.account,
        marked.stripe_customer_id as customer_id
    from intermediate.int_cohorts__by_metadata as marked
    where marked.stage = 'live'
),

flagged as (
    select
        customers.*,
        coalesce(subscription_flags.has_metered_item_in_window, false)
        or metered_lines.account is not null as has_metered_item_in_window,
        coalesce(subscription_flags.existed_at_start, false) as existed_at_start,
        coalesce(subscription_flags.has_active_subscription, false)
            as has_active_subscription,
        coalesce(subscription_flags.has_held_subscription, false)
            as has_held_subscription,
        coalesce(charged.has_metronome_charges, false) as has_metronome_charges,
        live_stripe.customer_id is not null
        or live_metronome.customer_id is not null as is_live
    from customers
    left join subscription_flags
        on
            customers.account = subscription_flags.account
            and customers.stripe_customer_id = subscription_flags.stripe_customer_id
    left join metered_lines
        on
            customers.account = metered_lines.account
            and customers.stripe_customer_id = metered_lines.stripe_customer_id
    left join charged
        on
            customers.account = charged.account
            and customers.customer_key = charged.customer_key
    left join live as live_stripe
        on
            customers.account = live_stripe.account
            and customers.stripe_customer_id = live_stripe.customer_id
    left join live as live_metronome
        on
            customers.account = live_metronome.account
            and customers.metronome_customer_id = live_metronome.customer_id
)

select
    flagged.*,
    cast(
        row_number() over (order by flagged.account, flagged.customer_key) as integer
    ) as customer_number,
    flagged.is_live
    or (
        flagged.is_linked
        and flagged.has_metronome_charges
        and not flagged.has_metered_item_in_window
    ) as is_already_on_metronome
from flagged
