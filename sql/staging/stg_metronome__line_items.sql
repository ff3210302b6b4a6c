-- One row per line of a Metronome invoice, amounts in the minor unit of their currency.
-- The unit is decided by the credit type's name (trap T1): ` (cents)` at its end means minor units,
-- any other currency comes in whole units, everything else is no money and has a NULL currency.
with

lines as (
    select
        invoices.account,
        invoices.id as invoice_id,
        unnest(invoices.line_items) as line
    from raw_metronome.invoices as invoices
),

named as (
    select
        lines.account,
        lines.invoice_id,
        lines.line,
        lower(split_part(lines.line.credit_type.name, ' (', 1)) as unit_name,
        lines.line.credit_type.name like '% (cents)' as is_in_minor_units,
        -- Older payloads have no line type (trap T5).
        coalesce(
            lines.line.type = 'applied_commit_or_credit'
            or (
                lines.line.type is null
                and cast(lines.line.total as decimal(38, 12)) < 0
                and lines.line.commit_id is not null
            ),
            false
        ) as is_applied_balance
    from lines
)

select
    named.account,
    named.invoice_id,
    named.line.product_id,
    case
        when named.is_applied_balance then 'applied_commit_or_credit'
        else coalesce(named.line.type, 'usage')
    end as line_type,
    named.line.name,
    named.line.product_type,
    coalesce(named.line.pricing_group_values, '{}') as pricing_group_values,
    currencies.currency,
    named.line.credit_type.name as credit_type_name,
    named.is_applied_balance,
    named.is_applied_balance
    and (
        coalesce(named.line.applied_commit_or_credit.type = 'POSTPAID', false)
        or coalesce(named.line.commit_type = 'PostpaidCommit', false)
    ) as is_postpaid,
    named.line.discount_id is not null as is_discount,
    cast(named.line.quantity as decimal(38, 12)) as billed_quantity,
    cast(
        case
            when named.is_in_minor_units
                then cast(named.line.total as decimal(38, 12))
            else
                cast(named.line.total as decimal(38, 12))
                * currencies.minor_units_per_unit
        end as decimal(38, 12)
    ) as amount_minor_units,
    named.line.starting_at as starts_at,
    named.line.ending_before as ends_at
from named
left join control.currencies as currencies
    on named.unit_name = currencies.currency
