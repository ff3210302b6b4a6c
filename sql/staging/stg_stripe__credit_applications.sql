-- One row per application of a Stripe credit grant to an invoice, or its return when the invoice was voided.
-- amount_minor_units: positive when applied, negative when given back
select
    transactions.account,
    transactions.credit_grant as credit_grant_id,
    coalesce(
        transactions.debit.credits_applied.invoice,
        transactions.credit.credits_application_invoice_voided.invoice
    ) as invoice_id,
    cast(
        coalesce(
            transactions.debit.amount.monetary.value,
            -transactions.credit.amount.monetary.value
        ) as decimal(38, 12)
    ) as amount_minor_units,
    make_timestamp(transactions.effective_at * 1000000) as effective_at
from raw_stripe.credit_balance_transactions as transactions
where
    transactions.debit.type = 'credits_applied'
    or transactions.credit.type = 'credits_application_invoice_voided'
