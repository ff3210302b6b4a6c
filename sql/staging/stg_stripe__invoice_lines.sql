-- One row per line of a Stripe invoice, with its discounts, credits and inclusive taxes added up.
-- Credits are only the entries of type credit_balance_transaction (trap T6); where the
-- combined list is absent, the discounts come from discount_amounts.
with

entry_sums as (
    select
        entries.account,
        entries.line_id,
        sum(entries.amount_minor_units) filter (
            where
            entries.listed_in = 'pretax_credit_amounts'
            and entries.kind = 'credit_balance_transaction'
        ) as credit_minor_units,
        bool_or(entries.listed_in = 'pretax_credit_amounts') as has_combined_list,
        sum(entries.amount_minor_units) filter (
            where
            entries.listed_in = 'pretax_credit_amounts' and entries.kind = 'discount'
        ) as combined_discount_minor_units,
        sum(entries.amount_minor_units) filter (
            where entries.listed_in = 'discount_amounts'
        ) as discount_minor_units,
        sum(entries.amount_minor_units) filter (
            where entries.listed_in = 'taxes' and entries.kind = 'inclusive'
        ) as inclusive_tax_minor_units
    from staging.stg_stripe__line_entries as entries
    group by entries.account, entries.line_id
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
    cast(coalesce(entry_sums.credit_minor_units, 0) as decimal(38, 12))
        as credit_minor_units,
    -- The combined list, where there is one, holds the discounts already.
    cast(
        coalesce(
            case
                when entry_sums.has_combined_list
                    then entry_sums.combined_discount_minor_units
                else entry_sums.discount_minor_units
            end,
            0
        ) as decimal(38, 12)
    ) as discount_minor_units,
    cast(coalesce(entry_sums.inclusive_tax_minor_units, 0) as decimal(38, 12))
        as inclusive_tax_minor_units,
    make_timestamp(lines.period.start * 1000000) as period_start_at,
    make_timestamp(lines.period.end * 1000000) as period_end_at
from raw_stripe.invoice_lines as lines
left join entry_sums
    on lines.account = entry_sums.account and lines.id = entry_sums.line_id
