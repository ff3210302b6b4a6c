-- One row: counts of what must not be in staging.stg_stripe__event_summaries.
-- duplicate_bucket_count: buckets beyond the first of the same customer, meter and bounds
-- empty_bucket_count: buckets that end before they start
with

buckets as (
    select
        summaries.account,
        summaries.stripe_customer_id,
        summaries.meter_id,
        summaries.value_grouping_window,
        summaries.start_at,
        summaries.end_at,
        count(*) as copies
    from staging.stg_stripe__event_summaries as summaries
    group by
        summaries.account,
        summaries.stripe_customer_id,
        summaries.meter_id,
        summaries.value_grouping_window,
        summaries.start_at,
        summaries.end_at
)

select
    cast(coalesce(sum(buckets.copies), 0) as bigint) as row_count,
    cast(coalesce(sum(buckets.copies - 1), 0) as bigint) as duplicate_bucket_count,
    count(*) filter (where buckets.end_at <= buckets.start_at) as empty_bucket_count
from buckets
