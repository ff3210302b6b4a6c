-- One row per money row, charge and cause of a price effect: Metronome's own quantity, charged otherwise than Stripe would.
-- Pattern and order: an amount off by a factor that a unit makes (a power of ten, 60, 1024 or 3600, the product's own
-- conversion, the size or the parts of a package) is quantity_conversion, by the currency's own factor without any conversion
-- currency_unit; what a price of several tiers or with a flat fee charges beyond one ratio on all its prices is
-- tier_mismatch; the rest is rate_mismatch.
-- Looks alike: tiers that are all dearer by one ratio are a rate; tiers of another shape that charge the same money have
-- no effect; a contract or period that does not fit breaks tiers and fees too, and is told instead of tier_mismatch.
with

rated as (
    select * from explain.charge_rates
),

-- By unit first; of what is left, by one ratio on all prices; the shape of tiers and fees takes the rest.
divided as (
    select
        rated.*,
        matched.factor,
        matched.is_own,
        placed.cause as place_cause,
        placed.evidence as place_evidence,
        coalesce(matched.off_amount - rated.expected_at_metronome, 0) as unit_part,
        case
            when
                matched.money_row is not null
                or not rated.is_tiered
                or (
                    rated.expected_at_metronome = 0 and rated.metronome_quantity <> 0
                )
                then null
            when rated.rate_ratio is null then 0
            when abs(rated.rate_ratio - 1) <= 0.000001 then 0
            when
                abs(
                    rated.metronome_fee_charged
                    - cast(rated.expected_flat_at_metronome as decimal(38, 4))
                    * rated.rate_ratio
                ) <= rated.noise
                then
                    cast(
                        cast(rated.expected_at_metronome as decimal(38, 4))
                        * (rated.rate_ratio - 1) as decimal(38, 12)
                    )
                    - rated.discount_part
            else
                cast(
                    cast(
                        rated.expected_at_metronome - rated.expected_flat_at_metronome
                        as decimal(38, 4)
                    )
                    * (rated.rate_ratio - 1) as decimal(38, 12)
                )
                - rated.discount_part
        end as ratio_part
    from rated
    left join explain.unit_factors as matched
        on
            rated.money_row = matched.money_row
            and rated.charge_meter = matched.charge_meter
            and rated.charge_group = matched.charge_group
    left join explain.money_places as placed
        on rated.money_row = placed.money_row
),

settled as (
    select
        divided.*,
        case
            when abs(divided.amount - divided.unit_part) <= divided.noise
                then divided.amount
            else divided.unit_part
        end as unit_share,
        case
            when divided.ratio_part is null then divided.amount - divided.unit_part
            when abs(divided.amount - divided.ratio_part) <= 2 * divided.noise
                then divided.amount
            when abs(divided.ratio_part) <= 2 * divided.noise then 0
            else divided.ratio_part
        end as rate_share
    from divided
),

shares as (
    select
        settled.*,
        case
            when
                settled.factor = settled.minor_units_per_unit
                and settled.conversion_operation is null
                and not settled.is_own
                then 'currency_unit'
            else 'quantity_conversion'
        end as cause,
        settled.unit_share as share
    from settled
    union all
    select
        settled.*,
        'rate_mismatch' as cause,
        case
            when settled.unit_share = settled.amount and settled.unit_part <> 0 then 0
            else settled.rate_share
        end as share
    from settled
    union all
    select
        settled.*,
        coalesce(settled.place_cause, 'tier_mismatch') as cause,
        case
            when settled.ratio_part is null then 0
            else settled.amount - settled.rate_share
        end as share
    from settled
)

select
    shares.money_row,
    shares.charge_meter,
    shares.charge_group,
    shares.cause,
    cast(shares.share as decimal(38, 12)) as share,
    case
        when shares.cause = shares.place_cause then shares.place_evidence
        else
            coalesce(products.product, shares.meter, 'A charge without a meter')
            || ': Metronome charged '
            || money_text(shares.metronome_charged, shares.currency)
            || ' for a quantity of '
            || quantity_text(shares.metronome_quantity)
            || ' that costs '
            || money_text(shares.expected_at_metronome, shares.currency)
            || ' by Stripe''s price '
            || coalesce(shares.stripe_price_id, '')
            || case
                when shares.cause in ('quantity_conversion', 'currency_unit')
                    then
                        case
                            when shares.factor is null
                                then
                                    '; the price of a package is charged for other'
                                    || ' than whole packages of the price'
                            else
                                '; that is off by a factor of '
                                || quantity_text(shares.factor)
                        end
                        || case
                            when shares.conversion_operation is null
                                then ', and the product has no conversion'
                            else
                                ', and the product has the conversion '
                                || shares.conversion_operation
                                || ' by '
                                || quantity_text(shares.conversion_factor)
                        end
                when shares.cause = 'tier_mismatch'
                    then '; its tiers or flat fees are not those of the price'
                else ''
            end
            || '.'
    end as evidence
from shares
left join staging.stg_metronome__products as products
    on
        shares.account = products.account
        and shares.product_id = products.product_id
where shares.share <> 0
