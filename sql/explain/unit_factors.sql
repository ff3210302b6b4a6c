-- One row per money row and charge whose amount a wrong unit explains: off by a factor exactly, or nearly by its own.
-- Factors tried: powers of ten, 60, 1024, 3600, the conversions of the product, and the size of Stripe's package, both as
-- a factor and as the price of a package for each unit, for each unit as the product converts it, or for parts of packages
-- (no rounding to whole ones, packages of another size). Where the product or the package counts by a power of 1000 or 1024, the one taken for the other.
-- A charge must be off at least five times, but for the last two. Flat fees that Metronome charges as they are stand apart.
-- factor: NULL where the price of a package is counted otherwise; is_own: whether the product or price has this factor itself
-- off_amount: what the charge would be with nothing else wrong
with

rated as (
    select
        charge_rates.*,
        case
            when
                abs(
                    charge_rates.metronome_fee_charged
                    - charge_rates.expected_flat_at_metronome
                ) <= charge_rates.noise
                then charge_rates.expected_flat_at_metronome
            else 0
        end as flat_part
    from explain.charge_rates as charge_rates
),

charges as (
    select
        rated.money_row,
        rated.charge_meter,
        rated.charge_group,
        rated.account,
        rated.product_id,
        rated.stripe_price_id,
        rated.pricing_model,
        rated.noise,
        rated.flat_part,
        rated.charged_otherwise - rated.flat_part as charged_otherwise,
        rated.expected_at_metronome - rated.flat_part as expected,
        rated.expected_unpackaged_at_metronome as expected_unpackaged
    from rated
    where
        rated.charged_otherwise > rated.flat_part
        and rated.expected_at_metronome > rated.flat_part
),

common_factors as (
    select
        cast(
            unnest([
                10, 60, 100, 1000, 1024, 3600,
                10000, 100000, 1000000, 1048576, 1000000000
            ]) as decimal(20, 9)
        ) as factor
),

-- A size in decimal or in binary units, and how far the two are apart.
binary_units as (
    select
        1000 as size,
        1.024 as factor
    union all
    select
        1024 as size,
        1.024 as factor
    union all
    select
        1000000 as size,
        1.048576 as factor
    union all
    select
        1048576 as size,
        1.048576 as factor
    union all
    select
        1000000000 as size,
        1.073741824 as factor
    union all
    select
        1073741824 as size,
        1.073741824 as factor
),

own_sizes as (
    select
        charges.money_row,
        charges.charge_meter,
        charges.charge_group,
        cast(conversions.conversion_factor as decimal(20, 9)) as size
    from charges
    inner join intermediate.int_product_conversions__dated as conversions
        on
            charges.account = conversions.account
            and charges.product_id = conversions.product_id
    where conversions.conversion_factor > 1
    union
    select
        charges.money_row,
        charges.charge_meter,
        charges.charge_group,
        cast(tiers.package_size as decimal(20, 9)) as size
    from charges
    inner join staging.stg_stripe__price_tiers as tiers
        on
            charges.account = tiers.account
            and charges.stripe_price_id = tiers.stripe_price_id
    where tiers.package_size > 1
),

tried as (
    select
        own_sizes.money_row,
        own_sizes.charge_meter,
        own_sizes.charge_group,
        true as is_own,
        false as is_near,
        own_sizes.size as factor
    from own_sizes
    union all
    select
        own_sizes.money_row,
        own_sizes.charge_meter,
        own_sizes.charge_group,
        true as is_own,
        true as is_near,
        cast(binary_units.factor as decimal(20, 9)) as factor
    from own_sizes
    inner join binary_units on own_sizes.size = binary_units.size
    union all
    select
        charges.money_row,
        charges.charge_meter,
        charges.charge_group,
        false as is_own,
        false as is_near,
        common_factors.factor
    from charges
    cross join common_factors
),

factors as (
    select
        charges.*,
        tried.is_own,
        tried.is_near,
        tried.factor
    from charges
    inner join tried
        on
            charges.money_row = tried.money_row
            and charges.charge_meter = tried.charge_meter
            and charges.charge_group = tried.charge_group
),

inverses as (
    select
        factors.factor,
        cast(1 / factors.factor as decimal(18, 12)) as inverse_factor
    from factors
    union
    select
        own_sizes.size as factor,
        cast(1 / own_sizes.size as decimal(18, 12)) as inverse_factor
    from own_sizes
),

-- What the charge would be if its unit were off by a factor, and nothing else.
off_amounts as (
    select
        factors.*,
        factors.noise * factors.factor as slack,
        cast(factors.expected as decimal(38, 4)) * factors.factor as off_amount
    from factors
    union all
    select
        factors.*,
        factors.noise as slack,
        cast(factors.expected as decimal(38, 6)) * inverses.inverse_factor as off_amount
    from factors
    inner join inverses on factors.factor = inverses.factor
    union all
    select
        charges.*,
        true as is_own,
        true as is_near,
        cast(null as decimal(20, 9)) as factor,
        charges.noise as slack,
        charges.expected_unpackaged as off_amount
    from charges
    where charges.pricing_model = 'package'
    union all
    select
        charges.*,
        true as is_own,
        true as is_near,
        cast(null as decimal(20, 9)) as factor,
        charges.noise as slack,
        cast(charges.expected_unpackaged as decimal(38, 6))
        * inverses.inverse_factor as off_amount
    from charges
    inner join own_sizes
        on
            charges.money_row = own_sizes.money_row
            and charges.charge_meter = own_sizes.charge_meter
            and charges.charge_group = own_sizes.charge_group
    inner join inverses on own_sizes.size = inverses.factor
    where charges.pricing_model = 'package'
),

differences as (
    select
        off_amounts.*,
        abs(off_amounts.charged_otherwise - off_amounts.off_amount) as difference
    from off_amounts
),

-- Exactly off by a factor, or nearly so by one that the product itself has.
matched as (
    select
        differences.*,
        row_number() over (
            partition by
                differences.money_row,
                differences.charge_meter,
                differences.charge_group
            order by
                differences.difference asc,
                differences.is_own desc,
                differences.factor asc
        ) as preference
    from differences
    where
        (
            differences.charged_otherwise >= 5 * differences.expected
            or 5 * differences.charged_otherwise <= differences.expected
            or differences.factor is null
            or (
                differences.is_near
                and abs(differences.off_amount - differences.expected)
                >= 20 * differences.noise
            )
        )
        and (
            differences.difference <= differences.slack
            or (
                differences.is_own
                and not differences.is_near
                and 2 * differences.charged_otherwise > differences.off_amount
                and differences.charged_otherwise < 2 * differences.off_amount
            )
        )
)

select
    matched.money_row,
    matched.charge_meter,
    matched.charge_group,
    matched.is_own,
    matched.factor,
    matched.flat_part + matched.off_amount as off_amount
from matched
where matched.preference = 1
