-- One row per row of invoice_totals with a variance, and effect; the amounts of a row's effects sum to its variance.
-- effect: what the amount comes from; this version attributes the whole variance to one effect
-- amount: the effect's share of the variance, minor units of currency
-- meter: the meter concerned, where the effect has one
-- product: the Metronome product concerned, where the effect has one
select
    totals.account,
    totals.stripe_customer_id,
    totals.metronome_customer_id,
    totals.currency,
    totals.period_start,
    totals.period_end,
    case
        when totals.presence <> 'both' then 'unmatched_invoice'
        when totals.status in ('match', 'within_tolerance') then 'rounding_or_tolerance'
        else 'unattributed'
    end as effect,
    cast(null as varchar) as meter,
    cast(null as varchar) as product,
    totals.variance as amount
from parity.invoice_totals as totals
where totals.variance <> 0
