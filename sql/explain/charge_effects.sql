-- One row per money row, charge and effect on what was charged; fixed charges and discount lines stand for themselves.
-- Per charge: what Metronome charged less what Stripe did is the price of the other quantity, plus what Metronome charged
-- otherwise than Stripe's prices would have (of that what a discount alone explains), plus what Stripe's rounding did.
-- A price difference inside the rounding of the charge's lines is rounding. A discount on Stripe's side explains a
-- difference only up to its own amount; where another charge of the customer shows that it was carried over, only as far
-- as Metronome's lines cost Stripe's price without it.
-- A line that costs other money than its own quantity times its own unit price is unattributed by so much.
-- effect: quantity, price, discount, fixed_charge, unmatched_line, currency_unit, unattributed or rounding
with

charges as (
    select
        charges.*,
        money_rows.account,
        money_rows.customer_key,
        money_rows.minor_units_per_unit,
        charges.metronome_usage_charged + charges.metronome_fee_charged
            as metronome_charged
    from explain.charges as charges
    inner join explain.money_rows as money_rows
        on charges.money_row = money_rows.money_row
    where money_rows.presence = 'both'
),

factored as (
    select
        charges.*,
        cast(charges.minor_units_per_unit as decimal(6, 0)) as unit_factor,
        cast(1 / charges.minor_units_per_unit as decimal(18, 12)) as inverse_factor
    from charges
),

-- Amounts a hundred times too large or too small: exactly so in one charge, about so in all.
unit_tested as (
    select
        factored.money_row,
        bool_and(
            factored.metronome_charged >= factored.expected_at_metronome * 20
            and factored.metronome_charged <= factored.expected_at_metronome * 500
        )
        and bool_or(
            abs(
                factored.metronome_charged
                - factored.expected_at_metronome * factored.unit_factor
            ) <= factored.noise * factored.unit_factor
        ) as is_times_unit,
        bool_and(
            factored.metronome_charged * 20 <= factored.expected_at_metronome
            and factored.metronome_charged * 500 >= factored.expected_at_metronome
        )
        and bool_or(
            abs(
                factored.metronome_charged * factored.unit_factor
                - factored.expected_at_metronome
            ) <= factored.noise
        ) as is_unit_part
    from factored
    where
        factored.minor_units_per_unit > 1
        and factored.expected_at_metronome > 0
        and factored.metronome_charged <> 0
    group by factored.money_row
),

rescaled as (
    select
        factored.*,
        cast(
            case
                when unit_tested.is_times_unit
                    then factored.metronome_charged * factored.inverse_factor
                when unit_tested.is_unit_part
                    then factored.metronome_charged * factored.unit_factor
                else factored.metronome_charged
            end as decimal(38, 12)
        ) as charged_in_unit
    from factored
    left join unit_tested on factored.money_row = unit_tested.money_row
),

carried as (
    select distinct
        rescaled.account,
        rescaled.customer_key
    from rescaled
    where
        rescaled.discount_at_metronome > 4 * rescaled.noise
        and abs(rescaled.charged_in_unit - rescaled.expected_at_metronome)
        <= rescaled.noise
),

discounted as (
    select
        rescaled.*,
        rescaled.charged_in_unit - rescaled.expected_at_metronome as difference,
        case
            when
                rescaled.charged_in_unit <= rescaled.expected_at_metronome
                or rescaled.discount_at_metronome = 0
                then 0
            when
                abs(
                    rescaled.charged_in_unit
                    - rescaled.expected_at_metronome
                    - rescaled.discount_at_metronome
                ) <= rescaled.noise
                then rescaled.charged_in_unit - rescaled.expected_at_metronome
            when
                abs(
                    rescaled.charged_in_unit
                    - rescaled.expected_at_metronome
                    - undiscounted.amount
                ) <= rescaled.noise
                then rescaled.charged_in_unit - rescaled.expected_at_metronome
            when carried.account is not null
                then
                    least(
                        rescaled.charged_in_unit - rescaled.expected_at_metronome,
                        coalesce(undiscounted.amount, 0)
                    )
            else
                least(
                    rescaled.charged_in_unit - rescaled.expected_at_metronome,
                    rescaled.discount_at_metronome
                )
        end as discount_part
    from rescaled
    left join carried
        on
            rescaled.account = carried.account
            and rescaled.customer_key = carried.customer_key
    left join explain.charge_undiscounted as undiscounted
        on
            rescaled.money_row = undiscounted.money_row
            and rescaled.charge_meter = undiscounted.charge_meter
            and rescaled.charge_group = undiscounted.charge_group
    where rescaled.has_stripe and rescaled.has_metronome
),

