-- One row per Stripe invoice with its origin: metronome, native or other.
-- Metronome pushes its invoices into the same Stripe account (traps T2 and T18); comparing them would
-- compare Metronome with itself. First hit wins: named by Metronome, marked by it, subscription's own.
with

pushed as (
    select distinct
        invoices.account,
        invoices.stripe_invoice_id
    from staging.stg_metronome__invoices as invoices
    where invoices.stripe_invoice_id is not null
)

select
    invoices.*,
    case
        when pushed.account is not null or invoices.has_metronome_marks
            then 'metronome'
        when
            invoices.subscription_id is not null
            or coalesce(invoices.billing_reason like 'subscription%', false)
            then 'native'
        else 'other'
    end as origin
from staging.stg_stripe__invoices as invoices
left join pushed
    on
        invoices.account = pushed.account
        and invoices.invoice_id = pushed.stripe_invoice_id
