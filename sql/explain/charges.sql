-- One row per money row and charge: what both sides took for it, and what Stripe's prices make of both quantities.
-- Stripe's prices are before discounts and may hold taxes: net_factor is what is left of them on the invoice, as a round
-- percentage where one fits every line to within its rounding. Where the prices do not reproduce the invoice (a trial,
-- a price that is not listed), the factor scales them to it; without any price the invoice's own average holds.
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

measured as (
    select
        based.*,
        case based.basis
            when 'price' then based.stripe_usage_price + based.stripe_flat_price
            when 'quantity' then based.stripe_quantity
            else cast(1 as decimal(38, 12))
        end as stripe_base,
        case based.basis
            when 'price' then based.metronome_usage_price + based.metronome_flat_price
            when 'quantity' then based.metronome_quantity
            else cast(1 as decimal(38, 12))
        end as metronome_base
    from based
    where based.has_stripe
),

row_sums as (
    select
        measured.*,
        sum(measured.stripe_charged) filter (where measured.basis = 'price') over (
            partition by measured.money_row
        ) as row_charged,
        sum(measured.stripe_list_charged) filter (where measured.basis = 'price') over (
            partition by measured.money_row
        ) as row_list_charged,
        sum(measured.stripe_base) filter (where measured.basis = 'price') over (
            partition by measured.money_row
        ) as row_base
    from measured
),

ratios as (
    select
        row_sums.*,
        cast(
            case
                when row_sums.stripe_base = 0 then null
                else row_sums.stripe_charged / row_sums.stripe_base
            end as decimal(28, 10)
        ) as own_ratio,
        cast(
            case
                when row_sums.row_base = 0 then null
                else row_sums.row_charged / row_sums.row_base
            end as decimal(28, 10)
        ) as row_ratio,
        cast(
            case
                when row_sums.stripe_base = 0 then null
                else row_sums.stripe_list_charged / row_sums.stripe_base
            end as decimal(28, 10)
        ) as own_list_ratio,
        cast(
            case
                when row_sums.row_base = 0 then null
                else row_sums.row_list_charged / row_sums.row_base
            end as decimal(28, 10)
        ) as row_list_ratio,
        cast(greatest(row_sums.non_zero_lines, 1) as decimal(18, 1)) as tolerance,
        cast(
            sum(row_sums.non_zero_lines) over (partition by row_sums.money_row) + 1
            as decimal(18, 1)
        ) as row_tolerance
    from row_sums
),

-- The roundest factor that fits the whole row: one discount on everything shows best there.
row_factors as (
    select
        ratios.*,
        case
            when coalesce(ratios.row_base, 0) = 0 then 1
            when
                abs(
                    ratios.row_base * cast(ratios.row_ratio as decimal(28, 0))
                    - ratios.row_charged
                ) <= ratios.row_tolerance
                then cast(ratios.row_ratio as decimal(28, 0))
            when
                abs(
                    ratios.row_base * cast(ratios.row_ratio as decimal(28, 2))
                    - ratios.row_charged
                ) <= ratios.row_tolerance
                then cast(ratios.row_ratio as decimal(28, 2))
            when
                abs(
                    ratios.row_base * cast(ratios.row_ratio as decimal(28, 4))
                    - ratios.row_charged
                ) <= ratios.row_tolerance
                then cast(ratios.row_ratio as decimal(28, 4))
            else ratios.row_ratio
        end as row_factor
    from ratios
),

factors as (
    select
        row_factors.*,
        cast(
            case
                when
                    row_factors.basis = 'price'
                    and abs(
                        row_factors.stripe_base * row_factors.row_factor
                        - row_factors.stripe_charged
                    ) <= row_factors.tolerance
                    then row_factors.row_factor
                when row_factors.basis <> 'price' then row_factors.own_ratio
                when
                    abs(
                        row_factors.stripe_base
                        * cast(row_factors.own_ratio as decimal(28, 0))
                        - row_factors.stripe_charged
                    ) <= row_factors.tolerance
                    then cast(row_factors.own_ratio as decimal(28, 0))
                when
                    abs(
                        row_factors.stripe_base
                        * cast(row_factors.own_ratio as decimal(28, 2))
                        - row_factors.stripe_charged
                    ) <= row_factors.tolerance
                    then cast(row_factors.own_ratio as decimal(28, 2))
                when
                    abs(
                        row_factors.stripe_base
                        * cast(row_factors.own_ratio as decimal(28, 4))
                        - row_factors.stripe_charged
                    ) <= row_factors.tolerance
                    then cast(row_factors.own_ratio as decimal(28, 4))
                else row_factors.own_ratio
            end as decimal(28, 10)
        ) as net_factor,
        cast(
            case
                when
                    row_factors.basis = 'price'
                    and abs(row_factors.stripe_base - row_factors.stripe_list_charged)
                    <= row_factors.tolerance
                    then 1
                else coalesce(row_factors.own_list_ratio, row_factors.row_list_ratio)
            end as decimal(28, 10)
        ) as list_factor
    from row_factors
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
    from factors
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
