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
                when row_sums.stripe_charged <= 0 then null
                when row_sums.stripe_base < row_sums.stripe_charged then null
                else
                    1
                    / cast(
                        row_sums.stripe_base / row_sums.stripe_charged
                        as decimal(28, 3)
                    )
            end as decimal(28, 10)
        ) as own_taxed_ratio,
        cast(
            case
                when row_sums.row_charged <= 0 then null
                when row_sums.row_base < row_sums.row_charged then null
                else
                    1
                    / cast(
                        row_sums.row_base / row_sums.row_charged as decimal(28, 3)
                    )
            end as decimal(28, 10)
        ) as row_taxed_ratio,
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
                abs(ratios.row_base * ratios.row_taxed_ratio - ratios.row_charged)
                <= ratios.row_tolerance
                then ratios.row_taxed_ratio
            when
                abs(
                    ratios.row_base * cast(ratios.row_ratio as decimal(28, 4))
                    - ratios.row_charged
                ) <= ratios.row_tolerance
                then cast(ratios.row_ratio as decimal(28, 4))
            else ratios.row_ratio
        end as row_factor
    from ratios
)

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
                    row_factors.stripe_base * row_factors.own_taxed_ratio
                    - row_factors.stripe_charged
                ) <= row_factors.tolerance
                then row_factors.own_taxed_ratio
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
