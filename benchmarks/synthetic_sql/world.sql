-- What happened at a made-up company, before either vendor says it its own way; `world` holds the sizes.
-- hash() scatters deterministically; floats only choose sizes, every quantity is a whole number.
create table meters as
select
    number,
    names[number + 1] as meter,
    'mtr_' || names[number + 1] as meter_id,
    'price_' || names[number + 1] as price_id,
    'prod_' || names[number + 1] as stripe_product_id,
    format('000000b0-0000-4000-8000-{:012x}', number) as metric_id,
    format('000000c0-0000-4000-8000-{:012x}', number) as product_id,
    case number when 9 then 1000 else 1 end as divide_by,
    number = 11 as is_grouped,
    number < 9 as is_graduated
from (
    select
        unnest(range(12)) as number,
        [
            'api_calls', 'tokens_in', 'tokens_out', 'storage_gb', 'bandwidth_gb', 'minutes',
            'messages', 'images', 'searches', 'events', 'seats', 'compute_hours'
        ] as names
);

-- One row per price and tier: quantities above the lower bound and not above the upper, in cents a unit.
create table tiers as
select
    meters.*,
    parts.tier,
    parts.lower_bound,
    case when parts.tier < 4 then parts.upper_bound end as upper_bound,
    parts.unit_price
from meters
inner join (
    values
        (0, 0, 50, cast(2.5 as decimal(6, 3))),
        (1, 50, 500, 2), (2, 500, 5000, 1.25), (3, 5000, 50000, 0.5), (4, 50000, 0, 0.125)
) as parts (tier, lower_bound, upper_bound, unit_price) on meters.is_graduated
union all
select meters.*, 0, 0, null, case when meters.number = 9 then 0.25 else 3 end
from meters
where not meters.is_graduated;

-- One row per customer. Most use a few meters, some all; three in ten are billed from another day than the first.
create table customers as
select
    number,
    'cus_' || lpad(number::varchar, 7, '0') as stripe_id,
    'sub_' || lpad(number::varchar, 7, '0') as subscription_id,
    format('000000a0-0000-4000-8000-{:012x}', number) as metronome_id,
    format('000000d0-0000-4000-8000-{:012x}', number) as contract_id,
    1 + cast(floor(12 * pow((hash(number, 'meters') % 1000003) / 1000003, 2)) as integer) as meters,
    case when hash(number, 'anchor') % 10 < 3 then hash(number, 'day') % 20 else 0 end as anchor,
    ['ap', 'eu', 'us'][1 + cast(hash(number, 'region') % 3 as integer)] as region
from (select unnest(range(world.customers)) as number from world);

-- One row per customer and billing period; the last one is still running.
create table periods as
select
    customers.*,
    month,
    world.start + to_months(month) + to_days(cast(anchor as integer)) as period_start,
    world.start + to_months(month + 1) + to_days(cast(anchor as integer)) as period_end,
    month = world.months as is_running,
    datediff('day', period_start, least(period_end, world.as_of)) as days,
    cast(epoch(period_start) as bigint) as start_unix,
    cast(epoch(period_end) as bigint) as end_unix,
    strftime(period_start, '%Y-%m-%dT%H:%M:%SZ') as start_text,
    strftime(period_end, '%Y-%m-%dT%H:%M:%SZ') as end_text,
    'in_' || lpad(customers.number::varchar, 7, '0') || '_' || lpad(month::varchar, 2, '0') as stripe_invoice_id,
    format('{:08x}-0000-4000-8000-{:012x}', 14680064 + month, customers.number) as metronome_invoice_id
from customers
cross join world
cross join (select unnest(range(world.months + 1)) as month from world)
where period_start < world.as_of;

-- One row per customer, period and meter: its quantity, and on how many days it was used.
create table used as
select
    periods.number,
    periods.month,
    (periods.number + slots.slot) % 12 as meter_number,
    cast(
        floor(pow(10, 1 + 4.5 * pow((hash(periods.number, meter_number, month) % 1000003) / 1000003, 1.5)))
        as bigint
    ) as quantity,
    least(
        1 + cast(floor(28 * pow((hash(periods.number, meter_number) % 1000003) / 1000003, 3.5)) as bigint),
        periods.days,
        quantity
    ) as days_used
from periods
inner join (select unnest(range(12)) as slot) as slots on slots.slot < periods.meters;

-- The few of them that Metronome sees otherwise: half has lost usage, half is charged at another rate.
create table changed as
select number, month, meter_number, row_number() over (order by hash(number, month, meter_number)) % 2 as kind
from used
cross join world
where month < world.months
qualify
    row_number() over (order by hash(number, month, meter_number))
    <= coalesce(world.breaches, (select count(*) from used) * world.differing);

create table billed as
select
    used.*,
    case when changed.kind = 1 then quantity - quantity // 10 - 1 else quantity end as metronome_quantity,
    changed.kind is not null and changed.kind = 0 as is_charged_more
from used
left join changed using (number, month, meter_number);

-- One row per line of a Stripe invoice, and the line of Metronome's that should be the same.
create table lines as
select
    billed.number,
    billed.month,
    billed.meter_number,
    tiers.tier,
    least(quantity, coalesce(upper_bound, quantity)) - lower_bound as quantity,
    greatest(least(metronome_quantity, coalesce(upper_bound, metronome_quantity)) - lower_bound, 0)
        as metronome_quantity,
    tiers.unit_price,
    case when is_charged_more then tiers.unit_price * 2 else tiers.unit_price end as metronome_price
from billed
inner join tiers
    on billed.meter_number = tiers.number and billed.quantity > tiers.lower_bound
order by billed.number, billed.month, billed.meter_number, tiers.tier;

-- One row per customer, meter and day of usage; the first day of a period has what cannot be divided evenly.
create table daily as
select
    billed.number,
    billed.meter_number,
    cast(period_start as date) + cast(step * days // days_used as integer) as day,
    quantity // days_used + case when step = 0 then quantity % days_used else 0 end as quantity,
    metronome_quantity // days_used + case when step = 0 then metronome_quantity % days_used else 0 end
        as metronome_quantity
from (select *, unnest(range(days_used)) as step from billed) as billed
inner join periods on billed.number = periods.number and billed.month = periods.month
order by billed.number, billed.meter_number, day;

-- One row per product and group values with its rate, as Metronome tells it.
create table rates as
select
    product_id,
    {
        'rate_type': case when is_graduated then 'TIERED' else 'FLAT' end,
        'price': case when not is_graduated then (min(unit_price) * min(divide_by))::varchar end,
        'tiers': case
            when is_graduated
                then list({'price': unit_price::varchar, 'size': (upper_bound - lower_bound)::varchar} order by tier)
        end,
        'credit_type': {
            'id': '2714e483-4ff1-48e4-9e25-ac732e8f24f2', 'name': 'USD (cents)', 'is_currency': null
        }
    } as rate,
    case when is_grouped then '{"region":"' || region || '"}' end as pricing_group_values
from tiers
inner join (select unnest(['ap', 'eu', 'us']) as region) as regions on is_grouped or region = 'us'
group by product_id, is_graduated, is_grouped, region;
