-- One row: counts of what must not be in parity.invoice_totals.
-- null_tail_count: rows with a NULL in a column that never has one
-- duplicate_grain_count: rows beyond the first with the same grain
-- identity_violation_count: rows whose variance, presence or ratio does not follow from the two values
-- unbalanced_effect_count: rows whose effects do not sum to their variance exactly
with

effect_sums as (
    select
        effects.account,
        effects.stripe_customer_id,
        effects.metronome_customer_id,
        effects.currency,
        effects.period_start,
        effects.period_end,
        sum(effects.amount) as amount
    from parity.variance_effects as effects
    group by
        effects.account,
        effects.stripe_customer_id,
        effects.metronome_customer_id,
        effects.currency,
        effects.period_start,
        effects.period_end
),

balances as (
    select totals.variance - coalesce(effect_sums.amount, 0) as difference
    from parity.invoice_totals as totals
    left join effect_sums
        on
            totals.account = effect_sums.account
            and totals.stripe_customer_id
            is not distinct from effect_sums.stripe_customer_id
            and totals.metronome_customer_id
            is not distinct from effect_sums.metronome_customer_id
            and totals.currency = effect_sums.currency
            and totals.period_start = effect_sums.period_start
            and totals.period_end = effect_sums.period_end
),

unbalanced as (
    select count(*) filter (where balances.difference <> 0) as unbalanced_effect_count
    from balances
)

select
    counted.row_count,
    counted.null_tail_count,
    counted.duplicate_grain_count,
    counted.identity_violation_count,
    unbalanced.unbalanced_effect_count
from intermediate.int_published_rows__counted as counted
cross join unbalanced
where counted.check_name = 'invoice_totals'
