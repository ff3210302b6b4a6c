-- One row per entry of the lists of a Stripe invoice line: what was credited or discounted, and taxes in or on its amount.
-- Few lines have any, so they are read from the landed file apart from the lines, all lists at once.
-- listed_in: the list that the entry stands in
-- kind: the entry's type, or how a tax stands to the amount; NULL in discount_amounts
with

lists as (
    select
        lines.account,
        lines.invoice_id,
        lines.id as line_id,
        lines.pretax_credit_amounts,
        lines.discount_amounts,
        lines.taxes
    from raw_stripe.invoice_lines as lines
),

pretax_entries as (
    select
        lists.account,
        lists.invoice_id,
        lists.line_id,
        unnest(lists.pretax_credit_amounts) as entry
    from lists
),

discount_entries as (
    select
        lists.account,
        lists.invoice_id,
        lists.line_id,
        unnest(lists.discount_amounts) as entry
    from lists
),

tax_entries as (
    select
        lists.account,
        lists.invoice_id,
        lists.line_id,
        unnest(lists.taxes) as entry
    from lists
)

select
    pretax_entries.account,
    pretax_entries.invoice_id,
    pretax_entries.line_id,
    'pretax_credit_amounts' as listed_in,
    pretax_entries.entry.type as kind,
    pretax_entries.entry.amount as amount_minor_units,
    pretax_entries.entry.credit_balance_transaction as credit_balance_transaction_id
from pretax_entries
union all
select
    discount_entries.account,
    discount_entries.invoice_id,
    discount_entries.line_id,
    'discount_amounts' as listed_in,
    cast(null as varchar) as kind,
    discount_entries.entry.amount as amount_minor_units,
    cast(null as varchar) as credit_balance_transaction_id
from discount_entries
union all
select
    tax_entries.account,
    tax_entries.invoice_id,
    tax_entries.line_id,
    'taxes' as listed_in,
    tax_entries.entry.tax_behavior as kind,
    tax_entries.entry.amount as amount_minor_units,
    cast(null as varchar) as credit_balance_transaction_id
from tax_entries
