-- Does each meter count the same usage on each day, over all customers? Only days that differ, the latest first.
select
    usage.account,
    usage.usage_date,
    usage.meter,
    sum(usage.expected_value) as stripe_quantity,
    sum(usage.actual_value) as metronome_quantity,
    sum(usage.variance) as net_difference,
    sum(abs(usage.variance)) as gross_difference,
    count(*) filter (where usage.status = 'breach') as customers_in_breach
from parity.event_ingestion as usage
where usage.usage_date is not null and usage.status <> 'pending'
group by usage.account, usage.usage_date, usage.meter
having sum(abs(usage.variance)) > 0
order by
    usage.usage_date desc, gross_difference desc, usage.account asc, usage.meter asc
limit 60
