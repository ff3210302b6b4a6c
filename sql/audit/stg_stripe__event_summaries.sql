-- One row: counts of what must not be in staging.stg_stripe__event_summaries.
-- duplicate_bucket_count: buckets beyond the first of the same customer, meter and bounds; of an hour, which may be asked for twice, only those with another value
-- empty_bucket_count: buckets that end before they start
with

totals as (
    select
        count(*) as row_count,
        count(*) filter (
            where summaries.end_at <= summaries.start_at
        ) as empty_bucket_count
    from staging.stg_stripe__event_summaries as summaries
),

-- Numbers find the few buckets that may be there twice; only these are compared by what they are.
hashed as (
    select
        hash(
            summaries.account,
            summaries.stripe_customer_id,
            summaries.meter_id,
            summaries.value_grouping_window,
            summaries.start_at,
            summaries.end_at
        ) as bucket_hash
    from staging.stg_stripe__event_summaries as summaries
),

suspects as (
    select hashed.bucket_hash
    from hashed
    group by hashed.bucket_hash
    having count(*) > 1
),

buckets as (
    select
        case summaries.value_grouping_window
            when 'hour' then count(distinct summaries.usage_value)
            else count(*)
        end as copies
    from staging.stg_stripe__event_summaries as summaries
    inner join suspects
        on suspects.bucket_hash = hash(
            summaries.account,
            summaries.stripe_customer_id,
            summaries.meter_id,
            summaries.value_grouping_window,
            summaries.start_at,
            summaries.end_at
        )
    group by
        summaries.account,
        summaries.stripe_customer_id,
        summaries.meter_id,
        summaries.value_grouping_window,
        summaries.start_at,
        summaries.end_at
),

duplicates as (
    select coalesce(sum(buckets.copies - 1), 0) as copies
    from buckets
)

select
    totals.row_count,
    cast(duplicates.copies as bigint) as duplicate_bucket_count,
    totals.empty_bucket_count
from totals
cross join duplicates
