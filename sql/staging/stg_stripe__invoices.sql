-- One row per Stripe invoice, whoever made it.
-- An uncollectible invoice was billed all the same; an absent status counts as a draft.
select
    invoices.account,
    invoices.id as invoice_id,
    coalesce(invoices.customer, invoices.customer_account) as stripe_customer_id,
    invoices.parent.subscription_details.subscription as subscription_id,
    invoices.currency,
    coalesce(invoices.status, 'draft') as status,
    invoices.billing_reason,
    coalesce(invoices.status in ('open', 'paid', 'uncollectible'), false) as is_final,
    coalesce(invoices.status = 'void', false) as is_void,
    invoices.metadata is not null
    and (
        strpos(invoices.metadata, '"metronome_') > 0
        or (
            strpos(invoices.metadata, '"client_id":') > 0
            and strpos(invoices.metadata, '"environment":') > 0
        )
    ) as has_metronome_marks,
    json_extract_string(invoices.metadata, '$.metronome_invoice_id')
        as metronome_invoice_id,
    cast(invoices.total as decimal(38, 12)) as total_minor_units,
    cast(invoices.total_excluding_tax as decimal(38, 12))
        as total_excluding_tax_minor_units,
    make_timestamp(invoices.created * 1000000) as created_at,
    make_timestamp(invoices.status_transitions.finalized_at * 1000000) as finalized_at
from raw_stripe.invoices as invoices
