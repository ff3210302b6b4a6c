-- One row: counts of what must not be in the lines of native Stripe invoices.
-- duplicate_id_count: lines beyond the first with the same id, of invoices of any origin
-- unknown_price_count: subscription lines whose price was not listed, so that nobody can say whether they are metered
-- missing_quantity_count: metered lines without a quantity
with

ids as (
    select
        count(*)
        - count(
            distinct staged.account || ' ' || staged.invoice_id || ' ' || staged.line_id
        ) as duplicate_id_count
    from staging.stg_stripe__invoice_lines as staged
),

lines as (
    select
        count(*) as row_count,
        count(*) filter (
            where netted.is_subscription_line and not netted.is_price_known
        ) as unknown_price_count,
        count(*) filter (
            where netted.is_metered and netted.quantity is null
        ) as missing_quantity_count
    from intermediate.int_stripe_lines__netted as netted
)

select
    lines.row_count,
    ids.duplicate_id_count,
    lines.unknown_price_count,
    lines.missing_quantity_count
from lines
cross join ids
