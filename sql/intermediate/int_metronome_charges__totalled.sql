-- One row per check (invoice_totals, credit_drawdowns), customer, billing period and currency on the Metronome side.
-- A usage invoice with no line in scope counts as zero in its own currency: it was billed, with nothing on it.
with

-- What was billed with nothing on it.
empty_invoices as (
    select
        invoices.account,
        invoices.customer_key,
        invoices.period_start,
        invoices.period_end,
        currencies.currency
    from intermediate.int_metronome_invoices__periodised as invoices
    inner join control.currencies as currencies
        on lower(split_part(invoices.credit_type_name, ' (', 1)) = currencies.currency
    where invoices.invoice_type = 'USAGE'
),

lines as (
    select * from intermediate.int_metronome_lines__periodised
),

periods as (
    select distinct
        scoped.account,
        scoped.customer_key,
        scoped.customer_number,
        scoped.period_start,
        scoped.period_end,
        scoped.metronome_start,
        scoped.metronome_end
    from intermediate.int_billing_periods__scoped as scoped
    where scoped.metronome_start is not null
),

amounts as (
    select
        'invoice_totals' as check_name,
        lines.account,
        lines.customer_key,
        lines.period_start,
        lines.period_end,
        lines.currency,
        lines.amount_minor_units
    from lines
    where lines.in_net
    union all
    select
        'invoice_totals' as check_name,
        empty_invoices.account,
        empty_invoices.customer_key,
        empty_invoices.period_start,
        empty_invoices.period_end,
        empty_invoices.currency,
        cast(0 as decimal(38, 18)) as amount_minor_units
    from empty_invoices
    union all
    select
        'credit_drawdowns' as check_name,
        lines.account,
        lines.customer_key,
        lines.period_start,
        lines.period_end,
        lines.currency,
        -lines.amount_minor_units as amount_minor_units
    from lines
    where
        lines.is_applied_balance
        and not lines.is_postpaid
        and lines.currency is not null
)

select
    amounts.check_name,
    periods.customer_number,
    periods.period_start,
    periods.period_end,
    amounts.currency,
    cast(sum(amounts.amount_minor_units) as decimal(38, 12)) as actual_value
from amounts
inner join periods
    on
        amounts.account = periods.account
        and amounts.customer_key = periods.customer_key
        and amounts.period_start = periods.metronome_start
        and amounts.period_end = periods.metronome_end
group by
    amounts.check_name,
    periods.customer_number,
    periods.period_start,
    periods.period_end,
    amounts.currency
