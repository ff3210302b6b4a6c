-- One row per row of line_item_quantities with a variance, in a period of a breach in it or in invoice_totals, and cause.
-- What can be counted stands in explain.quantity_parts; explain.quantity_rest names the rest. Shares of a row sum to its variance.
-- A rest of less than the fifteenth digit joins the greatest part.
-- share: the cause's part of the row's variance, raw units
-- evidence: the cause in a sentence, with the numbers it rests on
with

parts as (
    select
        quantity_parts.account,
        quantity_parts.customer_key,
        quantity_parts.meter,
        quantity_parts.period_start,
        quantity_parts.cause,
        quantity_parts.part,
        quantity_parts.evidence
    from explain.quantity_parts as quantity_parts
    union all
    select
        rests.account,
        rests.customer_key,
        rests.meter,
        rests.period_start,
        rests.cause,
        rests.rest as part,
        rests.evidence
    from explain.quantity_rest as rests
),

shares as (
    select
        parts.account,
        parts.customer_key,
        parts.meter,
        parts.period_start,
        parts.cause,
        cast(sum(parts.part) as decimal(38, 12)) as share,
        min_by(parts.evidence, -abs(parts.part)) as evidence
    from parts
    group by
        parts.account,
        parts.customer_key,
        parts.meter,
        parts.period_start,
        parts.cause
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
