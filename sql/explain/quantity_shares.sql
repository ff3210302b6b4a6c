-- One row per row of line_item_quantities with a variance, in a period of a breach in it or in invoice_totals, and cause.
-- What can be counted stands in explain.quantity_parts; explain.quantity_rest names the rest. Shares of a row sum to its variance.
-- A rest of less than the fifteenth digit joins the greatest part.
-- share: the cause's part of the row's variance, raw units
-- evidence: the cause in a sentence, with the numbers it rests on
with

shares as (
    select
        divided.account,
        divided.customer_key,
        divided.meter,
        divided.period_start,
        divided.cause,
        cast(sum(divided.part) as decimal(38, 12)) as share,
        min_by(
            divided.evidence, greatest_first(divided.part, divided.evidence)
        ) as evidence
    from explain.quantity_divided as divided
    group by
        divided.account,
        divided.customer_key,
        divided.meter,
        divided.period_start,
        divided.cause
)

select
    quantities.check_name,
    quantities.account,
    quantities.customer_key,
    quantities.stripe_customer_id,
    quantities.metronome_customer_id,
    quantities.currency,
    quantities.meter,
    quantities.product,
    quantities.pricing_group_values,
    quantities.period_start,
    quantities.period_end,
    quantities.usage_date,
    shares.cause,
    shares.share,
    shares.evidence
from explain.quantity_rows as quantities
inner join shares
    on
        quantities.account = shares.account
        and quantities.customer_key = shares.customer_key
        and quantities.meter = shares.meter
        and quantities.period_start = shares.period_start
where quantities.variance <> 0 and shares.share <> 0
