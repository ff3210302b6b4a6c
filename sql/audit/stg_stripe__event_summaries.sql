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

buckets as (
    select
        summaries.*,
        date_trunc('month', summaries.start_at) as month_at,
        summaries.value_grouping_window = 'day'
        and summaries.start_at = date_trunc('day', summaries.start_at)
        and summaries.end_at = summaries.start_at + interval 1 day as is_whole_day
    from staging.stg_stripe__event_summaries as summaries
),

-- A month's days are the bits of one number; a row that adds no bit is one too many.
extra_days as (
    select
        count(*)
        - bit_count(
            bit_or(
                cast(1 as bigint)
                << date_diff('day', buckets.month_at, buckets.start_at)
            )
        ) as extra_rows
    from buckets
    where buckets.is_whole_day
    group by
        buckets.account,
        buckets.stripe_customer_id,
        buckets.meter_id,
        buckets.month_at
),

extra_buckets as (
    select
        case buckets.value_grouping_window
            when 'hour' then count(distinct buckets.usage_value)
            else count(*)
        end - 1 as extra_rows
    from buckets
    where not coalesce(buckets.is_whole_day, false)
    group by
        buckets.account,
        buckets.stripe_customer_id,
        buckets.meter_id,
        buckets.value_grouping_window,
        buckets.start_at,
        buckets.end_at
),

extra as (
    select extra_days.extra_rows from extra_days
    union all
    select extra_buckets.extra_rows from extra_buckets
),

duplicates as (
    select cast(coalesce(sum(extra.extra_rows), 0) as bigint) as buckets
    from extra
)

select
    totals.row_count,
    duplicates.buckets as duplicate_bucket_count,
    totals.empty_bucket_count
from totals
cross join duplicates
