-- One row per account in which customers take turns with their usage, because one run may not ask all of them.
-- put_off_customers: customers that were not asked in this run; control.usage_ages names them
-- never_read_customers: of those, the ones of whom too little was ever read
-- aged_customers: of those, the ones whose usage was read longer ago than a verdict may be old, so that it is pending
-- aged_rows: rows of event_ingestion that are pending for that alone
-- differing_customers: customers with such rows that would be breaches; there is no GO before they are asked again
-- oldest_known_until: end of the days that were asked about, of the customer who has waited longest, UTC
-- oldest_read_at: since when the oldest of their usage is known, UTC
with

put_off as (
    select * from intermediate.int_usage__put_off
),

aged as (
    select
        aged.account,
        count(*) as aged_rows,
        count(distinct case when aged.is_differing then aged.customer_key end)
            as differing_customers
    from intermediate.int_usage__aged as aged
    group by aged.account
)

select
    put_off.account,
    count(*) as put_off_customers,
    count(*) filter (where put_off.known_until is null) as never_read_customers,
    count(*) filter (where put_off.is_aged) as aged_customers,
    coalesce(max(aged.aged_rows), 0) as aged_rows,
    coalesce(max(aged.differing_customers), 0) as differing_customers,
    min(put_off.known_until) as oldest_known_until,
    min(put_off.read_at) as oldest_read_at
from put_off
left join aged on put_off.account = aged.account
group by put_off.account
