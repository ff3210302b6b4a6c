-- One row per money row and charge: what both sides took for it, and what Stripe's prices make of both quantities.
-- stripe_charged: after discounts and inclusive taxes, before credit; metronome_charged: usage and fees, before credit
-- expected_at_stripe, expected_at_metronome: Stripe's price of Stripe's and of Metronome's quantity, after discounts
-- discount_at_metronome: what Stripe's discounts take off at Metronome's quantity
-- noise: how far the charge may be off by the rounding of its lines
-- has_stripe, has_metronome: whether the side has a line of it
with

based as (
    select * from explain.charge_sides
),

conversions as (
    select
        metronome_lines.money_row,
        cast(sum(metronome_lines.amount_minor_units) as decimal(38, 12)) as amount
    from explain.metronome_lines as metronome_lines
    where metronome_lines.line_kind = 'conversion'
    group by metronome_lines.money_row
),

expected as (
    select
        factors.money_row,
        factors.charge_meter,
        factors.charge_group,
        factors.net_factor,
        cast(
            cast(factors.stripe_base as decimal(38, 8))
            * factors.net_factor as decimal(38, 12)
        )
            as expected_at_stripe,
        cast(
            case
                when factors.has_metronome
                    then
                        cast(factors.metronome_base as decimal(38, 8))
                        * factors.net_factor
                else 0
            end as decimal(38, 12)
        ) as expected_at_metronome,
        cast(
            case
                when not factors.has_metronome then 0
                when factors.list_factor <= factors.net_factor then 0
                else
                    cast(factors.metronome_base as decimal(38, 8))
                    * (factors.list_factor - factors.net_factor)
            end as decimal(38, 12)
        ) as discount_at_metronome
    from explain.charge_factors as factors
),

joined as (
    select
        based.*,
        expected.net_factor,
        coalesce(expected.expected_at_stripe, 0) as expected_at_stripe,
        coalesce(expected.expected_at_metronome, 0) as expected_at_metronome,
        coalesce(expected.discount_at_metronome, 0) as discount_at_metronome,
        coalesce(conversions.amount, 0) as conversion_amount,
        sum(based.custom_units) over (partition by based.money_row)
            as row_custom_units,
        row_number() over (
            partition by based.money_row, based.is_custom_unit
            order by
                based.custom_units desc,
                based.charge_meter asc,
                based.charge_group asc
        ) as custom_rank
    from based
    left join expected
        on
            based.money_row = expected.money_row
            and based.charge_meter = expected.charge_meter
            and based.charge_group = expected.charge_group
    left join conversions on based.money_row = conversions.money_row
),

-- What custom pricing units came to in money is divided as they were spent.
shared as (
    select
        joined.*,
        cast(
            case
                when not joined.is_custom_unit or joined.custom_rank = 1 then 0
                when joined.row_custom_units = 0 then 0
                else joined.custom_units / joined.row_custom_units
            end as decimal(18, 12)
        ) as custom_ratio
    from joined
),

converted as (
    select
        shared.*,
        cast(shared.conversion_amount * shared.custom_ratio as decimal(38, 12))
            as custom_part
    from shared
)

select
    converted.money_row,
    case when converted.charge_meter <> '' then converted.charge_meter end as meter,
    converted.charge_meter,
    converted.charge_group,
    converted.stripe_price_id,
    converted.product_id,
    converted.has_stripe,
    converted.has_metronome,
    converted.basis,
    converted.non_zero_lines,
    converted.net_factor,
    converted.stripe_quantity,
    converted.metronome_quantity,
    converted.stripe_charged,
    converted.stripe_credit,
    cast(
        converted.usage_charged
        + case
            when converted.is_custom_unit and converted.custom_rank = 1
                then
                    converted.conversion_amount
                    - sum(converted.custom_part) over (
                        partition by converted.money_row
                    )
            else converted.custom_part
        end as decimal(38, 12)
    ) as metronome_usage_charged,
    converted.fee_charged as metronome_fee_charged,
    converted.beside_unit_price,
    converted.expected_at_stripe,
    converted.expected_at_metronome,
    converted.discount_at_metronome,
    cast(
        cast(converted.metronome_flat_price as decimal(38, 8))
        * coalesce(converted.net_factor, 1) as decimal(38, 12)
    )
        as expected_flat_at_metronome,
    cast(
        cast(converted.metronome_unpackaged_price as decimal(38, 8))
        * coalesce(converted.net_factor, 1)
        as decimal(38, 12)
    ) as expected_unpackaged_at_metronome,
    cast(0.5 * greatest(converted.non_zero_lines, 1) as decimal(38, 12)) as noise
from converted
