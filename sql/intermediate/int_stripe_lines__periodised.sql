-- One row per native Stripe line in scope, with the billing period it belongs to.
-- Lines are keyed by their own period, never by the invoice's (trap T8). All lines that one invoice
-- bills for one subscription in arrears make one period. A threshold invoice bills a part of a period:
-- it joins the cycle invoice that closes it, or the running period. Where neither is there, its period ends where
-- the subscription's next known one begins. Periods of one customer whose bounds lie within a day of each other
-- are one period.
with

scope as (
    select run.scope from control.run as run
),

lines as (
    select
        netted.*,
        -- Metered charges look back, other charges look ahead: two periods on one invoice.
        coalesce(netted.subscription_id, netted.invoice_id) as subscription_key
    from intermediate.int_stripe_lines__netted as netted
    cross join scope
    where
        netted.is_metered
        or (scope.scope = 'all' and netted.is_subscription_line)
),

-- Read from all lines, so that those above pass through once.
pieces as (
    select
        netted.account,
        netted.stripe_customer_id,
        coalesce(netted.subscription_id, netted.invoice_id) as subscription_key,
        netted.invoice_id,
        netted.is_metered,
        coalesce(netted.billing_reason = 'subscription_threshold', false)
            as is_threshold,
        min(netted.period_start_at) as start_at,
        max(netted.period_end_at) as end_at
    from intermediate.int_stripe_lines__netted as netted
    cross join scope
    where
        netted.is_metered
        or (scope.scope = 'all' and netted.is_subscription_line)
    group by
        netted.account,
        netted.stripe_customer_id,
        coalesce(netted.subscription_id, netted.invoice_id),
        netted.invoice_id,
        netted.is_metered,
        coalesce(netted.billing_reason = 'subscription_threshold', false)
),

running as (
    select
        items.account,
        items.subscription_id,
        min(items.current_period_start_at) as start_at,
        max(items.current_period_end_at) as end_at
    from staging.stg_stripe__subscription_items as items
    where items.is_metered
    group by items.account, items.subscription_id
),

whole_periods as (
    select
        pieces.account,
        pieces.subscription_key,
        pieces.start_at,
        pieces.end_at
    from pieces
    where not pieces.is_threshold
    union
    select
        running.account,
        running.subscription_id as subscription_key,
        running.start_at,
        running.end_at
    from running
    where running.start_at is not null
),

closing as (
    select
        pieces.account,
        pieces.invoice_id,
        pieces.subscription_key,
        min(
            case
                when
                    whole_periods.start_at <= pieces.end_at + interval 1 day
                    then whole_periods.end_at
                else whole_periods.start_at
            end
        ) as closes_at
    from pieces
    inner join whole_periods
        on
            pieces.account = whole_periods.account
            and pieces.subscription_key = whole_periods.subscription_key
            and pieces.end_at <= whole_periods.end_at
    where pieces.is_threshold
    group by pieces.account, pieces.invoice_id, pieces.subscription_key
),

ended_pieces as (
    select
        pieces.*,
        coalesce(closing.closes_at, pieces.end_at) as closes_at
    from pieces
    left join closing
        on
            pieces.account = closing.account
            and pieces.invoice_id = closing.invoice_id
            and pieces.subscription_key = closing.subscription_key
),

joined_pieces as (
    select
        ended_pieces.account,
        ended_pieces.stripe_customer_id,
        ended_pieces.subscription_key,
        ended_pieces.invoice_id,
        ended_pieces.is_metered,
        ended_pieces.closes_at as end_at,
        min(ended_pieces.start_at) over (
            partition by
                ended_pieces.account,
                ended_pieces.subscription_key,
                ended_pieces.is_metered,
                ended_pieces.closes_at
        ) as start_at
    from ended_pieces
),

-- The earliest period of the same customer whose bounds are both within a day stands for all of them.
clustered as (
    select
        joined_pieces.account,
        joined_pieces.stripe_customer_id,
        joined_pieces.subscription_key,
        joined_pieces.invoice_id,
        joined_pieces.is_metered,
        others.start_at as period_start,
        others.end_at as period_end,
        row_number() over (
            partition by
                joined_pieces.account,
                joined_pieces.subscription_key,
                joined_pieces.invoice_id,
                joined_pieces.is_metered
            order by others.start_at, others.end_at
        ) as preference
    from joined_pieces
    inner join joined_pieces as others
        on
            joined_pieces.account = others.account
            and joined_pieces.stripe_customer_id = others.stripe_customer_id
            and others.start_at between joined_pieces.start_at - interval 1 day
            and joined_pieces.start_at + interval 1 day
            and others.end_at between joined_pieces.end_at - interval 1 day
            and joined_pieces.end_at + interval 1 day
)

select
    lines.account,
    lines.invoice_id,
    lines.stripe_customer_id,
    lines.subscription_item_id,
    lines.stripe_price_id,
    lines.meter,
    lines.currency,
    lines.is_final,
    lines.is_metered,
    lines.is_proration,
    lines.quantity,
    lines.discount_minor_units,
    lines.credit_minor_units,
    lines.net_minor_units,
    lines.period_start_at,
    lines.period_end_at,
    clustered.period_start,
    clustered.period_end
from lines
inner join clustered
    on
        lines.account = clustered.account
        and lines.subscription_key = clustered.subscription_key
        and lines.invoice_id = clustered.invoice_id
        and lines.is_metered = clustered.is_metered
        and clustered.preference = 1
