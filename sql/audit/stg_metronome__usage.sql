-- One row: counts of what must not be in staging.stg_metronome__usage.
-- duplicate_window_count: windows beyond the first of the same customer, metric and bounds
-- unknown_customer_count: customers with usage that were not listed
with

customers as (
    select
        usage_rows.account,
        usage_rows.metronome_customer_id,
        count(*) as row_count
    from staging.stg_metronome__usage as usage_rows
    group by usage_rows.account, usage_rows.metronome_customer_id
),

totals as (
    select
        cast(coalesce(sum(customers.row_count), 0) as bigint) as row_count,
        count(*) filter (
            where assigned.metronome_customer_id is null
        ) as unknown_customer_count
    from customers
    left join intermediate.int_metronome_customers__assigned as assigned
        on
            customers.account = assigned.account
            and customers.metronome_customer_id = assigned.metronome_customer_id
),

-- Numbers find the few windows that may be there twice; only these are compared by what they are.
hashed as (
    select
        hash(
            usage_rows.account,
            usage_rows.metronome_customer_id,
            usage_rows.billable_metric_id,
            usage_rows.window_size,
            usage_rows.start_at,
            usage_rows.end_at
        ) as window_hash
    from staging.stg_metronome__usage as usage_rows
),

suspects as (
    select hashed.window_hash
    from hashed
    group by hashed.window_hash
    having count(*) > 1
),

windows as (
    select count(*) as copies
    from staging.stg_metronome__usage as usage_rows
    inner join suspects
        on suspects.window_hash = hash(
            usage_rows.account,
            usage_rows.metronome_customer_id,
            usage_rows.billable_metric_id,
            usage_rows.window_size,
            usage_rows.start_at,
            usage_rows.end_at
        )
    group by
        usage_rows.account,
        usage_rows.metronome_customer_id,
        usage_rows.billable_metric_id,
        usage_rows.window_size,
        usage_rows.start_at,
        usage_rows.end_at
),

duplicates as (
    select coalesce(sum(windows.copies - 1), 0) as copies
    from windows
)

select
    totals.row_count,
    cast(duplicates.copies as bigint) as duplicate_window_count,
    totals.unknown_customer_count
from totals
cross join duplicates
