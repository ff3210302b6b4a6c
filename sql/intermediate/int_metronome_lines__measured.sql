-- One row per line of a Metronome invoice that counts, with its raw quantity.
-- A line's quantity is after the product's conversion and rounding (T8), so both are undone with the product's state at
-- the line's start: a divided quantity is multiplied back, a multiplied one is divided. SQL division is not exact, so the
-- quotient is guessed with the inverse and corrected three times by what is left over.
-- Kept as a view: int_metronome_lines__periodised alone reads it.
with

lines as (
    select
        line_items.*,
        invoices.metronome_customer_id,
        invoices.customer_key,
        invoices.contract_id,
        invoices.invoice_type,
        invoices.invoice_start_at,
        invoices.invoice_end_at,
        invoices.period_start,
        invoices.period_end,
        coalesce(line_items.starts_at, invoices.invoice_start_at) as effective_at
    from staging.stg_metronome__line_items as line_items
    inner join intermediate.int_metronome_invoices__periodised as invoices
        on
            line_items.account = invoices.account
            and line_items.invoice_id = invoices.invoice_id
),

converted as (
    select
        lines.*,
        conversions.conversion_operation,
        cast(conversions.conversion_factor as decimal(18, 6)) as divisor,
        cast(conversions.conversion_factor as decimal(24, 12)) as multiplier,
        cast(conversions.inverse_factor as decimal(24, 9)) as inverse_factor,
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
        ) as first_quotient
    from converted
),

corrected as (
    select
        guessed.*,
        cast(
            guessed.first_quotient
            + cast(
                guessed.billed_quantity
                - guessed.first_quotient * guessed.multiplier
                as decimal(38, 15)
            )
            * guessed.inverse_factor as decimal(38, 12)
        ) as second_quotient
    from guessed
),

corrected_again as (
    select
        corrected.*,
        cast(
            corrected.second_quotient
            + cast(
                corrected.billed_quantity
                - corrected.second_quotient * corrected.multiplier
                as decimal(38, 15)
            )
            * corrected.inverse_factor as decimal(38, 12)
        ) as third_quotient
    from corrected
),

undone as (
    select
        corrected_again.*,
        cast(
            corrected_again.third_quotient
            + cast(
                corrected_again.billed_quantity
                - corrected_again.third_quotient * corrected_again.multiplier
                as decimal(38, 15)
            )
            * corrected_again.inverse_factor as decimal(38, 12)
        ) as fourth_quotient
    from corrected_again
)

select
    undone.account,
    undone.invoice_id,
    undone.metronome_customer_id,
    undone.customer_key,
    undone.contract_id,
    undone.product_id,
    undone.line_type,
    undone.pricing_group_values,
    undone.currency,
    undone.invoice_type,
    undone.is_applied_balance,
    undone.is_postpaid,
    undone.is_discount,
    undone.billed_quantity,
    cast(
        case undone.conversion_operation
            when 'DIVIDE' then undone.billed_quantity * undone.divisor
            when 'MULTIPLY' then undone.fourth_quotient
            else undone.billed_quantity
        end as decimal(38, 12)
    ) as raw_quantity,
    cast(
        case undone.conversion_operation
            when 'DIVIDE' then undone.rounding_step * undone.divisor
            when 'MULTIPLY' then undone.rounding_step * undone.inverse_factor
            else undone.rounding_step
        end as decimal(38, 12)
    ) as raw_rounding_step,
    undone.rounding_method,
    undone.unit_price_in_credit_type,
    undone.amount_in_credit_type,
    undone.amount_minor_units,
    undone.effective_at,
    undone.ends_at,
    undone.invoice_start_at,
    undone.invoice_end_at,
    undone.period_start,
    undone.period_end
from undone
