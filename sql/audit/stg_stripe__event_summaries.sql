-- One row: counts of what must not be in staging.stg_stripe__event_summaries.
-- duplicate_bucket_count: buckets beyond the first of the same customer, meter and bounds; of an hour, which may be asked for twice, only those with another value
-- empty_bucket_count: buckets that end before they start
with

keyed as (
    select
        summaries.*,
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

totals as (
    select
        count(*) as row_count,
        count(*) filter (
            where keyed.end_at <= keyed.start_at
        ) as empty_bucket_count
    from keyed
),

-- Numbers find the few buckets that may be there twice; only these are compared by what they are.
suspects as (
    select keyed.bucket_hash
    from keyed
    group by keyed.bucket_hash
    having count(*) > 1
),

buckets as (
    select
        case keyed.value_grouping_window
            when 'hour' then count(distinct keyed.usage_value)
            else count(*)
        end as copies
    from keyed
    inner join suspects on keyed.bucket_hash = suspects.bucket_hash
    group by
        keyed.account,
        keyed.stripe_customer_id,
        keyed.meter_id,
        keyed.value_grouping_window,
        keyed.start_at,
        keyed.end_at
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
