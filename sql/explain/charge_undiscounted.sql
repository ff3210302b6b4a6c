-- One row per money row and charge of which Metronome bills a part at Stripe's price before discounts: a discount that
-- began or ended there within the period.
-- Only charges with one price for all units show it line by line; a line that nearly costs Stripe's list price counts.
-- Prices from a million units of the currency and quantities from a trillion on are left out.
-- amount: what Stripe's discounts take off at the quantity of those lines, minor units
with

discounted as (
    select
        charges.money_row,
        charges.charge_meter,
        charges.charge_group,
        charges.noise,
        try_cast(
            charges.discount_at_metronome / charges.metronome_quantity
            as decimal(20, 12)
        ) as unit_discount_ratio,
        try_cast(
            (charges.expected_at_metronome + charges.discount_at_metronome)
            / charges.metronome_quantity as decimal(20, 12)
        ) as unit_price_ratio
    from explain.charges as charges
    where
        charges.discount_at_metronome > 4 * charges.noise
        and charges.metronome_quantity > 0
),

lines as (
    select
        discounted.*,
        try_cast(metronome_lines.quantity as decimal(18, 6)) as quantity,
        metronome_lines.amount_minor_units
    from discounted
    inner join explain.metronome_lines as metronome_lines
        on
            discounted.money_row = metronome_lines.money_row
            and discounted.charge_meter = metronome_lines.charge_meter
            and discounted.charge_group = metronome_lines.charge_group
    where
        metronome_lines.line_kind = 'usage' and metronome_lines.quantity > 0
)

select
    lines.money_row,
    lines.charge_meter,
    lines.charge_group,
    cast(sum(lines.quantity * lines.unit_discount_ratio) as decimal(38, 12)) as amount
from lines
where
    abs(lines.amount_minor_units - lines.quantity * lines.unit_price_ratio)
    <= lines.noise
    and lines.quantity * lines.unit_discount_ratio > lines.noise
group by lines.money_row, lines.charge_meter, lines.charge_group
