-- One row per Stripe customer, meter that does not add up over days, and whole UTC days that Stripe was asked about.
-- The same rule decides what is asked (parity_pipeline/sources/stripe_questions.py): the periods of the customer's
-- metered lines, the current ones of its subscription items, and the gaps between them. Billing periods are
-- contiguous, so a gap is one whose invoice is not there: not made yet, or deleted.
with

run as (
    select * from control.run
),

meters as (
    select * from staging.stg_stripe__meters
    where not is_additive
),

known as (
    select
        lines.account,
        invoices.stripe_customer_id,
        meters.meter,
        lines.period_start_at as start_at,
        lines.period_end_at as end_at
    from staging.stg_stripe__invoice_lines as lines
    inner join staging.stg_stripe__invoices as invoices
        on
            lines.account = invoices.account
            and lines.invoice_id = invoices.invoice_id
    inner join staging.stg_stripe__prices as prices
        on
            lines.account = prices.account
            and lines.stripe_price_id = prices.stripe_price_id
    inner join meters
        on prices.account = meters.account and prices.meter_id = meters.meter_id
    where lines.subscription_item_id is not null
    union
    select
        items.account,
        subscriptions.stripe_customer_id,
        meters.meter,
        items.current_period_start_at as start_at,
        items.current_period_end_at as end_at
    from staging.stg_stripe__subscription_items as items
    inner join staging.stg_stripe__subscriptions as subscriptions
        on
            items.account = subscriptions.account
            and items.subscription_id = subscriptions.subscription_id
    inner join meters
        on items.account = meters.account and items.meter_id = meters.meter_id
    where
        items.current_period_start_at is not null
        and items.current_period_end_at is not null
),

gaps as (
    select
        known.account,
        known.stripe_customer_id,
        known.meter,
        known.end_at as start_at,
        min(later.start_at) as end_at
    from known
    inner join known as later
        on
            known.account = later.account
            and known.stripe_customer_id = later.stripe_customer_id
            and known.meter = later.meter
            and known.end_at < later.start_at
    where
        not exists (
            select 1 as is_covered
            from known as others
            where
                others.account = known.account
                and others.stripe_customer_id = known.stripe_customer_id
                and others.meter = known.meter
                and others.start_at <= known.end_at
                and others.end_at > known.end_at
        )
    group by known.account, known.stripe_customer_id, known.meter, known.end_at
),

periods as (
    select * from known
    union
    select * from gaps
),

windows as (
    select distinct
        periods.account,
        periods.stripe_customer_id,
        periods.meter,
        date_trunc('day', periods.start_at + interval 86399 second) as start_at,
        date_trunc('day', least(periods.end_at, run.as_of)) as end_at
    from periods
    cross join run
    where periods.start_at >= run.parallel_run_start
)

select * from windows
where start_at < end_at
