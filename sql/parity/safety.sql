-- One row per thing that must not happen to a customer whose native metered subscription bills the same period.
-- cause: double_billing or auto_charge_enabled
-- subject: the Stripe invoice or the Metronome contract concerned
with

customers as (
    select * from intermediate.int_customers__classified
    where has_metered_item_in_window and not is_already_on_metronome
),

keyed as (
    select * from intermediate.int_metronome_customers__keyed
),

run as (
    select * from control.run
),

pushed_in_stripe as (
    select
        invoices.account,
        invoices.stripe_customer_id,
        invoices.invoice_id
    from intermediate.int_stripe_invoices__classified as invoices
    where invoices.origin = 'metronome' and not invoices.is_void
),

-- Metronome's own word for it, also where the invoice is not in Stripe's list.
pushed_by_metronome as (
    select
        keyed.account,
        customers.stripe_customer_id,
        invoices.stripe_invoice_id as invoice_id
    from staging.stg_metronome__invoices as invoices
    inner join keyed
        on
            invoices.account = keyed.account
            and invoices.metronome_customer_id = keyed.metronome_customer_id
    inner join customers
        on
            keyed.account = customers.account
            and keyed.customer_key = customers.customer_key
    cross join run
    left join intermediate.int_stripe_invoices__classified as stripe_invoices
        on
            invoices.account = stripe_invoices.account
            and invoices.stripe_invoice_id = stripe_invoices.invoice_id
    where
        invoices.stripe_invoice_id is not null
        and invoices.status <> 'VOID'
        and coalesce(invoices.external_status not in ('VOID', 'DELETED'), true)
        and coalesce(not stripe_invoices.is_void, true)
        and coalesce(
            coalesce(invoices.period_end_at, invoices.issued_at)
            > run.parallel_run_start,
            true
        )
),

-- A pending Metronome item that a subscription's own invoice swept up. The metadata of a subscription's own
-- line mirrors the subscription's, where companies keep Metronome's ids.
swept_lines as (
    select
        lines.account,
        lines.stripe_customer_id,
        lines.invoice_id
    from intermediate.int_stripe_lines__netted as lines
    where lines.has_metronome_marks and not lines.is_subscription_line
),

double_billed as (
    select * from pushed_in_stripe
    union
    select * from pushed_by_metronome
    union
    select * from swept_lines
),

auto_charged as (
    select
        customers.account,
        customers.stripe_customer_id,
        contracts.metronome_customer_id,
        contracts.contract_id,
        case
            when contracts.is_auto_recharge_enabled then 'auto-recharge'
            else 'spend threshold charging'
        end as what_is_enabled
    from staging.stg_metronome__contracts as contracts
    inner join keyed
        on
            contracts.account = keyed.account
            and contracts.metronome_customer_id = keyed.metronome_customer_id
    inner join customers
        on
            keyed.account = customers.account
            and keyed.customer_key = customers.customer_key
    cross join run
    where
        not contracts.is_archived
        and coalesce(contracts.ends_at > run.parallel_run_start, true)
        and (
            contracts.is_auto_recharge_enabled or contracts.is_spend_threshold_enabled
        )
)

select
    customers.account,
    'double_billing' as cause,
    customers.stripe_customer_id,
    customers.metronome_customer_id,
    double_billed.invoice_id as subject,
    'Metronome pushed invoice ' || double_billed.invoice_id
    || ' into Stripe while the customer''s own subscription is billed there'
        as detail
from double_billed
inner join customers
    on
        double_billed.account = customers.account
        and double_billed.stripe_customer_id = customers.stripe_customer_id
union all
select
    auto_charged.account,
    'auto_charge_enabled' as cause,
    auto_charged.stripe_customer_id,
    auto_charged.metronome_customer_id,
    auto_charged.contract_id as subject,
    'Contract ' || auto_charged.contract_id || ' has ' || auto_charged.what_is_enabled
    || ' switched on; it charges although the customer is unbillable' as detail
from auto_charged
