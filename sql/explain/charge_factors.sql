-- One row per money row and charge that Stripe has: what is left of its prices on its invoice.
-- Stripe's prices are before discounts and may hold taxes. The factor is the roundest that fits the lines to within their
-- rounding: a whole one, a percentage, what a tax of whole tenths of a per cent leaves, four places. Where the prices do not
-- reproduce the invoice (a trial, a price that is not listed), it scales them to it; without any price the invoice's own
-- average holds.
-- net_factor: what is left of the prices after discounts and inclusive taxes
-- list_factor: the same before discounts
-- stripe_base, metronome_base: what the factor is applied to: the prices of both quantities, the quantities, or 1
with

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
    from explain.charge_sides as based
    where based.has_stripe
),

levels as (
    select
        measured.money_row,
        measured.charge_meter,
        measured.charge_group,
        measured.basis,
        measured.stripe_base as base,
        measured.stripe_charged as charged,
        measured.stripe_list_charged as list_charged,
        cast(greatest(measured.non_zero_lines, 1) as decimal(18, 1)) as tolerance
    from measured
    union all
    -- The charges with prices together: a meter of NULL.
    select
        measured.money_row,
        cast(null as varchar) as charge_meter,
        cast(null as varchar) as charge_group,
        'price' as basis,
        sum(measured.stripe_base) filter (where measured.basis = 'price') as base,
        sum(measured.stripe_charged) filter (where measured.basis = 'price') as charged,
        sum(measured.stripe_list_charged) filter (where measured.basis = 'price')
            as list_charged,
        cast(sum(measured.non_zero_lines) + 1 as decimal(18, 1)) as tolerance
    from measured
    group by measured.money_row
),

ratios as (
    select
        levels.*,
        cast(
            case when levels.base <> 0 then levels.charged / levels.base end
            as decimal(28, 10)
        ) as charged_ratio,
        cast(
            case when levels.base <> 0 then levels.list_charged / levels.base end
            as decimal(28, 10)
        ) as list_ratio,
        cast(
            case
                when levels.charged > 0 and levels.base >= levels.charged
                    then 1 / cast(levels.base / levels.charged as decimal(28, 3))
            end as decimal(28, 10)
        ) as taxed_ratio
    from levels
),

fitted as (
    select
        ratios.*,
        case
            when ratios.basis <> 'price' then ratios.charged_ratio
            when
                abs(
                    ratios.base * cast(ratios.charged_ratio as decimal(28, 0))
                    - ratios.charged
                )
                <= ratios.tolerance
                then cast(ratios.charged_ratio as decimal(28, 0))
            when
                abs(
                    ratios.base * cast(ratios.charged_ratio as decimal(28, 2))
                    - ratios.charged
                )
                <= ratios.tolerance
                then cast(ratios.charged_ratio as decimal(28, 2))
            when
                abs(ratios.base * ratios.taxed_ratio - ratios.charged)
                <= ratios.tolerance
                then ratios.taxed_ratio
            when
                abs(
                    ratios.base * cast(ratios.charged_ratio as decimal(28, 4))
                    - ratios.charged
                )
                <= ratios.tolerance
                then cast(ratios.charged_ratio as decimal(28, 4))
            else ratios.charged_ratio
        end as factor
    from ratios
),

-- One discount on everything shows best in the whole row.
row_factors as (
    select
        fitted.money_row,
        fitted.list_ratio,
        coalesce(fitted.factor, 1) as factor
    from fitted
    where fitted.charge_meter is null
)

select
    measured.money_row,
    measured.charge_meter,
    measured.charge_group,
    measured.has_metronome,
    measured.stripe_base,
    measured.metronome_base,
    cast(
        case
            when
                fitted.basis = 'price'
                and abs(fitted.base * row_factors.factor - fitted.charged)
                <= fitted.tolerance
                then row_factors.factor
            else fitted.factor
        end as decimal(28, 10)
    ) as net_factor,
    cast(
        case
            when
                fitted.basis = 'price'
                and abs(fitted.base - fitted.list_charged) <= fitted.tolerance
                then 1
            else coalesce(fitted.list_ratio, row_factors.list_ratio)
        end as decimal(28, 10)
    ) as list_factor
from measured
inner join fitted
    on
        measured.money_row = fitted.money_row
        and measured.charge_meter = fitted.charge_meter
        and measured.charge_group = fitted.charge_group
inner join row_factors on measured.money_row = row_factors.money_row
