-- One row per customer, meter and asked bucket (a day, an hour, or one whole period).
-- The summary itself names no customer; the landing keeps who was asked for (trap T10). The hour at an edge
-- that two periods share may have been asked for twice, and stands here as often.
select
    summaries.account,
    summaries.customer_id as stripe_customer_id,
    summaries.meter as meter_id,
    summaries.value_grouping_window,
    cast(summaries.aggregated_value as decimal(38, 12)) as usage_value,
    make_timestamp(summaries.start_time * 1000000) as start_at,
    make_timestamp(summaries.end_time * 1000000) as end_at
from raw_stripe.meter_event_summaries as summaries
