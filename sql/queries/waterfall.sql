-- From Stripe's total to Metronome's: which effects lie between, by currency? Settled periods.
with

totals as (
    select
        invoice_totals.account,
        invoice_totals.currency,
        sum(coalesce(invoice_totals.expected_value, 0)) as stripe_total,
        sum(coalesce(invoice_totals.actual_value, 0)) as metronome_total
    from parity.invoice_totals as invoice_totals
    where invoice_totals.status <> 'pending'
    group by invoice_totals.account, invoice_totals.currency
),

effects as (
    select
        variance_effects.account,
        variance_effects.currency,
        variance_effects.effect,
        sum(variance_effects.amount) as amount,
        sum(greatest(variance_effects.amount, 0)) as raised,
        sum(least(variance_effects.amount, 0)) as lowered
    from parity.variance_effects as variance_effects
    inner join parity.invoice_totals as invoice_totals
        on
            variance_effects.account = invoice_totals.account
            and variance_effects.stripe_customer_id
            is not distinct from invoice_totals.stripe_customer_id
            and variance_effects.metronome_customer_id
            is not distinct from invoice_totals.metronome_customer_id
            and variance_effects.currency = invoice_totals.currency
            and variance_effects.period_start = invoice_totals.period_start
            and variance_effects.period_end = invoice_totals.period_end
    where invoice_totals.status <> 'pending'
    group by
        variance_effects.account,
        variance_effects.currency,
        variance_effects.effect
),

steps as (
    select
        totals.account,
        totals.currency,
        1 as step,
        'Stripe' as name,
        totals.stripe_total as minor_units,
        null as raised_minor_units,
        null as lowered_minor_units
    from totals
    union all
    select
        effects.account,
        effects.currency,
        2 as step,
        effects.effect as name,
        effects.amount as minor_units,
        effects.raised as raised_minor_units,
        effects.lowered as lowered_minor_units
    from effects
    union all
    select
        totals.account,
        totals.currency,
        3 as step,
        'Metronome' as name,
        totals.metronome_total as minor_units,
        null as raised_minor_units,
        null as lowered_minor_units
    from totals
)

select
    steps.account,
    steps.currency,
    steps.name,
    steps.minor_units,
    steps.raised_minor_units,
    steps.lowered_minor_units
from steps
order by
    steps.account asc,
    steps.currency asc,
    steps.step asc,
    steps.raised_minor_units - steps.lowered_minor_units desc,
    steps.name
