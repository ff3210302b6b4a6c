-- What credit did each side apply, period by period? Only rows that differ.
select
    credits.account,
    coalesce(credits.stripe_customer_id, credits.metronome_customer_id) as customer,
    cast(credits.period_start as date) as period_start,
    credits.currency,
    credits.expected_value as stripe_minor_units,
    credits.actual_value as metronome_minor_units,
    credits.variance as difference,
    credits.status
from parity.credit_drawdowns as credits
where credits.variance <> 0
order by abs(credits.variance) desc, customer asc, credits.period_start asc
