-- One row per Metronome invoice that counts, of a known customer, with the billing period that it is part of.
-- Void invoices (trap T16) and consolidated copies (T17) do not count.
-- period_start, period_end: NULL for a scheduled invoice
select
    invoices.account,
    invoices.invoice_id,
    invoices.metronome_customer_id,
    customers.customer_key,
    invoices.contract_id,
    invoices.invoice_type,
    invoices.credit_type_name,
    invoices.period_start_at as invoice_start_at,
    invoices.period_end_at as invoice_end_at,
    periods.period_start,
    periods.period_end
from staging.stg_metronome__invoices as invoices
inner join intermediate.int_metronome_customers__keyed as customers
    on
        invoices.account = customers.account
        and invoices.metronome_customer_id = customers.metronome_customer_id
left join intermediate.int_metronome_periods__clustered as periods
    on
        customers.account = periods.account
        and customers.customer_key = periods.customer_key
        and invoices.period_start_at = periods.start_at
        and invoices.period_end_at = periods.end_at
where invoices.status <> 'VOID' and invoices.invoice_type <> 'USAGE_CONSOLIDATED'
