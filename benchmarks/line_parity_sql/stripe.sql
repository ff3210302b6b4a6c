-- Invoice lines as one side has them: ten on an invoice on average, most with few, in the order of their keys.
select
    'cus_' || lpad(customer::varchar, 8, '0') as customer,
    date '2026-01-01' + to_months(month) as period,
    'meter_' || (hash(customer, line) % 12) as meter,
    '{"tier":"' || line || '"}' as group_values,
    cast(hash(customer, month, line) % 90000000 / 1000 as decimal(18, 4)) as quantity,
    cast(hash(line, month, customer) % 900000 as bigint) as amount
from (
    select
        customer,
        month,
        unnest(range(1 + cast(floor(28 * pow((hash(customer, month) % 1000003) / 1000003, 2)) as integer))) as line
    from (select unnest(range(sizes.customers)) as customer from sizes)
    cross join (select unnest(range(10)) as month)
)
