-- One row per breach of event_ingestion and cause; the shares of a row sum to its variance.
-- share: the cause's part of the row's variance, raw units
-- evidence: the cause in a sentence, with the numbers it rests on
select
    shares.check_name,
    shares.account,
    shares.customer_key,
    shares.stripe_customer_id,
    shares.metronome_customer_id,
    shares.currency,
    shares.meter,
    shares.product,
    shares.pricing_group_values,
    shares.period_start,
    shares.period_end,
    shares.usage_date,
    shares.cause,
    shares.share,
    shares.evidence
from explain.usage_shares as shares
where shares.status = 'breach'
