-- One row per money row and charge with a price effect: how Metronome's prices compare with Stripe's.
-- charged_otherwise: what Metronome charged, without a missing discount and in the right unit of the currency
-- is_tiered: whether either side has several tiers or a flat fee
-- rate_ratio: the one ratio of all Metronome's prices to Stripe's after discounts; NULL where they are not in proportion
with

effects as (
    select
        charge_effects.money_row,
        charge_effects.charge_meter,
        charge_effects.charge_group,
        charge_effects.effect,
        charge_effects.amount
    from explain.charge_effects as charge_effects
    where charge_effects.effect in ('price', 'discount', 'currency_unit')
),

charges as (
    select
        charges.*,
        money_rows.account,
        money_rows.customer_key,
        money_rows.currency,
        money_rows.period_start,
        money_rows.metronome_start,
        money_rows.metronome_end,
        money_rows.minor_units_per_unit,
        prices.amount,
        coalesce(discounts.amount, 0) as discount_part,
        coalesce(units.amount, 0) as unit_effect,
        charges.metronome_usage_charged + charges.metronome_fee_charged
            as metronome_charged,
        charges.expected_at_metronome + prices.amount as charged_otherwise
    from effects as prices
    inner join explain.charges as charges
        on
            prices.money_row = charges.money_row
            and prices.charge_meter = charges.charge_meter
            and prices.charge_group = charges.charge_group
    inner join explain.money_rows as money_rows
        on prices.money_row = money_rows.money_row
    left join effects as discounts
        on
            prices.money_row = discounts.money_row
            and prices.charge_meter = discounts.charge_meter
            and prices.charge_group = discounts.charge_group
            and discounts.effect = 'discount'
    left join effects as units
        on
            prices.money_row = units.money_row
            and prices.charge_meter = units.charge_meter
            and prices.charge_group = units.charge_group
            and units.effect = 'currency_unit'
    where prices.effect = 'price'
),

stripe_tiers as (
    select
        tiers.account,
        tiers.stripe_price_id,
        cast(tiers.unit_amount_minor_units as decimal(22, 10)) as unit_amount,
        row_number() over (
            partition by tiers.account, tiers.stripe_price_id
            order by tiers.unit_amount_minor_units desc, tiers.lower_bound asc
        ) as price_rank,
        count(*) over (partition by tiers.account, tiers.stripe_price_id) as tiers,
        max(cast(tiers.unit_amount_minor_units as decimal(22, 10))) over (
            partition by tiers.account, tiers.stripe_price_id
        ) as top_amount,
        max(tiers.flat_amount_minor_units) over (
            partition by tiers.account, tiers.stripe_price_id
        ) as top_flat_amount,
        tiers.pricing_model
    from staging.stg_stripe__price_tiers as tiers
),

rates as (
    select
        charges.money_row,
        charges.charge_meter,
        charges.charge_group,
        cast(tiers.price_minor_units as decimal(22, 10)) as price,
        cast(tiers.starts_at as varchar)
        || tiers.contract_id
        || tiers.pricing_group_values as rate,
        row_number() over (
            partition by
                charges.money_row,
                charges.charge_meter,
                charges.charge_group,
                tiers.contract_id,
                tiers.pricing_group_values,
                tiers.starts_at
            order by tiers.price_minor_units desc, tiers.tier_size asc
        ) as price_rank,
        count(*) over (
            partition by
                charges.money_row,
                charges.charge_meter,
                charges.charge_group,
                tiers.contract_id,
                tiers.pricing_group_values,
                tiers.starts_at
        ) as tiers,
        max(cast(tiers.price_minor_units as decimal(22, 10))) over (
            partition by
                charges.money_row,
                charges.charge_meter,
                charges.charge_group,
                tiers.contract_id,
                tiers.pricing_group_values,
                tiers.starts_at
        ) as top_price
    from charges
    inner join intermediate.int_metronome_customers__keyed as customers
        on
            charges.account = customers.account
            and charges.customer_key = customers.customer_key
    inner join staging.stg_metronome__rate_tiers as tiers
        on
            customers.account = tiers.account
            and customers.metronome_customer_id = tiers.metronome_customer_id
            and charges.product_id = tiers.product_id
            and charges.currency = tiers.currency
            and charges.metronome_end > tiers.starts_at
            and coalesce(charges.metronome_start < tiers.ends_at, true)
),

