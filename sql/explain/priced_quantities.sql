-- One row per money row, charge and side: what Stripe's own prices make of the side's quantity, not rounded.
-- Graduated and volume tiers, flat fees and packages are priced as they are. A quantity below zero counts as zero,
-- as on Stripe's invoices. A segment that Metronome has nothing of is priced at zero units.
-- side: stripe or metronome
-- usage_price, flat_price: minor units, before discounts
-- unpackaged_price: the usage price if every unit cost what a package costs; the usage price itself without packages
with

segments as (
    select * from explain.stripe_segments
    where is_metered
),

billed as (
    select distinct
        metronome_segments.money_row,
        metronome_segments.charge_meter,
        metronome_segments.charge_group,
        metronome_segments.contract_id
    from explain.metronome_segments as metronome_segments
),

quantities as (
    select
        'stripe' as side,
        segments.money_row,
        segments.account,
        segments.charge_meter,
        segments.charge_group,
        segments.stripe_price_id,
        segments.quantity
    from segments
    union all
    select
        'metronome' as side,
        segments.money_row,
        segments.account,
        segments.charge_meter,
        segments.charge_group,
        segments.stripe_price_id,
        coalesce(metronome_segments.quantity, 0) as quantity
    from segments
    inner join billed
        on
            segments.money_row = billed.money_row
            and segments.charge_meter = billed.charge_meter
            and segments.charge_group = billed.charge_group
    left join explain.metronome_segments as metronome_segments
        on
            segments.money_row = metronome_segments.money_row
            and segments.charge_meter = metronome_segments.charge_meter
            and segments.charge_group = metronome_segments.charge_group
            and segments.stripe_price_id = metronome_segments.stripe_price_id
            and segments.subscription_item_id = metronome_segments.subscription_item_id
            and billed.contract_id is not distinct from metronome_segments.contract_id
),

numbered as (
    select
        quantities.side,
        quantities.money_row,
        quantities.account,
        quantities.charge_meter,
        quantities.charge_group,
        quantities.stripe_price_id,
        cast(
            case when quantities.quantity > 0 then quantities.quantity else 0 end
            as decimal(28, 6)
        ) as quantity
    from quantities
),

tiered as (
    select
        numbered.*,
        tiers.pricing_model,
        tiers.lower_bound,
        tiers.unit_amount_minor_units,
        tiers.flat_amount_minor_units,
        tiers.package_size,
        tiers.is_rounded_up,
        numbered.quantity > tiers.lower_bound or tiers.lower_bound = 0 as is_reached,
        case
            when tiers.upper_bound is null or numbered.quantity <= tiers.upper_bound
                then numbered.quantity
            else tiers.upper_bound
        end as upper_quantity,
        tiers.upper_bound is null or numbered.quantity <= tiers.upper_bound as is_last,
        -- The whole packages, guessed by a quotient and put right below.
        cast(
            split_part(
                cast(
                    cast(
                        coalesce(numbered.quantity / tiers.package_size, 0)
                        as decimal(28, 6)
                    ) as varchar
                ),
                '.',
                1
            ) as decimal(22, 0)
        ) as packages_ratio
    from numbered
    inner join staging.stg_stripe__price_tiers as tiers
        on
            numbered.account = tiers.account
            and numbered.stripe_price_id = tiers.stripe_price_id
),

packaged as (
    select
        tiered.*,
        case
            when tiered.package_size is null then 0
            when tiered.packages_ratio * tiered.package_size > tiered.quantity
                then tiered.packages_ratio - 1
            when (tiered.packages_ratio + 1) * tiered.package_size <= tiered.quantity
                then tiered.packages_ratio + 1
            else tiered.packages_ratio
        end as whole_packages
    from tiered
),

units as (
    select
        packaged.*,
        cast(
            case
                when not packaged.is_reached then 0
                when packaged.pricing_model = 'volume'
                    then
                        case when packaged.is_last then packaged.quantity else 0 end
                when
                    packaged.pricing_model = 'package'
                    and packaged.is_rounded_up
                    and packaged.whole_packages * packaged.package_size
                    < packaged.quantity
                    then packaged.whole_packages + 1
                when packaged.pricing_model = 'package' then packaged.whole_packages
                else packaged.upper_quantity - packaged.lower_bound
            end as decimal(28, 6)
        ) as priced_units,
        packaged.is_reached
        and (packaged.pricing_model <> 'volume' or packaged.is_last) as has_flat_amount
    from packaged
)

select
    units.side,
    units.money_row,
    units.charge_meter,
    units.charge_group,
    cast(
        sum(units.priced_units * units.unit_amount_minor_units) as decimal(38, 12)
    ) as usage_price,
    cast(
        sum(
            case
                when units.has_flat_amount then units.flat_amount_minor_units else 0
            end
        ) as decimal(38, 12)
    ) as flat_price,
    cast(
        sum(
            case
                when units.pricing_model = 'package' then units.quantity
                else units.priced_units
            end
            * units.unit_amount_minor_units
        ) as decimal(38, 12)
    ) as unpackaged_price
from units
group by units.side, units.money_row, units.charge_meter, units.charge_group
