-- One row per row of invoice_totals of a customer whose money or credit differs beyond the allowance in any period.
-- The other periods of such a customer are needed because credit goes from one into the next.
-- money_row: number of the row; the models on money join by it
-- is_split: whether its variance is divided into effects; a difference inside the allowance is rounding
-- is_other_currency: whether the same period has a row of the other side alone in another currency
with

money as (
    select * from intermediate.int_money__judged
),

totals as (
    select * from money
    where check_name = 'invoice_totals'
),

outside as (
    select
        money.account,
        money.customer_key,
        money.currency,
        money.period_start,
        money.period_end
    from money
    where
        (not money.is_inside_allowance or money.is_forced_breach)
        and not (money.status = 'pending' and money.presence <> 'both')
),

customers as (
    select distinct
        outside.account,
        outside.customer_key
    from outside
),

places as (
    select distinct
        outside.account,
        outside.customer_key,
        outside.currency,
        outside.period_start,
        outside.period_end
    from outside
),

periods as (
    select * from intermediate.int_billing_periods__scoped
    where check_name = 'invoice_totals'
),

one_sided as (
    select
        totals.account,
        totals.customer_key,
        totals.period_start,
        totals.period_end
    from totals
    where totals.presence <> 'both'
    group by
        totals.account, totals.customer_key, totals.period_start, totals.period_end
    having
        count(*) filter (where totals.presence = 'expected_only') > 0
        and count(*) filter (where totals.presence = 'actual_only') > 0
)

select
    row_number() over (
        order by
            totals.account,
            totals.customer_key,
            totals.currency,
            totals.period_start,
            totals.period_end
    ) as money_row,
    totals.account,
    totals.customer_key,
    totals.stripe_customer_id,
    totals.metronome_customer_id,
    totals.currency,
    totals.period_start,
    totals.period_end,
    periods.stripe_start,
    periods.stripe_end,
    periods.metronome_start,
    periods.metronome_end,
    totals.presence,
    totals.status,
    totals.expected_value,
    totals.actual_value,
    totals.variance,
    totals.allowance,
    places.account is not null as is_split,
    one_sided.account is not null and totals.presence <> 'both' as is_other_currency,
    currencies.minor_units_per_unit
from totals
inner join customers
    on
        totals.account = customers.account
        and totals.customer_key = customers.customer_key
inner join periods
    on
        totals.account = periods.account
        and totals.customer_key = periods.customer_key
        and totals.period_start = periods.period_start
        and totals.period_end = periods.period_end
left join places
    on
        totals.account = places.account
        and totals.customer_key = places.customer_key
        and totals.currency = places.currency
        and totals.period_start = places.period_start
        and totals.period_end = places.period_end
left join one_sided
    on
        totals.account = one_sided.account
        and totals.customer_key = one_sided.customer_key
        and totals.period_start = one_sided.period_start
        and totals.period_end = one_sided.period_end
left join control.currencies as currencies
    on totals.currency = currencies.currency
