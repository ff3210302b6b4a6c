-- One row per money row and charge whose amount a wrong unit explains: off by a factor exactly, or nearly by its own.
-- Factors tried: powers of ten, 60, 1024, 3600, the conversions of the product, and the size of Stripe's package, both as
-- a factor and as each unit at the price of a package. A charge must be off at least five times, but for the last.
-- factor: NULL where each unit bears the price of a package; is_own: whether the product or price has this factor itself
-- off_amount: what the charge would be with nothing else wrong
with

rated as (
    select * from explain.charge_rates
),

powers as (
    select cast(10 as decimal(18, 6)) as factor
    union all
    select cast(60 as decimal(18, 6)) as factor
    union all
    select cast(100 as decimal(18, 6)) as factor
    union all
    select cast(1000 as decimal(18, 6)) as factor
    union all
    select cast(1024 as decimal(18, 6)) as factor
    union all
    select cast(3600 as decimal(18, 6)) as factor
    union all
    select cast(10000 as decimal(18, 6)) as factor
    union all
    select cast(100000 as decimal(18, 6)) as factor
    union all
    select cast(1000000 as decimal(18, 6)) as factor
    union all
    select cast(1048576 as decimal(18, 6)) as factor
    union all
    select cast(1000000000 as decimal(18, 6)) as factor
),

own_factors as (
    select
        rated.money_row,
        rated.charge_meter,
        rated.charge_group,
        cast(conversions.conversion_factor as decimal(18, 6)) as factor
    from rated
    inner join intermediate.int_product_conversions__dated as conversions
        on
            rated.account = conversions.account
            and rated.product_id = conversions.product_id
    where conversions.conversion_factor > 1
    union
    select
        rated.money_row,
        rated.charge_meter,
        rated.charge_group,
        cast(tiers.package_size as decimal(18, 6)) as factor
    from rated
    inner join staging.stg_stripe__price_tiers as tiers
        on
            rated.account = tiers.account
            and rated.stripe_price_id = tiers.stripe_price_id
    where tiers.package_size > 1
),

known_factors as (
    select
        own_factors.*,
        true as is_own
    from own_factors
    union all
    select
        rated.money_row,
        rated.charge_meter,
        rated.charge_group,
        powers.factor,
        false as is_own
    from rated
    cross join powers
),

inverted as (
    select
        known_factors.*,
        cast(1 / known_factors.factor as decimal(18, 12)) as inverse_factor
    from known_factors
),

-- What the charge would be if its unit were off by a factor, and nothing else.
off_amounts as (
    select
        inverted.money_row,
        inverted.charge_meter,
        inverted.charge_group,
        inverted.is_own,
        inverted.factor,
        rated.noise * inverted.factor as slack,
        cast(rated.expected_at_metronome as decimal(38, 6)) * inverted.factor
            as off_amount
    from inverted
    inner join rated
        on
            inverted.money_row = rated.money_row
            and inverted.charge_meter = rated.charge_meter
            and inverted.charge_group = rated.charge_group
    union all
    select
        inverted.money_row,
        inverted.charge_meter,
        inverted.charge_group,
        inverted.is_own,
        inverted.factor,
        rated.noise as slack,
        cast(rated.expected_at_metronome as decimal(38, 6)) * inverted.inverse_factor
            as off_amount
    from inverted
    inner join rated
        on
            inverted.money_row = rated.money_row
            and inverted.charge_meter = rated.charge_meter
            and inverted.charge_group = rated.charge_group
    union all
    select
        rated.money_row,
        rated.charge_meter,
        rated.charge_group,
        true as is_own,
        cast(null as decimal(18, 6)) as factor,
        rated.noise as slack,
        rated.expected_unpackaged_at_metronome as off_amount
    from rated
    where rated.pricing_model = 'package'
),

-- Exactly off by a factor, or nearly so by one that the product itself has.
matched as (
    select
        off_amounts.*,
        row_number() over (
            partition by
                off_amounts.money_row,
                off_amounts.charge_meter,
                off_amounts.charge_group
            order by
                abs(rated.charged_otherwise - off_amounts.off_amount),
                off_amounts.is_own desc,
                off_amounts.factor asc
        ) as preference
    from off_amounts
    inner join rated
        on
            off_amounts.money_row = rated.money_row
            and off_amounts.charge_meter = rated.charge_meter
            and off_amounts.charge_group = rated.charge_group
    where
        (
            rated.charged_otherwise >= 5 * rated.expected_at_metronome
            or 5 * rated.charged_otherwise <= rated.expected_at_metronome
            or (
                off_amounts.factor is null
                and abs(rated.charged_otherwise - off_amounts.off_amount)
                <= off_amounts.slack
            )
        )
        and rated.charged_otherwise > 0
        and rated.expected_at_metronome > 0
        and (
            abs(rated.charged_otherwise - off_amounts.off_amount) <= off_amounts.slack
            or (
                off_amounts.is_own
                and 2 * rated.charged_otherwise > off_amounts.off_amount
                and rated.charged_otherwise < 2 * off_amounts.off_amount
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
