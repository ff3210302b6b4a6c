-- One row per row of invoice_totals with a variance, and effect; the amounts of a row's effects sum to its variance.
-- A variance inside the row's allowance is one effect, rounding, unless credit differs: credit that hides a difference
-- of the charges stands beside it, so a row without a variance may have effects as well.
-- effect: quantity, price, discount, credit, fixed_charge, unmatched_invoice, unmatched_line, currency, currency_unit, rounding or unattributed
-- amount: the effect's share of the variance, minor units of currency
-- meter: the meter concerned, where the effect has one
-- product: the Metronome product concerned, where the effect has one
with

totals as (
    select * from intermediate.int_money__judged
    where check_name = 'invoice_totals'
),

split as (
    select * from explain.money_rows
    where is_split
),

charges as (
    select
        charges.money_row,
        charges.charge_meter,
        charges.charge_group,
        products.product
    from explain.charges as charges
    inner join explain.money_rows as money_rows
        on charges.money_row = money_rows.money_row
    inner join staging.stg_metronome__products as products
        on
            money_rows.account = products.account
            and charges.product_id = products.product_id
),

effects as (
    select
        split.account,
        split.stripe_customer_id,
        split.metronome_customer_id,
        split.currency,
        split.period_start,
        split.period_end,
        money_effects.effect,
        case
            when money_effects.charge_meter <> '' then money_effects.charge_meter
        end as meter,
        charges.product,
        money_effects.amount
    from explain.money_effects as money_effects
    inner join split on money_effects.money_row = split.money_row
    left join charges
        on
            money_effects.money_row = charges.money_row
            and money_effects.charge_meter = charges.charge_meter
            and money_effects.charge_group = charges.charge_group
    union all
    select
        totals.account,
        totals.stripe_customer_id,
        totals.metronome_customer_id,
        totals.currency,
        totals.period_start,
        totals.period_end,
        case
            when totals.is_inside_allowance then 'rounding'
            else 'unmatched_invoice'
        end as effect,
        cast(null as varchar) as meter,
        cast(null as varchar) as product,
        totals.variance as amount
    from totals
    left join split
        on
            totals.account = split.account
            and totals.customer_key = split.customer_key
            and totals.currency = split.currency
            and totals.period_start = split.period_start
            and totals.period_end = split.period_end
    where totals.variance <> 0 and split.account is null
)

select
    effects.account,
    effects.stripe_customer_id,
    effects.metronome_customer_id,
    effects.currency,
    effects.period_start,
    effects.period_end,
    effects.effect,
    effects.meter,
    effects.product,
    cast(sum(effects.amount) as decimal(38, 12)) as amount
from effects
group by
    effects.account,
    effects.stripe_customer_id,
    effects.metronome_customer_id,
    effects.currency,
    effects.period_start,
    effects.period_end,
    effects.effect,
    effects.meter,
    effects.product
having sum(effects.amount) <> 0
