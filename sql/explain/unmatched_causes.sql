-- One row per money row that one side alone has, and cause; the shares of a row sum to its variance.
-- The invoice that is not there explains what it would have held: its own side's usage. What the usage of the two sides
-- differs by, and what was billed twice or not rated, keeps its cause, at the price that the other invoice has for it. The rest has the
-- cause of the place, or that the row's currency is another. Prices that differ besides cannot be seen without lines of both sides.
-- How Metronome's product rounds is no part of a row that Stripe has alone.
-- What looks the same: without usage on one side it is that usage which explains the missing invoice.
-- share: the cause's part of the row's variance, minor units of currency
-- evidence: the cause in a sentence
with

money_rows as (
    select * from explain.money_rows
    where presence <> 'both'
),

placed as (
    select
        money_rows.money_row,
        money_rows.variance,
        case
            when money_rows.is_other_currency then 'currency_mismatch'
            else money_places.cause
        end as cause,
        case
            when money_rows.is_other_currency
                then
                    'The same period is billed in '
                    || money_rows.currency
                    || ' on one side and in another currency on the other.'
            else money_places.evidence
        end as evidence
    from money_rows
    left join explain.money_places as money_places
        on money_rows.money_row = money_places.money_row
),

-- What one unit cost on the invoice that is there, without flat fees and before credit.
-- Of a period in two currencies, Stripe's row shows how the usage differs.
unit_prices as (
    select
        sides.money_row,
        sides.charge_meter,
        sides.charge_group,
        cast(
            case
                when sides.has_metronome
                    then sides.usage_charged / sides.metronome_quantity
                when sides.basis = 'price'
                    then
                        sides.stripe_usage_price
                        * factors.net_factor
                        / sides.stripe_quantity
                else sides.stripe_charged / sides.stripe_quantity
            end as decimal(24, 12)
        ) as unit_price
    from explain.charge_sides as sides
    inner join money_rows on sides.money_row = money_rows.money_row
    left join explain.charge_factors as factors
        on
            sides.money_row = factors.money_row
            and sides.charge_meter = factors.charge_meter
            and sides.charge_group = factors.charge_group
    where
        case
            when sides.has_metronome then sides.metronome_quantity
            else sides.stripe_quantity
        end > 0
        and not (money_rows.is_other_currency and sides.has_metronome)
),

priced as (
    select
        charge_shares.money_row,
        charge_shares.cause,
        cast(
            cast(charge_shares.share as decimal(38, 6)) * unit_prices.unit_price
            as decimal(38, 12)
        ) as share,
        charge_shares.charge_meter || ': ' || charge_shares.evidence as evidence
    from explain.charge_shares as charge_shares
    inner join unit_prices
        on
            charge_shares.money_row = unit_prices.money_row
            and charge_shares.charge_meter = unit_prices.charge_meter
            and charge_shares.charge_group = unit_prices.charge_group
    inner join placed on charge_shares.money_row = placed.money_row
    where
        charge_shares.cause is distinct from placed.cause
        and (placed.variance > 0 or charge_shares.cause <> 'quantity_conversion')
),

-- Without a place, a flat fee goes with the usage that no line is there for.
rests as (
    select
        placed.money_row,
        coalesce(
            placed.cause,
            min_by(
                priced.cause,
                row(-abs(priced.share), priced.cause, priced.evidence)
            ),
            'unexplained'
        ) as cause,
        placed.variance - coalesce(sum(priced.share), 0) as share,
        coalesce(
            placed.evidence,
            min_by(
                priced.evidence,
                row(-abs(priced.share), priced.cause, priced.evidence)
            ),
            'Only one side has an invoice.'
        ) as evidence
    from placed
    left join priced on placed.money_row = priced.money_row
    group by placed.money_row, placed.variance, placed.cause, placed.evidence
),

all_shares as (
    select * from priced
    union all
    select * from rests
)

select
    all_shares.money_row,
    all_shares.cause,
    cast(sum(all_shares.share) as decimal(38, 12)) as share,
    min_by(
        all_shares.evidence, row(-abs(all_shares.share), all_shares.evidence)
    ) as evidence
from all_shares
group by all_shares.money_row, all_shares.cause
having sum(all_shares.share) <> 0
