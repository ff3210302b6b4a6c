-- One row: counts of objects that the vendors name although the listing that must hold them does not, as when a listing was cut short.
-- Only listings that no vendor object may vanish from are meant, and only those that the vendor offers.
-- stripe_customers_unlisted_count: customers of Stripe subscriptions that have not ended and that the listing of customers lacks; to delete a customer ends its subscriptions
-- stripe_subscriptions_unlisted_count: subscriptions of invoices of listed Stripe customers that the listing of subscriptions, which holds ended ones too, lacks
-- credit_grants_unlisted_count: grants of Stripe's credit transactions that the listing of credit grants lacks, and credit on lines of listed Stripe customers that have no grant
-- credit_balance_transactions_unlisted_count: credit transactions that lines of listed Stripe customers name and no listing has
-- meters_unlisted_count: meters of Stripe prices that neither the listing of active meters nor that of inactive ones has
-- billable_metrics_unlisted_count: metrics of Metronome products that the listing of metrics, which holds archived ones too, lacks
-- balances_unlisted_count: commits and credits that were drawn on invoices of Metronome customers that are not archived, and that the customer's balances lack
with

offered as (
    select
        completeness.landed_as as account,
        completeness.source || '/' || completeness.resource as listing
    from control.completeness as completeness
    where
        completeness.complete
        and coalesce(completeness.note, '') not like 'not offered%'
),

missing_customers as (
    select
        subscriptions.account,
        'stripe/customers' as listing
    from raw_stripe.subscriptions as subscriptions
    left join raw_stripe.customers as customers
        on
            subscriptions.account = customers.account
            and subscriptions.customer = customers.id
    where
        subscriptions.status not in ('canceled', 'incomplete_expired')
        and subscriptions.customer is not null
        and customers.id is null
),

missing_subscriptions as (
    select
        invoices.account,
        'stripe/subscriptions' as listing
    from raw_stripe.invoices as invoices
    inner join raw_stripe.customers as customers
        on
            invoices.account = customers.account
            and invoices.customer = customers.id
    left join raw_stripe.subscriptions as subscriptions
        on
            invoices.account = subscriptions.account
            and invoices.parent.subscription_details.subscription = subscriptions.id
    where
        invoices.parent.subscription_details.subscription is not null
        and subscriptions.id is null
),

missing_grants as (
    select
        transactions.account,
        'stripe/credit_grants' as listing
    from raw_stripe.credit_balance_transactions as transactions
    left join raw_stripe.credit_grants as grants
        on
            transactions.account = grants.account
            and transactions.credit_grant = grants.id
    where transactions.credit_grant is not null and grants.id is null
),

line_credits as (
    select
        entries.account,
        entries.invoice_id,
        entries.credit_balance_transaction_id
    from staging.stg_stripe__line_entries as entries
    where entries.credit_balance_transaction_id is not null
),

-- Transactions are asked for of customers that have a grant.
holders as (
    select distinct
        grants.account,
        grants.customer
    from raw_stripe.credit_grants as grants
),

missing_transactions as (
    select
        line_credits.account,
        case
            when holders.customer is null then 'stripe/credit_grants'
            else 'stripe/credit_balance_transactions'
        end as listing
    from line_credits
    inner join raw_stripe.invoices as invoices
        on
            line_credits.account = invoices.account
            and line_credits.invoice_id = invoices.id
    inner join raw_stripe.customers as customers
        on
            invoices.account = customers.account
            and invoices.customer = customers.id
    left join holders
        on
            customers.account = holders.account
            and customers.id = holders.customer
    left join raw_stripe.credit_balance_transactions as transactions
        on
            line_credits.account = transactions.account
            and line_credits.credit_balance_transaction_id = transactions.id
    where transactions.id is null
),

drawn_balances as (
    select
        assigned.environment as account,
        assigned.metronome_customer_id as customer_id,
        lines.balance_id
    from staging.stg_metronome__line_items as lines
    inner join staging.stg_metronome__invoices as invoices
        on
            lines.account = invoices.account
            and lines.invoice_id = invoices.invoice_id
    inner join intermediate.int_metronome_customers__assigned as assigned
        on
            invoices.account = assigned.account
            and invoices.metronome_customer_id = assigned.metronome_customer_id
    where lines.balance_id is not null
),

missing_balances as (
    select
        drawn_balances.account,
        'metronome/balances' as listing
    from drawn_balances
    inner join raw_metronome.customers as customers
        on
            drawn_balances.account = customers.account
            and drawn_balances.customer_id = customers.id
    left join raw_metronome.balances as balances
        on
            drawn_balances.account = balances.account
            and drawn_balances.balance_id = balances.id
    where customers.archived_at is null and balances.id is null
),

missing_meters as (
    select
        prices.account,
        'stripe/meters' as listing
    from raw_stripe.prices as prices
    left join raw_stripe.meters as meters
        on
            prices.account = meters.account
            and prices.recurring.meter = meters.id
    where prices.recurring.meter is not null and meters.id is null
),

missing_metrics as (
    select
        products.account,
        'metronome/billable_metrics' as listing
    from raw_metronome.products as products
    left join raw_metronome.billable_metrics as metrics
        on
            products.account = metrics.account
            and coalesce(
                products.current.billable_metric_id,
                products.initial.billable_metric_id
            )
            = metrics.id
    where
        coalesce(
            products.current.billable_metric_id, products.initial.billable_metric_id
        ) is not null
        and metrics.id is null
),

missing as (
    select * from missing_customers
    union all
    select * from missing_meters
    union all
    select * from missing_metrics
    union all
    select * from missing_subscriptions
    union all
    select * from missing_grants
    union all
    select * from missing_transactions
    union all
    select * from missing_balances
)

select
    count(*) filter (
        where missing.listing = 'stripe/customers'
    ) as stripe_customers_unlisted_count,
    count(*) filter (
        where missing.listing = 'stripe/subscriptions'
    ) as stripe_subscriptions_unlisted_count,
    count(*) filter (
        where missing.listing = 'stripe/credit_grants'
    ) as credit_grants_unlisted_count,
    count(*) filter (
        where missing.listing = 'stripe/credit_balance_transactions'
    ) as credit_balance_transactions_unlisted_count,
    count(*) filter (
        where missing.listing = 'stripe/meters'
    ) as meters_unlisted_count,
    count(*) filter (
        where missing.listing = 'metronome/billable_metrics'
    ) as billable_metrics_unlisted_count,
    count(*) filter (
        where missing.listing = 'metronome/balances'
    ) as balances_unlisted_count
from missing
inner join offered
    on missing.account = offered.account and missing.listing = offered.listing
