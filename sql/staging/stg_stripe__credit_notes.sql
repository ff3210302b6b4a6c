-- One row per issued Stripe credit note.
select
    credit_notes.account,
    credit_notes.id as credit_note_id,
    credit_notes.invoice as invoice_id,
    credit_notes.customer as stripe_customer_id,
    credit_notes.currency,
    cast(
        coalesce(credit_notes.total_excluding_tax, credit_notes.total)
        as decimal(38, 12)
    ) as amount_minor_units,
    make_timestamp(credit_notes.created * 1000000) as created_at
from raw_stripe.credit_notes as credit_notes
where credit_notes.status <> 'void'
