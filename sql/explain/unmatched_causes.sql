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
        try_cast(
            case
                when sides.has_metronome
                    then sides.usage_charged / sides.metronome_quantity
                when sides.basis = 'price'
                    then
                        sides.stripe_usage_price
                        * factors.net_factor
                        / sides.stripe_quantity
                else sides.stripe_charged / sides.stripe_quantity
            end as decimal(20, 12)
        ) as unit_price_ratio
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
            cast(charge_shares.share as decimal(38, 6)) * unit_prices.unit_price_ratio
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
        not (charge_shares.cause is not distinct from placed.cause)
        and (placed.variance > 0 or charge_shares.cause <> 'quantity_conversion')
),

-- Where nothing of a charge has a rate, Metronome's invoice has no line of it; Stripe's price is that of its other invoices.
without_line as (
    select
        money_rows.money_row,
        unrated_days.cause,
        cast(
            -cast(sum(unrated_days.usage_value) as decimal(38, 6))
            * max(prices.unit_price_ratio) as decimal(38, 12)
        ) as share,
        unrated_days.meter || ': ' || max(unrated_days.evidence) as evidence
    from money_rows
    inner join explain.unrated_days as unrated_days
        on
            money_rows.account = unrated_days.account
            and money_rows.customer_key = unrated_days.customer_key
            and cast(unrated_days.usage_date as timestamp) >= money_rows.period_start
            and cast(unrated_days.usage_date as timestamp) < money_rows.period_end
    left join explain.charge_groups as charge_groups
        on
            unrated_days.account = charge_groups.account
            and unrated_days.product_id = charge_groups.member
    inner join explain.unit_prices as prices
        on
            money_rows.account = prices.account
            and money_rows.customer_key = prices.customer_key
            and money_rows.currency = prices.currency
            and unrated_days.meter = prices.charge_meter
            and coalesce(charge_groups.charge_group, '') = prices.charge_group
    left join explain.charges as charges
        on
            money_rows.money_row = charges.money_row
            and prices.charge_meter = charges.charge_meter
            and prices.charge_group = charges.charge_group
    where
        money_rows.presence = 'actual_only'
        and not money_rows.is_other_currency
        and charges.money_row is null
    group by
        money_rows.money_row,
        unrated_days.cause,
        unrated_days.meter,
        charge_groups.charge_group
),

by_usage as (
    select * from priced
    union all
    select * from without_line
),

-- Without a place, a flat fee goes with the usage that no line is there for.
rests as (
    select
        placed.money_row,
        coalesce(
            placed.cause,
            min_by(
                by_usage.cause,
                greatest_first(by_usage.share, by_usage.cause || by_usage.evidence)
            ),
            'unexplained'
        ) as cause,
        placed.variance - coalesce(sum(by_usage.share), 0) as share,
        coalesce(
            placed.evidence,
            min_by(
                by_usage.evidence,
                greatest_first(by_usage.share, by_usage.cause || by_usage.evidence)
            ),
            'Only one side has an invoice.'
        ) as evidence
    from placed
    left join by_usage on placed.money_row = by_usage.money_row
    group by placed.money_row, placed.variance, placed.cause, placed.evidence
),

all_shares as (
    select * from by_usage
    union all
    select * from rests
)

select
    all_shares.money_row,
    all_shares.cause,
    cast(sum(all_shares.share) as decimal(38, 12)) as share,
    min_by(
        all_shares.evidence, greatest_first(all_shares.share, all_shares.evidence)
    ) as evidence
from all_shares
group by all_shares.money_row, all_shares.cause
having sum(all_shares.share) <> 0
