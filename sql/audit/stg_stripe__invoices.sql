-- One row: counts of what must not be in staging.stg_stripe__invoices.
-- null_customer_count: invoices that name no customer
-- duplicate_id_count: invoices beyond the first with the same id
-- unknown_currency_count: native invoices in a currency that is not known
-- unreconciled_count: final native invoices whose lines do not add up to the invoice's own total before tax, as when lines are missing (trap T2)
with

invoices as (
    select * from intermediate.int_stripe_invoices__classified
),

line_sums as (
    select
        lines.account,
        lines.invoice_id,
        sum(lines.net_minor_units) as net_minor_units,
        count(*) as line_count
    from intermediate.int_stripe_lines__netted as lines
    group by lines.account, lines.invoice_id
),

checked as (
    select
        invoices.*,
        currencies.currency is null as is_currency_unknown,
        coalesce(line_sums.net_minor_units, 0) as net_minor_units,
        coalesce(line_sums.line_count, 0) as line_count
    from invoices
    left join control.currencies as currencies
        on invoices.currency = currencies.currency
    left join line_sums
        on
            invoices.account = line_sums.account
            and invoices.invoice_id = line_sums.invoice_id
)

select
    count(*) as row_count,
    count(*) filter (where checked.stripe_customer_id is null) as null_customer_count,
    count(*)
    - count(distinct checked.account || ' ' || checked.invoice_id)
        as duplicate_id_count,
    count(*) filter (
        where checked.origin = 'native' and checked.is_currency_unknown
    ) as unknown_currency_count,
    count(*) filter (
        where
        checked.origin = 'native'
        and checked.is_final
        -- Taxes and discounts are rounded line by line: half a minor unit each.
        and abs(checked.net_minor_units - checked.total_excluding_tax_minor_units)
        > checked.line_count
    ) as unreconciled_count
from checked
