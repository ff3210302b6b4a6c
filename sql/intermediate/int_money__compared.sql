-- One row per customer, currency and billing period: of invoice_totals with the net usage charges of both sides, of
-- credit_drawdowns with the credit that either side applied.
-- Stripe's credit: entries of type credit_balance_transaction on the lines (traps T6, T15). Metronome's: applied prepaid
-- commits and credits, whatever they were spent on; postpaid ones are no credit.
-- allowance: rounding that is no variance: the larger of one minor unit and half the number of Stripe's non-zero lines
with

periods as (
    select * from intermediate.int_billing_periods__scoped
    where check_name in ('invoice_totals', 'credit_drawdowns')
),

stripe_sums as (
    select
        lines.account,
        lines.stripe_customer_id as customer_key,
        lines.period_start,
        lines.period_end,
        lines.currency,
        cast(sum(lines.net_minor_units) as decimal(38, 12)) as net_charges,
        cast(sum(lines.credit_minor_units) as decimal(38, 12)) as credit,
        count(*) filter (where lines.net_minor_units <> 0) as non_zero_lines
    from intermediate.int_stripe_lines__periodised as lines
    group by
        lines.account,
        lines.stripe_customer_id,
        lines.period_start,
        lines.period_end,
        lines.currency
),

stripe_side as (
    select
        periods.check_name,
        periods.customer_number,
        periods.period_start,
        periods.period_end,
        stripe_sums.currency,
        case periods.check_name
            when 'invoice_totals' then stripe_sums.net_charges
            else stripe_sums.credit
        end as expected_value,
        stripe_sums.non_zero_lines
    from periods
    inner join stripe_sums
        on
            periods.account = stripe_sums.account
            and periods.customer_key = stripe_sums.customer_key
            and periods.stripe_start = stripe_sums.period_start
            and periods.stripe_end = stripe_sums.period_end
    where periods.check_name = 'invoice_totals' or stripe_sums.credit <> 0
),

-- An invoice without a charge in scope still says that Metronome billed nothing; without credit there is nothing to say.
metronome_side as (
    select * from intermediate.int_metronome_charges__totalled
    where check_name = 'invoice_totals' or actual_value <> 0
),

sides as (
    select
        coalesce(stripe_side.check_name, metronome_side.check_name) as check_name,
        coalesce(stripe_side.customer_number, metronome_side.customer_number)
            as customer_number,
        coalesce(stripe_side.period_start, metronome_side.period_start) as period_start,
        coalesce(stripe_side.period_end, metronome_side.period_end) as period_end,
        coalesce(stripe_side.currency, metronome_side.currency) as currency,
        stripe_side.expected_value,
        metronome_side.actual_value,
        coalesce(stripe_side.non_zero_lines, 0) as non_zero_lines
    from stripe_side
    full outer join metronome_side
        on
            stripe_side.check_name = metronome_side.check_name
            and stripe_side.customer_number = metronome_side.customer_number
            and stripe_side.period_start = metronome_side.period_start
            and stripe_side.period_end = metronome_side.period_end
            and stripe_side.currency = metronome_side.currency
)

select
    sides.check_name,
    sides.customer_number,
    sides.currency,
    cast(null as varchar) as meter,
    cast(null as varchar) as product,
    cast(null as varchar) as pricing_group_values,
    sides.period_start,
    sides.period_end,
    cast(null as date) as usage_date,
    sides.currency as unit,
    sides.expected_value,
    sides.actual_value,
    coalesce(
        thresholds.absolute_minor_units,
        greatest(
            cast(1 as decimal(38, 12)),
            cast(
                sides.non_zero_lines * cast(0.5 as decimal(18, 6)) as decimal(38, 12)
            )
        )
    ) as allowance,
    cast(0 as decimal(38, 12)) as rounds_up_by,
    cast(0 as decimal(38, 12)) as rounds_down_by,
    cast(1 as decimal(38, 12)) as scatter_unit,
    periods.is_settled,
    periods.is_shifted as is_forced_breach,
    true as is_from_floats
from sides
inner join periods
    on
        sides.check_name = periods.check_name
        and sides.customer_number = periods.customer_number
        and sides.period_start = periods.period_start
        and sides.period_end = periods.period_end
inner join control.thresholds as thresholds
    on sides.check_name = thresholds.check_name
where
    -- A Metronome customer without a link counts once it has usage or charges.
    periods.stripe_customer_id is not null
    or sides.actual_value <> 0
