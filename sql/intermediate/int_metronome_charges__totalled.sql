-- One row per check (invoice_totals, credit_drawdowns), customer, billing period and currency on the Metronome side.
-- A usage invoice with no line in scope counts as zero in its own currency: it was billed, with nothing on it.
with

customers as (
    select * from intermediate.int_metronome_customers__keyed
),

invoices as (
    select distinct
        invoices.account,
        invoices.invoice_id,
        customers.customer_key,
        invoices.period_start_at,
        invoices.period_end_at,
        currencies.currency
    from staging.stg_metronome__invoices as invoices
    inner join customers
        on
            invoices.account = customers.account
            and invoices.metronome_customer_id = customers.metronome_customer_id
    left join control.currencies as currencies
        on lower(split_part(invoices.credit_type_name, ' (', 1)) = currencies.currency
    where invoices.status <> 'VOID' and invoices.invoice_type = 'USAGE'
),

periods as (
    select distinct
        periods.account,
        periods.customer_key,
        periods.period_start,
        periods.period_end,
        periods.metronome_start,
        periods.metronome_end
    from intermediate.int_billing_periods__scoped as periods
    where periods.metronome_start is not null
),

amounts as (
    select
        'invoice_totals' as check_name,
        lines.account,
        customers.customer_key,
        lines.period_start_at,
        lines.period_end_at,
        lines.currency,
        lines.amount_minor_units
    from intermediate.int_metronome_lines__periodised as lines
    inner join customers
        on
            lines.account = customers.account
            and lines.metronome_customer_id = customers.metronome_customer_id
    where lines.in_net
    union all
    select
        'invoice_totals' as check_name,
        invoices.account,
        invoices.customer_key,
        invoices.period_start_at,
        invoices.period_end_at,
        invoices.currency,
        cast(0 as decimal(38, 12)) as amount_minor_units
    from invoices
    where invoices.currency is not null
    union all
    select
        'credit_drawdowns' as check_name,
        lines.account,
        customers.customer_key,
        lines.period_start_at,
        lines.period_end_at,
        lines.currency,
        -lines.amount_minor_units as amount_minor_units
    from intermediate.int_metronome_lines__periodised as lines
    inner join customers
        on
            lines.account = customers.account
            and lines.metronome_customer_id = customers.metronome_customer_id
    where
        lines.is_applied_balance
        and not lines.is_postpaid
        and lines.currency is not null
)

select
    amounts.check_name,
    periods.account,
    periods.customer_key,
    periods.period_start,
    periods.period_end,
    amounts.currency,
    cast(sum(amounts.amount_minor_units) as decimal(38, 12)) as actual_value
from amounts
inner join periods
    on
        amounts.account = periods.account
        and amounts.customer_key = periods.customer_key
        and amounts.period_start_at between periods.metronome_start
        and periods.metronome_start + interval 1 day
        and amounts.period_end_at between periods.metronome_end
        and periods.metronome_end + interval 1 day
group by
    amounts.check_name,
    periods.account,
    periods.customer_key,
    periods.period_start,
    periods.period_end,
    amounts.currency
