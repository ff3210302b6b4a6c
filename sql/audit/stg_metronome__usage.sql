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

windows as (
    select
        usage_rows.*,
        date_trunc('month', usage_rows.start_at) as month_at,
        usage_rows.start_at = date_trunc('day', usage_rows.start_at)
        and usage_rows.end_at = usage_rows.start_at + interval 1 day as is_whole_day
    from staging.stg_metronome__usage as usage_rows
),

-- A month's days are the bits of one number; a row that adds no bit is one too many.
extra_days as (
    select
        count(*)
        - bit_count(
            bit_or(
                cast(1 as bigint)
                << date_diff('day', windows.month_at, windows.start_at)
            )
        ) as extra_rows
    from windows
    where windows.is_whole_day
    group by
        windows.account,
        windows.metronome_customer_id,
        windows.billable_metric_id,
        windows.window_size,
        windows.month_at
),

extra_windows as (
    select count(*) - 1 as extra_rows
    from windows
    where not coalesce(windows.is_whole_day, false)
    group by
        windows.account,
        windows.metronome_customer_id,
        windows.billable_metric_id,
        windows.window_size,
        windows.start_at,
        windows.end_at
),

extra as (
    select extra_days.extra_rows from extra_days
    union all
    select extra_windows.extra_rows from extra_windows
),

duplicates as (
    select cast(coalesce(sum(extra.extra_rows), 0) as bigint) as windows
    from extra
)

select
    totals.row_count,
    duplicates.windows as duplicate_window_count,
    totals.unknown_customer_count
from totals
cross join duplicates
