-- One row per customer and service period of a Metronome usage invoice, with the billing period that it is part of.
-- Bounds within a day of each other are one period, as on Stripe's side; the earliest stands for them.
with

invoices as (
    select
        invoices.account,
        customers.customer_key,
        invoices.period_start_at as start_at,
        invoices.period_end_at as end_at,
        bool_and(invoices.is_final) as is_final
    from staging.stg_metronome__invoices as invoices
    inner join intermediate.int_metronome_customers__keyed as customers
        on
            invoices.account = customers.account
            and invoices.metronome_customer_id = customers.metronome_customer_id
    where
        invoices.status <> 'VOID'
        and invoices.invoice_type = 'USAGE'
        and invoices.period_start_at is not null
        and invoices.period_end_at is not null
    group by
        invoices.account,
        customers.customer_key,
        invoices.period_start_at,
        invoices.period_end_at
),

neighbours as (
    select
        invoices.account,
        invoices.customer_key,
        invoices.start_at,
        invoices.end_at,
        invoices.is_final,
        others.start_at as period_start,
        others.end_at as period_end,
        row_number() over (
            partition by
                invoices.account,
                invoices.customer_key,
                invoices.start_at,
                invoices.end_at
            order by others.start_at, others.end_at
        ) as preference
    from invoices
    inner join invoices as others
        on
            invoices.account = others.account
            and invoices.customer_key = others.customer_key
            and others.start_at between invoices.start_at - interval 1 day
            and invoices.start_at + interval 1 day
            and others.end_at between invoices.end_at - interval 1 day
            and invoices.end_at + interval 1 day
)

select
    neighbours.account,
    neighbours.customer_key,
    neighbours.start_at,
    neighbours.end_at,
    neighbours.is_final,
    neighbours.period_start,
    neighbours.period_end
from neighbours
where neighbours.preference = 1
