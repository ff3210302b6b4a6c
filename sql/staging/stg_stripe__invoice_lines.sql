-- One row per line of a Stripe invoice, with its discounts, credits and inclusive taxes added up.
-- Credits are only the entries of type credit_balance_transaction (trap T6); where the
-- combined list is absent, the discounts come from discount_amounts.
with

pretax_entries as (
    select
        lines.account,
        lines.id as line_id,
        unnest(lines.pretax_credit_amounts) as entry
    from raw_stripe.invoice_lines as lines
),

pretax_sums as (
    select
        pretax_entries.account,
        pretax_entries.line_id,
        cast(
            coalesce(
                sum(pretax_entries.entry.amount) filter (
                    where pretax_entries.entry.type = 'credit_balance_transaction'
                ),
                0
            ) as decimal(38, 12)
        ) as credit_minor_units,
        cast(
            coalesce(
                sum(pretax_entries.entry.amount) filter (
                    where pretax_entries.entry.type = 'discount'
                ),
                0
            ) as decimal(38, 12)
        ) as discount_minor_units
    from pretax_entries
    group by pretax_entries.account, pretax_entries.line_id
),

discount_entries as (
    select
        lines.account,
        lines.id as line_id,
        unnest(lines.discount_amounts) as entry
    from raw_stripe.invoice_lines as lines
),

discount_sums as (
    select
        discount_entries.account,
        discount_entries.line_id,
        cast(sum(discount_entries.entry.amount) as decimal(38, 12))
            as discount_minor_units
    from discount_entries
    group by discount_entries.account, discount_entries.line_id
),

tax_entries as (
    select
        lines.account,
        lines.id as line_id,
        unnest(lines.taxes) as entry
    from raw_stripe.invoice_lines as lines
),

tax_sums as (
    select
        tax_entries.account,
        tax_entries.line_id,
        cast(sum(tax_entries.entry.amount) as decimal(38, 12))
            as inclusive_tax_minor_units
    from tax_entries
    where tax_entries.entry.tax_behavior = 'inclusive'
    group by tax_entries.account, tax_entries.line_id
)

select
    lines.account,
    lines.id as line_id,
    lines.invoice_id,
    lines.pricing.price_details.price as stripe_price_id,
    lines.parent.subscription_item_details.subscription_item as subscription_item_id,
    lines.parent.subscription_item_details.subscription as subscription_id,
    lines.currency,
    coalesce(lines.parent.type = 'subscription_item_details', false)
        as is_subscription_line,
    coalesce(lines.parent.subscription_item_details.proration, false) as is_proration,
    lines.metadata is not null and strpos(lines.metadata, '"metronome_') > 0
        as has_metronome_marks,
    coalesce(
        cast(lines.quantity_decimal as decimal(38, 12)),
        cast(lines.quantity as decimal(38, 12))
    ) as quantity,
    cast(lines.amount as decimal(38, 12)) as amount_minor_units,
    cast(lines.subtotal as decimal(38, 12)) as subtotal_minor_units,
    coalesce(pretax_sums.credit_minor_units, 0) as credit_minor_units,
    -- The combined list, where there is one, holds the discounts already.
    coalesce(
        pretax_sums.discount_minor_units, discount_sums.discount_minor_units, 0
    ) as discount_minor_units,
    coalesce(tax_sums.inclusive_tax_minor_units, 0) as inclusive_tax_minor_units,
    make_timestamp(lines.period.start * 1000000) as period_start_at,
    make_timestamp(lines.period.end * 1000000) as period_end_at
from raw_stripe.invoice_lines as lines
left join pretax_sums
    on lines.account = pretax_sums.account and lines.id = pretax_sums.line_id
left join discount_sums
    on lines.account = discount_sums.account and lines.id = discount_sums.line_id
left join tax_sums
    on lines.account = tax_sums.account and lines.id = tax_sums.line_id
