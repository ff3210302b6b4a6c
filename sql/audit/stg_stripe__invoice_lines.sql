-- One row: counts of what must not be in the lines of native Stripe invoices.
-- duplicate_id_count: lines beyond the first with the same id
-- unknown_price_count: subscription lines whose price was not listed, so that nobody can say whether they are metered
-- missing_quantity_count: metered lines without a quantity
with

lines as (
    select * from intermediate.int_stripe_lines__netted
)

select
    count(*) as row_count,
    count(*)
    - count(
        distinct lines.account || ' ' || lines.invoice_id || ' ' || lines.line_id
    ) as duplicate_id_count,
    count(*) filter (
        where lines.is_subscription_line and not lines.is_price_known
    ) as unknown_price_count,
    count(*) filter (
        where lines.is_metered and lines.quantity is null
    ) as missing_quantity_count
from lines
