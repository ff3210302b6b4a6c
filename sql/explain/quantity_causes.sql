-- One row per breach of line_item_quantities and cause; the shares of a row sum to its variance.
-- A row that breaches by shifted bounds alone, with equal quantities, has one row with share 0.
-- share: the cause's part of the row's variance, raw units
-- evidence: the cause in a sentence, with the numbers it rests on
with

breaches as (
    select * from explain.quantity_rows
    where status = 'breach'
)

select
    breaches.check_name,
    breaches.account,
    breaches.customer_key,
    breaches.stripe_customer_id,
    breaches.metronome_customer_id,
    breaches.currency,
    breaches.meter,
    breaches.product,
    breaches.pricing_group_values,
    breaches.period_start,
    breaches.period_end,
    breaches.usage_date,
    coalesce(shares.cause, 'period_shift') as cause,
    coalesce(shares.share, cast(0 as decimal(38, 12))) as share,
    coalesce(
        shares.evidence,
        'The bounds of the period are more than a day apart; the quantities agree.'
    ) as evidence
from breaches
left join explain.quantity_shares as shares
    on
        breaches.account = shares.account
        and breaches.customer_key = shares.customer_key
        and breaches.meter = shares.meter
        and breaches.period_start = shares.period_start