by_charge as (
    select
        discounted.money_row,
        discounted.charge_meter,
        discounted.charge_group,
        case
            when
                discounted.metronome_quantity = discounted.stripe_quantity
                and abs(
                    discounted.expected_at_metronome - discounted.expected_at_stripe
                ) <= discounted.noise
                then 'rounding'
            else 'quantity'
        end as effect,
        discounted.expected_at_metronome - discounted.expected_at_stripe as amount
    from discounted
    union all
    select
        discounted.money_row,
        discounted.charge_meter,
        discounted.charge_group,
        'rounding' as effect,
        discounted.expected_at_stripe - discounted.stripe_charged as amount
    from discounted
    union all
    select
        discounted.money_row,
        discounted.charge_meter,
        discounted.charge_group,
        'currency_unit' as effect,
        discounted.metronome_charged - discounted.charged_in_unit as amount
    from discounted
    union all
    select
        discounted.money_row,
        discounted.charge_meter,
        discounted.charge_group,
        'discount' as effect,
        discounted.discount_part as amount
    from discounted
    union all
    select
        discounted.money_row,
        discounted.charge_meter,
        discounted.charge_group,
        case
            when
                abs(discounted.difference - discounted.discount_part)
                <= discounted.noise
                then 'rounding'
            else 'price'
        end as effect,
        discounted.difference - discounted.discount_part as amount
    from discounted
    union all
    -- Usage that Metronome has no line of is no quantity there; a charge without usage has nothing to compare with.
    select
        charges.money_row,
        charges.charge_meter,
        charges.charge_group,
        case
            when charges.has_stripe and charges.stripe_quantity <> 0 then 'quantity'
            else 'unmatched_line'
        end as effect,
        charges.metronome_charged - charges.stripe_charged as amount
    from charges
    where not (charges.has_stripe and charges.has_metronome)
),

beside_prices as (
    select
        charges.money_row,
        charges.charge_meter,
        charges.charge_group,
        'unattributed' as effect,
        cast(charges.beside_unit_price as decimal(38, 12)) as amount
    from charges
    where charges.beside_unit_price <> 0
),

custom_rows as (
    select distinct metronome_lines.money_row
    from explain.metronome_lines as metronome_lines
    where metronome_lines.line_kind = 'custom_unit'
),

by_row as (
    select
        metronome_lines.money_row,
        case metronome_lines.line_kind
            when 'conversion' then 'unmatched_line'
            else metronome_lines.line_kind
        end as effect,
        metronome_lines.amount_minor_units as amount
    from explain.metronome_lines as metronome_lines
    left join custom_rows on metronome_lines.money_row = custom_rows.money_row
    where
        metronome_lines.line_kind in ('discount', 'fixed_charge')
        or (
            metronome_lines.line_kind = 'conversion' and custom_rows.money_row is null
        )
    union all
    select
        stripe_segments.money_row,
        'fixed_charge' as effect,
        -stripe_segments.charged_minor_units as amount
    from explain.stripe_segments as stripe_segments
    where not stripe_segments.is_metered
)

select
    by_charge.money_row,
    by_charge.effect,
    by_charge.charge_meter,
    by_charge.charge_group,
    cast(sum(by_charge.amount) as decimal(38, 12)) as amount
from by_charge
group by
    by_charge.money_row,
    by_charge.effect,
    by_charge.charge_meter,
    by_charge.charge_group
union all
select
    beside_prices.money_row,
    beside_prices.effect,
    beside_prices.charge_meter,
    beside_prices.charge_group,
    beside_prices.amount
from beside_prices
union all
select
    by_row.money_row,
    by_row.effect,
    '' as charge_meter,
    '' as charge_group,
    cast(sum(by_row.amount) as decimal(38, 12)) as amount
from by_row
inner join explain.money_rows as money_rows
    on by_row.money_row = money_rows.money_row
where money_rows.presence = 'both'
group by by_row.money_row, by_row.effect
