-- One row per money row and charge: what stands on both sides' invoices, and what Stripe's listed prices make of both
-- quantities, before discounts.
-- basis: price where listed prices are known; else quantity, which stands for a price by the invoice's own average; amount
-- where there is no quantity either
-- product_id: Metronome's product, where the charge has only one besides its fees
-- beside_unit_price: what Metronome's usage lines cost beyond their own quantity times their own unit price; it is in no
-- other amount here, and counts from one minor unit on
with

stripe_charges as (
    select
        segments.money_row,
        segments.charge_meter,
        segments.charge_group,
        min(segments.stripe_price_id) as stripe_price_id,
        cast(sum(segments.quantity) as decimal(38, 12)) as quantity,
        cast(sum(segments.charged_minor_units) as decimal(38, 12)) as charged,
        cast(sum(segments.list_minor_units) as decimal(38, 12)) as list_charged,
        cast(sum(segments.credit_minor_units) as decimal(38, 12)) as credit,
        cast(sum(segments.non_zero_lines) as bigint) as non_zero_lines
    from explain.stripe_segments as segments
    where segments.is_metered
    group by segments.money_row, segments.charge_meter, segments.charge_group
),

metronome_charges as (
    select
        metronome_lines.money_row,
        metronome_lines.charge_meter,
        metronome_lines.charge_group,
        min(metronome_lines.product_id) filter (
            where metronome_lines.line_kind <> 'fee'
        ) as product_id,
        max(metronome_lines.product_id) filter (
            where metronome_lines.line_kind <> 'fee'
        ) as last_product_id,
        cast(
            coalesce(sum(metronome_lines.quantity), 0) as decimal(38, 12)
        ) as quantity,
        cast(
            coalesce(
                sum(metronome_lines.amount_minor_units) filter (
                    where metronome_lines.line_kind = 'usage'
                ),
                0
            ) as decimal(38, 12)
        ) as usage_charged,
        cast(sum(metronome_lines.beside_unit_price) as decimal(38, 12))
            as beside_unit_price,
        cast(
            coalesce(
                sum(metronome_lines.amount_minor_units) filter (
                    where metronome_lines.line_kind = 'fee'
                ),
                0
            ) as decimal(38, 12)
        ) as fee_charged,
        bool_or(metronome_lines.line_kind = 'custom_unit') as is_custom_unit,
        cast(coalesce(sum(metronome_lines.custom_units), 0) as decimal(38, 12))
            as custom_units
    from explain.metronome_lines as metronome_lines
    where metronome_lines.line_kind in ('usage', 'fee', 'custom_unit')
    group by
        metronome_lines.money_row,
        metronome_lines.charge_meter,
        metronome_lines.charge_group
),

sides as (
    select
        coalesce(stripe_charges.money_row, metronome_charges.money_row) as money_row,
        coalesce(stripe_charges.charge_meter, metronome_charges.charge_meter)
            as charge_meter,
        coalesce(stripe_charges.charge_group, metronome_charges.charge_group)
            as charge_group,
        stripe_charges.money_row is not null as has_stripe,
        metronome_charges.money_row is not null as has_metronome,
        stripe_charges.stripe_price_id,
        case
            when metronome_charges.product_id = metronome_charges.last_product_id
                then metronome_charges.product_id
        end as product_id,
        coalesce(stripe_charges.quantity, 0) as stripe_quantity,
        coalesce(metronome_charges.quantity, 0) as metronome_quantity,
        coalesce(stripe_charges.charged, 0) as stripe_charged,
        coalesce(stripe_charges.list_charged, 0) as stripe_list_charged,
        coalesce(stripe_charges.credit, 0) as stripe_credit,
        coalesce(stripe_charges.non_zero_lines, 0) as non_zero_lines,
        coalesce(metronome_charges.usage_charged, 0)
        - case
            when abs(metronome_charges.beside_unit_price) > 1
                then metronome_charges.beside_unit_price
            else 0
        end as usage_charged,
        case
            when abs(metronome_charges.beside_unit_price) > 1
                then metronome_charges.beside_unit_price
            else 0
        end as beside_unit_price,
        coalesce(metronome_charges.fee_charged, 0) as fee_charged,
        coalesce(metronome_charges.is_custom_unit, false) as is_custom_unit,
        coalesce(metronome_charges.custom_units, 0) as custom_units
    from stripe_charges
    full outer join metronome_charges
        on
            stripe_charges.money_row = metronome_charges.money_row
            and stripe_charges.charge_meter = metronome_charges.charge_meter
            and stripe_charges.charge_group = metronome_charges.charge_group
),

-- Where no price is known, quantities stand for prices; without quantities, the invoice's amount for itself.
based as (
    select
        sides.*,
        case
            when
                at_stripe.usage_price + at_stripe.flat_price >= 0.000001
                or (at_stripe.money_row is not null and sides.stripe_list_charged = 0)
                then 'price'
            when sides.stripe_quantity >= 0.001 then 'quantity'
            else 'amount'
        end as basis,
        coalesce(at_stripe.usage_price, 0) as stripe_usage_price,
        coalesce(at_stripe.flat_price, 0) as stripe_flat_price,
        coalesce(at_metronome.usage_price, 0) as metronome_usage_price,
        coalesce(at_metronome.flat_price, 0) as metronome_flat_price,
        coalesce(at_metronome.unpackaged_price, 0) as metronome_unpackaged_price
    from sides
    left join explain.priced_quantities as at_stripe
        on
            sides.money_row = at_stripe.money_row
            and sides.charge_meter = at_stripe.charge_meter
            and sides.charge_group = at_stripe.charge_group
            and at_stripe.side = 'stripe'
    left join explain.priced_quantities as at_metronome
        on
            sides.money_row = at_metronome.money_row
            and sides.charge_meter = at_metronome.charge_meter
            and sides.charge_group = at_metronome.charge_group
            and at_metronome.side = 'metronome'
)

select * from based
