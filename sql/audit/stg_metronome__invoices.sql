-- One row: counts of what must not be in staging.stg_metronome__invoices.
-- duplicate_id_count: invoices beyond the first with the same id
-- missing_bounds_count: usage invoices without a service period
-- unknown_currency_count: invoices in what looks like a currency but is not a known one
-- unreconciled_count: usage invoices whose lines do not add up to their total, postpaid drawdowns aside (trap T6)
with

invoices as (
    select * from staging.stg_metronome__invoices
),

line_sums as (
    select
        lines.account,
        lines.invoice_id,
        sum(lines.amount_minor_units) as amount_minor_units,
        bool_or(lines.currency is null) as has_custom_units
    from staging.stg_metronome__line_items as lines
    where not lines.is_postpaid
    group by lines.account, lines.invoice_id
),

checked as (
    select
        invoices.*,
        currencies.currency,
        coalesce(line_sums.has_custom_units, false) as has_custom_units,
        coalesce(line_sums.amount_minor_units, 0) as lines_minor_units,
        cast(
            case
                when invoices.credit_type_name like '% (cents)' then invoices.total
                else invoices.total * currencies.minor_units_per_unit
            end as decimal(38, 12)
        ) as total_minor_units
    from invoices
    left join control.currencies as currencies
        on lower(split_part(invoices.credit_type_name, ' (', 1)) = currencies.currency
    left join line_sums
        on
            invoices.account = line_sums.account
            and invoices.invoice_id = line_sums.invoice_id
)

select
    count(*) as row_count,
    count(*)
    - count(distinct checked.account || ' ' || checked.invoice_id)
        as duplicate_id_count,
    count(*) filter (
        where
        checked.invoice_type = 'USAGE'
        and (checked.period_start_at is null or checked.period_end_at is null)
    ) as missing_bounds_count,
    count(*) filter (
        where
        checked.currency is null
        and (
            checked.credit_type_name like '% (cents)'
            or (
                length(checked.credit_type_name) = 3
                and checked.credit_type_name = upper(checked.credit_type_name)
            )
        )
    ) as unknown_currency_count,
    count(*) filter (
        where
        checked.invoice_type = 'USAGE'
        and checked.status <> 'VOID'
        and not checked.has_custom_units
        and abs(checked.total_minor_units - checked.lines_minor_units) > 1
    ) as unreconciled_count
from checked
