-- One row per money row and cause of what was charged otherwise, before credit; rounding has no cause.
-- A quantity effect takes the causes of its charge's quantity in that period in proportion; a line that one side alone has and no
-- quantity explains takes the cause of the place. Invoices of one side stand in explain.unmatched_causes. What is left is unexplained.
with

money_rows as (
    select * from explain.money_rows
),

effects as (
    select
        money_effects.money_row,
        money_effects.effect,
        money_effects.charge_meter,
        money_effects.charge_group,
        money_effects.amount,
        money_rows.currency
    from explain.money_effects as money_effects
    inner join money_rows on money_effects.money_row = money_rows.money_row
),

-- Usage that only Metronome counts, and charges.
without_meter as (
    select
        charges.money_row,
        charges.charge_meter,
        charges.charge_group,
        coalesce(products.product, charges.product_id, 'A product')
        || ' is charged for usage of a metric to which no Stripe meter is linked.'
            as evidence
    from explain.charges as charges
    left join money_rows on charges.money_row = money_rows.money_row
    left join staging.stg_metronome__products as products
        on
            money_rows.account = products.account
            and charges.product_id = products.product_id
    where
        charges.charge_meter = ''
        and charges.has_metronome
        and not charges.has_stripe
),

quantity_effects as (
    select
        effects.*,
        row_number() over (
            order by
                effects.money_row,
                effects.charge_meter,
                effects.charge_group,
                effects.effect
        ) as quantity_effect
    from effects
    where effects.effect in ('quantity', 'unmatched_line')
),

quantity_parts as (
    select
        quantity_effects.quantity_effect,
        quantity_effects.amount,
        charge_shares.cause,
        charge_shares.evidence,
        charge_shares.share,
        sum(charge_shares.share) over (
            partition by quantity_effects.quantity_effect
        ) as total_share,
        sum(abs(charge_shares.share)) over (
            partition by quantity_effects.quantity_effect
        ) as gross_share,
        row_number() over (
            partition by quantity_effects.quantity_effect
            order by abs(charge_shares.share) desc, charge_shares.cause
        ) as preference
    from quantity_effects
    inner join explain.charge_shares as charge_shares
        on
            quantity_effects.money_row = charge_shares.money_row
            and quantity_effects.charge_meter = charge_shares.charge_meter
            and quantity_effects.charge_group = charge_shares.charge_group
),

weighed as (
    select
        quantity_parts.*,
        cast(
            case
                when quantity_parts.preference = 1 then 0
                when abs(quantity_parts.total_share) * 1000 < quantity_parts.gross_share
                    then abs(quantity_parts.share) / quantity_parts.gross_share
                else quantity_parts.share / quantity_parts.total_share
            end as decimal(24, 12)
        ) as part_ratio
    from quantity_parts
),

parted as (
    select
        weighed.*,
        cast(
            cast(weighed.amount as decimal(38, 6)) * weighed.part_ratio
            as decimal(38, 12)
        ) as part
    from weighed
),

by_quantity as (
    select
        quantity_effects.money_row,
        quantity_effects.effect,
        case
            when parted.cause is not null then parted.cause
            when without_meter.money_row is not null then 'events_extra'
            when placed.cause is not null then placed.cause
            else 'unexplained'
        end as cause,
        case
            when parted.cause is null then quantity_effects.amount
            when parted.preference = 1
                then
                    quantity_effects.amount
                    - sum(parted.part) over (
                        partition by quantity_effects.quantity_effect
                    )
            else parted.part
        end as share,
        coalesce(
            quantity_effects.charge_meter || ': ' || parted.evidence,
            without_meter.evidence,
            placed.evidence,
            'Only one side has a line of this charge.'
        ) as evidence
    from quantity_effects
    left join parted
        on quantity_effects.quantity_effect = parted.quantity_effect
    left join without_meter
        on
            quantity_effects.money_row = without_meter.money_row
            and quantity_effects.charge_meter = without_meter.charge_meter
            and quantity_effects.charge_group = without_meter.charge_group
    left join explain.money_places as placed
        on quantity_effects.money_row = placed.money_row
),

others as (
    select
        effects.money_row,
        effects.effect,
        case effects.effect
            when 'discount' then 'discount_missing'
            when 'currency_unit' then 'currency_unit'
            else 'unexplained'
        end as cause,
        effects.amount as share,
        case effects.effect
            when 'discount'
                then
                    'Stripe''s discounts take '
                    || money_text(effects.amount, effects.currency)
                    || ' more off than Metronome''s prices and discounts.'
            when 'currency_unit'
                then
                    'Metronome''s amounts are off by the number of minor units in one '
                    || effects.currency
                    || ': whole units taken as minor units, or the reverse.'
            when 'unattributed'
                then
                    'Lines cost '
                    || money_text(effects.amount, effects.currency)
                    || ' beside their own quantity times unit price, or by rounding.'
        end as evidence
    from effects
    where
        effects.effect in (
            'discount',
            'currency_unit',
            'unattributed'
        )
),

all_parts as (
    select
        by_quantity.money_row,
        by_quantity.cause,
        by_quantity.share,
        by_quantity.evidence
    from by_quantity
    union all
    select
        price_causes.money_row,
        price_causes.cause,
        price_causes.share,
        price_causes.evidence
    from explain.price_causes as price_causes
    union all
    select
        others.money_row,
        others.cause,
        others.share,
        others.evidence
    from others
    union all
    select
        unmatched_causes.money_row,
        unmatched_causes.cause,
        unmatched_causes.share,
        unmatched_causes.evidence
    from explain.unmatched_causes as unmatched_causes
    union all
    select
        fixed_causes.money_row,
        fixed_causes.cause,
        fixed_causes.share,
        fixed_causes.evidence
    from explain.fixed_causes as fixed_causes
)

select
    all_parts.money_row,
    all_parts.cause,
    cast(sum(all_parts.share) as decimal(38, 12)) as share,
    min_by(
        all_parts.evidence, greatest_first(all_parts.share, all_parts.evidence)
    ) as evidence
from all_parts
group by all_parts.money_row, all_parts.cause
