-- One row per line of a Metronome invoice that counts, with its raw quantity.
-- Void invoices (trap T16) and consolidated copies (T17) do not count. A line's quantity is after the product's
-- conversion and rounding (T8), so both are undone with the product's state at the line's start:
-- a divided quantity is multiplied back, a multiplied one is divided. SQL division is not exact, so the
-- quotient is guessed with the inverse and corrected by what is left over.
with

invoices as (
    select * from staging.stg_metronome__invoices
),

lines as (
    select
        line_items.*,
        invoices.metronome_customer_id,
        invoices.contract_id,
        invoices.invoice_type,
        invoices.is_final,
        invoices.period_start_at as invoice_start_at,
        invoices.period_end_at as invoice_end_at,
        coalesce(line_items.starts_at, invoices.period_start_at) as effective_at
    from staging.stg_metronome__line_items as line_items
    inner join invoices
        on
            line_items.account = invoices.account
            and line_items.invoice_id = invoices.invoice_id
    where
        invoices.status <> 'VOID'
        and invoices.invoice_type <> 'USAGE_CONSOLIDATED'
),

converted as (
    select
        lines.*,
        conversions.conversion_operation,
        cast(conversions.conversion_factor as decimal(18, 6)) as divisor,
        cast(conversions.conversion_factor as decimal(18, 9)) as multiplier,
        cast(conversions.inverse_factor as decimal(18, 9)) as inverse_factor,
        roundings.rounding_method,
        coalesce(roundings.rounding_step, 0) as rounding_step
    from lines
    left join intermediate.int_product_conversions__dated as conversions
        on
            lines.account = conversions.account
            and lines.product_id = conversions.product_id
            and lines.effective_at >= conversions.valid_from_at
            and lines.effective_at < conversions.valid_until_at
    left join intermediate.int_product_roundings__dated as roundings
        on
            lines.account = roundings.account
            and lines.product_id = roundings.product_id
            and lines.effective_at >= roundings.valid_from_at
            and lines.effective_at < roundings.valid_until_at
),

guessed as (
    select
        converted.*,
        cast(
            converted.billed_quantity * converted.inverse_factor as decimal(38, 12)
        ) as guessed_quantity
    from converted
)

select
    guessed.account,
    guessed.invoice_id,
    guessed.metronome_customer_id,
    guessed.contract_id,
    guessed.product_id,
    guessed.name,
    guessed.product_type,
    guessed.line_type,
    guessed.pricing_group_values,
    guessed.currency,
    guessed.credit_type_name,
    guessed.invoice_type,
    guessed.is_final,
    guessed.is_applied_balance,
    guessed.is_postpaid,
    guessed.is_discount,
    guessed.billed_quantity,
    cast(
        case guessed.conversion_operation
            when 'DIVIDE' then guessed.billed_quantity * guessed.divisor
            when 'MULTIPLY'
                then
                    guessed.guessed_quantity
                    + cast(
                        (
                            guessed.billed_quantity
                            - cast(
                                guessed.guessed_quantity * guessed.multiplier
                                as decimal(38, 12)
                            )
                        )
                        * guessed.inverse_factor as decimal(38, 12)
                    )
            else guessed.billed_quantity
        end as decimal(38, 12)
    ) as raw_quantity,
    cast(
        case guessed.conversion_operation
            when 'DIVIDE' then guessed.rounding_step * guessed.divisor
            when 'MULTIPLY' then guessed.rounding_step * guessed.inverse_factor
            else guessed.rounding_step
        end as decimal(38, 12)
    ) as raw_rounding_step,
    guessed.rounding_method,
    guessed.amount_minor_units,
    guessed.effective_at,
    guessed.invoice_start_at,
    guessed.invoice_end_at
from guessed
