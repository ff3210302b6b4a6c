-- One row per money row, effect and charge; the amounts of a row sum to its variance exactly, all rows of it included.
-- Rounding never holds more than the row's allowance: what is beyond it is unattributed.
-- charge_meter, charge_group: empty text for an effect on the row as a whole
with

money_rows as (
    select * from explain.money_rows
),

-- A discount that Metronome carries as a line of its own is set against Stripe's discounts as a whole.
with_discount_lines as (
    select distinct metronome_lines.money_row
    from explain.metronome_lines as metronome_lines
    where metronome_lines.line_kind = 'discount'
),

charge_effects as (
    select
        charge_effects.money_row,
        charge_effects.effect,
        case
            when
                charge_effects.effect = 'rounding'
                or (
                    charge_effects.effect = 'discount'
                    and with_discount_lines.money_row is not null
                )
                then ''
            else charge_effects.charge_meter
        end as charge_meter,
        case
            when
                charge_effects.effect = 'rounding'
                or (
                    charge_effects.effect = 'discount'
                    and with_discount_lines.money_row is not null
                )
                then ''
            else charge_effects.charge_group
        end as charge_group,
        charge_effects.amount
    from explain.charge_effects as charge_effects
    left join with_discount_lines
        on charge_effects.money_row = with_discount_lines.money_row
),

credits as (
    select
        stripe_segments.money_row,
        stripe_segments.credit_minor_units as amount
    from explain.stripe_segments as stripe_segments
    union all
    select
        metronome_lines.money_row,
        metronome_lines.amount_minor_units as amount
    from explain.metronome_lines as metronome_lines
    where metronome_lines.line_kind = 'credit'
),

attributed as (
    select * from charge_effects
    union all
    select
        credits.money_row,
        'credit' as effect,
        '' as charge_meter,
        '' as charge_group,
        credits.amount
    from credits
    inner join money_rows on credits.money_row = money_rows.money_row
    where money_rows.presence = 'both'
    union all
    select
        money_rows.money_row,
        case
            when money_rows.is_other_currency then 'currency'
            else 'unmatched_invoice'
        end as effect,
        '' as charge_meter,
        '' as charge_group,
        money_rows.variance as amount
    from money_rows
    where money_rows.presence <> 'both'
),

-- What is left are digits beyond the twelfth place.
left_over as (
    select
        money_rows.money_row,
        'rounding' as effect,
        '' as charge_meter,
        '' as charge_group,
        money_rows.variance - coalesce(sum(attributed.amount), 0) as amount
    from money_rows
    left join attributed on money_rows.money_row = attributed.money_row
    group by money_rows.money_row, money_rows.variance
),

parts as (
    select * from attributed
    union all
    select * from left_over
),

summed as (
    select
        parts.money_row,
        parts.effect,
        parts.charge_meter,
        parts.charge_group,
        cast(sum(parts.amount) as decimal(38, 12)) as amount
    from parts
    group by parts.money_row, parts.effect, parts.charge_meter, parts.charge_group
),

bounded as (
    select
        summed.*,
        case
            when summed.effect <> 'rounding' then summed.amount
            else
                cast(
                    greatest(
                        least(summed.amount, money_rows.allowance),
                        -money_rows.allowance
                    ) as decimal(38, 12)
                )
        end as bounded_amount
    from summed
    inner join money_rows on summed.money_row = money_rows.money_row
)

select
    bounded.money_row,
    bounded.effect,
    bounded.charge_meter,
    bounded.charge_group,
    bounded.bounded_amount as amount
from bounded
where bounded.bounded_amount <> 0
union all
select
    bounded.money_row,
    'unattributed' as effect,
    bounded.charge_meter,
    bounded.charge_group,
    bounded.amount - bounded.bounded_amount as amount
from bounded
where bounded.amount <> bounded.bounded_amount
