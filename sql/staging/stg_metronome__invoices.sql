-- One row per Metronome invoice of any type and status.
select
    coalesce(moved.account, invoices.account) as account,
    invoices.id as invoice_id,
    invoices.customer_id as metronome_customer_id,
    invoices.contract_id,
    invoices.external_invoice.invoice_id as stripe_invoice_id,
    upper(invoices.type) as invoice_type,
    invoices.status,
    invoices.status = 'FINALIZED' as is_final,
    upper(invoices.external_invoice.external_status) as external_status,
    invoices.credit_type.name as credit_type_name,
    cast(invoices.total as decimal(38, 12)) as total,
    invoices.start_timestamp as period_start_at,
    invoices.end_timestamp as period_end_at,
    invoices.issued_at
from raw_metronome.invoices as invoices
left join intermediate.int_metronome_customers__moved as moved
    on
        invoices.account = moved.environment
        and invoices.customer_id = moved.metronome_customer_id
