-- One row: counts of what must not be in staging.stg_metronome__usage.
-- duplicate_window_count: windows beyond the first of the same customer, metric and bounds
-- unknown_customer_count: usage of a customer that was not listed
with

windows as (
    select
        usage_rows.account,
        usage_rows.metronome_customer_id,
        usage_rows.billable_metric_id,
        usage_rows.window_size,
        usage_rows.start_at,
        usage_rows.end_at,
        count(*) as copies
    from staging.stg_metronome__usage as usage_rows
    group by
        usage_rows.account,
        usage_rows.metronome_customer_id,
        usage_rows.billable_metric_id,
        usage_rows.window_size,
        usage_rows.start_at,
        usage_rows.end_at
)

select
    cast(coalesce(sum(windows.copies), 0) as bigint) as row_count,
    cast(coalesce(sum(windows.copies - 1), 0) as bigint) as duplicate_window_count,
    count(*) filter (
        where customers.metronome_customer_id is null
    ) as unknown_customer_count
from windows
left join intermediate.int_metronome_customers__assigned as customers
    on
        windows.account = customers.account
        and windows.metronome_customer_id = customers.metronome_customer_id
