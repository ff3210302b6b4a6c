-- One row per prepaid commit or credit of a Metronome customer and part of its access schedule, in money.
-- amount_minor_units: what became available, minor units of currency
-- rolled_over_minor_units: what went over into another commit when it ended; that one has a row of its own
-- expired_minor_units: what was lost when it ended
-- is_for_every_product: whether it pays for every product, else for those in stg_metronome__balance_products
with

balances as (
    select
        coalesce(moved.account, listed.account) as account,
        listed.id as balance_id,
        listed.customer_id as metronome_customer_id,
        upper(listed.type) as balance_type,
        cast(coalesce(listed.priority, '50') as decimal(18, 6)) as priority,
        listed.access_schedule.credit_type.name as credit_type_name,
        coalesce(array_length(listed.applicable_product_ids), 0) as products,
        listed.access_schedule.schedule_items,
        listed.ledger
    from raw_metronome.balances as listed
    left join intermediate.int_metronome_customers__moved as moved
        on
            listed.account = moved.environment
            and listed.customer_id = moved.metronome_customer_id
    where listed.archived_at is null and upper(listed.type) <> 'POSTPAID'
),

items as (
    select
        balances.*,
        unnest(balances.schedule_items) as item
    from balances
),

entries as (
    select
        balances.account,
        balances.balance_id,
        unnest(balances.ledger) as entry
    from balances
),

endings as (
    select
        entries.account,
        entries.balance_id,
        sum(abs(cast(entries.entry.amount as decimal(26, 12)))) filter (
            where entries.entry.type like '%ROLLOVER'
        ) as rolled_over,
        sum(abs(cast(entries.entry.amount as decimal(26, 12)))) filter (
            where entries.entry.type like '%EXPIRATION'
        ) as expired
    from entries
    where cast(entries.entry.amount as decimal(26, 12)) < 0
    group by entries.account, entries.balance_id
),

measured as (
    select
        items.*,
        currencies.currency,
        case
            when items.credit_type_name like '% (cents)' then cast(1 as decimal(6, 0))
            else cast(currencies.minor_units_per_unit as decimal(6, 0))
        end as minor_units,
        coalesce(endings.rolled_over, 0) as rolled_over,
        coalesce(endings.expired, 0) as expired
    from items
    inner join control.currencies as currencies
        on lower(split_part(items.credit_type_name, ' (', 1)) = currencies.currency
    left join endings
        on
            items.account = endings.account
            and items.balance_id = endings.balance_id
)

select
    measured.account,
    measured.balance_id,
    measured.metronome_customer_id,
    measured.balance_type,
    measured.priority,
    measured.currency,
    measured.products,
    measured.products = 0 as is_for_every_product,
    cast(
        cast(measured.item.amount as decimal(26, 12)) * measured.minor_units
        as decimal(38, 12)
    ) as amount_minor_units,
    cast(
        cast(measured.rolled_over as decimal(26, 12)) * measured.minor_units
        as decimal(38, 12)
    ) as rolled_over_minor_units,
    cast(
        cast(measured.expired as decimal(26, 12)) * measured.minor_units
        as decimal(38, 12)
    ) as expired_minor_units,
    measured.item.starting_at as starts_at,
    measured.item.ending_before as ends_at
from measured
