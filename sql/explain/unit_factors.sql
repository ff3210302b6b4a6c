-- One row per money row and charge whose amount a wrong unit explains: off by a factor exactly, or nearly by its own.
-- Factors tried: powers of ten, 60, 1024, 3600, the conversions of the product, and the size of Stripe's package, both as
-- a factor and as each unit at the price of a package. A charge must be off at least five times, but for the last.
-- factor: NULL where each unit bears the price of a package; is_own: whether the product or price has this factor itself
-- off_amount: what the charge would be with nothing else wrong
with

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
        rated.charged_otherwise,
        rated.expected_at_metronome as expected,
        rated.expected_unpackaged_at_metronome as expected_unpackaged
    from explain.charge_rates as rated
    where rated.charged_otherwise > 0 and rated.expected_at_metronome > 0
),

common_factors as (
    select
        cast(
            unnest([
                10, 60, 100, 1000, 1024, 3600,
                10000, 100000, 1000000, 1048576, 1000000000
            ]) as decimal(18, 6)
        ) as factor
),

factors as (
    select
        charges.*,
        true as is_own,
        cast(conversions.conversion_factor as decimal(18, 6)) as factor
    from charges
    inner join intermediate.int_product_conversions__dated as conversions
        on
            charges.account = conversions.account
            and charges.product_id = conversions.product_id
    where conversions.conversion_factor > 1
    union all
    select
        charges.*,
        true as is_own,
        cast(tiers.package_size as decimal(18, 6)) as factor
    from charges
    inner join staging.stg_stripe__price_tiers as tiers
        on
            charges.account = tiers.account
            and charges.stripe_price_id = tiers.stripe_price_id
    where tiers.package_size > 1
    union all
    select
        charges.*,
        false as is_own,
        common_factors.factor
    from charges
    cross join common_factors
),

-- What the charge would be if its unit were off by a factor, and nothing else.
off_amounts as (
    select
        factors.*,
        factors.noise * factors.factor as slack,
        cast(factors.expected as decimal(38, 6)) * factors.factor as off_amount
    from factors
    union all
    select
        factors.*,
        factors.noise as slack,
        cast(factors.expected as decimal(38, 6))
        * cast(1 / factors.factor as decimal(18, 12)) as off_amount
    from factors
    union all
    select
        charges.*,
        true as is_own,
        cast(null as decimal(18, 6)) as factor,
        charges.noise as slack,
        charges.expected_unpackaged as off_amount
    from charges
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
            or (
                differences.factor is null
                and differences.difference <= differences.slack
            )
        )
        and (
            differences.difference <= differences.slack
            or (
                differences.is_own
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
    matched.off_amount
from matched
where matched.preference = 1