chosen_rates as (
    select
        rates.*,
        max(rates.rate) over (
            partition by rates.money_row, rates.charge_meter, rates.charge_group
        ) as last_rate
    from rates
),

-- One ratio on all prices, whatever the bounds: the prices of both sides in order, in proportion.
compared_tiers as (
    select
        charges.money_row,
        charges.charge_meter,
        charges.charge_group,
        max(stripe_tiers.tiers) > 1
        or max(coalesce(chosen_rates.tiers, 1)) > 1
        or max(stripe_tiers.top_flat_amount) <> 0
        or bool_or(stripe_tiers.pricing_model = 'volume') as is_tiered,
        coalesce(
            max(stripe_tiers.tiers) = max(chosen_rates.tiers)
            and bool_and(
                abs(
                    chosen_rates.price * stripe_tiers.top_amount
                    - chosen_rates.top_price * stripe_tiers.unit_amount
                ) * 1000000
                <= chosen_rates.top_price * stripe_tiers.top_amount
            ),
            false
        ) as is_in_proportion,
        max(chosen_rates.top_price) as top_price,
        max(stripe_tiers.top_amount) as top_amount,
        max(stripe_tiers.pricing_model) as pricing_model
    from charges
    inner join stripe_tiers
        on
            charges.account = stripe_tiers.account
            and charges.stripe_price_id = stripe_tiers.stripe_price_id
    left join chosen_rates
        on
            charges.money_row = chosen_rates.money_row
            and charges.charge_meter = chosen_rates.charge_meter
            and charges.charge_group = chosen_rates.charge_group
            and chosen_rates.rate = chosen_rates.last_rate
            and stripe_tiers.price_rank = chosen_rates.price_rank
    group by charges.money_row, charges.charge_meter, charges.charge_group
),

conversions as (
    select
        charges.money_row,
        charges.charge_meter,
        charges.charge_group,
        min(conversions.conversion_operation) as conversion_operation,
        min(cast(conversions.conversion_factor as decimal(18, 6))) as conversion_factor,
        min(cast(conversions.inverse_factor as decimal(24, 9))) as inverse_conversion
    from charges
    inner join intermediate.int_product_conversions__dated as conversions
        on
            charges.account = conversions.account
            and charges.product_id = conversions.product_id
            and charges.metronome_start >= conversions.valid_from_at
            and charges.metronome_start < conversions.valid_until_at
    group by charges.money_row, charges.charge_meter, charges.charge_group
),

ratios as (
    select
        charges.*,
        coalesce(compared_tiers.is_tiered, false) as is_tiered,
        compared_tiers.pricing_model,
        conversions.conversion_operation,
        conversions.conversion_factor,
        cast(
            case
                when
                    not coalesce(compared_tiers.is_in_proportion, false)
                    or compared_tiers.top_amount < 0.00000001
                    or coalesce(charges.net_factor, 0) < 0.00000001
                    then null
                when conversions.conversion_operation = 'DIVIDE'
                    then
                        compared_tiers.top_price
                        / compared_tiers.top_amount
                        / conversions.conversion_factor
                        / charges.net_factor
                when conversions.conversion_operation = 'MULTIPLY'
                    then
                        compared_tiers.top_price
                        / compared_tiers.top_amount
                        * conversions.conversion_factor
                        / charges.net_factor
                else
                    compared_tiers.top_price
                    / compared_tiers.top_amount
                    / charges.net_factor
            end as decimal(34, 9)
        ) as listed_ratio
    from charges
    left join compared_tiers
        on
            charges.money_row = compared_tiers.money_row
            and charges.charge_meter = compared_tiers.charge_meter
            and charges.charge_group = compared_tiers.charge_group
    left join conversions
        on
            charges.money_row = conversions.money_row
            and charges.charge_meter = conversions.charge_meter
            and charges.charge_group = conversions.charge_group
)

-- Where the whole row is in the wrong unit of its currency, its rates are too; that is told by its own effect.
select
    ratios.*,
    cast(
        case
            when ratios.unit_effect > 0
                then ratios.listed_ratio / ratios.minor_units_per_unit
            when ratios.unit_effect < 0
                then ratios.listed_ratio * ratios.minor_units_per_unit
            else ratios.listed_ratio
        end as decimal(34, 9)
    ) as rate_ratio
from ratios
