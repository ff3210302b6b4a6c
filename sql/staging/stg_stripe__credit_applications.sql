-- One row per application of a Stripe credit grant to an invoice, and per return of one.
-- A return (its invoice was voided) is negative.
with

transactions as (
    select * from raw_stripe.credit_balance_transactions
),

applied as (
    select
        transactions.account,
        transactions.id as transaction_id,
        transactions.credit_grant as credit_grant_id,
        transactions.debit.credits_applied.invoice as invoice_id,
        transactions.debit.amount.monetary.currency,
        cast(transactions.debit.amount.monetary.value as decimal(38, 12))
            as amount_minor_units
    from transactions
    where transactions.debit.type = 'credits_applied'
),

returned as (
    select
        transactions.account,
        transactions.id as transaction_id,
        transactions.credit_grant as credit_grant_id,
        transactions.credit.credits_application_invoice_voided.invoice as invoice_id,
        transactions.credit.amount.monetary.currency,
        -cast(transactions.credit.amount.monetary.value as decimal(38, 12))
            as amount_minor_units
    from transactions
    where transactions.credit.type = 'credits_application_invoice_voided'
)

select * from applied
union all
select * from returned
