-- One row: counts of what must not be in parity.invoice_totals.
-- null_tail_count: rows with a NULL in a column that never has one
-- duplicate_grain_count: rows beyond the first with the same grain
-- identity_violation_count: rows whose variance, presence or ratio does not follow from the two values
-- unbalanced_effect_count: rows whose effects do not sum to their variance exactly
with

check_rows as (
    select * from parity.invoice_totals
),

grains as (
    select
        check_rows.account,
        check_rows.stripe_customer_id,
        check_rows.metronome_customer_id,
        check_rows.currency,
        check_rows.period_start,
        check_rows.period_end,
        count(*) as copies
    from check_rows
    group by
        check_rows.account,
        check_rows.stripe_customer_id,
        check_rows.metronome_customer_id,
        check_rows.currency,
        check_rows.period_start,
        check_rows.period_end
),

duplicates as (
    select coalesce(sum(grains.copies - 1), 0) as duplicate_grain_count
    from grains
),

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
    select check_rows.variance - coalesce(effect_sums.amount, 0) as difference
    from check_rows
    left join effect_sums
        on
            check_rows.account = effect_sums.account
            and check_rows.stripe_customer_id
            is not distinct from effect_sums.stripe_customer_id
            and check_rows.metronome_customer_id
            is not distinct from effect_sums.metronome_customer_id
            and check_rows.currency = effect_sums.currency
            and check_rows.period_start = effect_sums.period_start
            and check_rows.period_end = effect_sums.period_end
),

unbalanced as (
    select count(*) filter (where balances.difference <> 0) as unbalanced_effect_count
    from balances
),

counts as (
    select
        count(*) as row_count,
        count(*) filter (
            where
            check_rows.account is null
            or check_rows.presence is null
            or check_rows.variance is null
            or check_rows.variance_ratio is null
            or check_rows.status is null
            or coalesce(
                check_rows.stripe_customer_id, check_rows.metronome_customer_id
            ) is null
        ) as null_tail_count,
        count(*) filter (
            where
            check_rows.variance
            <> coalesce(check_rows.actual_value, 0)
            - coalesce(check_rows.expected_value, 0)
            or (check_rows.presence = 'both') <> (
                check_rows.expected_value is not null
                and check_rows.actual_value is not null
            )
            or (check_rows.presence = 'expected_only') <> (
                check_rows.expected_value is not null
                and check_rows.actual_value is null
            )
            or (check_rows.status = 'match' and check_rows.variance_ratio <> 0)
            or check_rows.variance_ratio < 0
        ) as identity_violation_count
    from check_rows
)

select
    counts.row_count,
    counts.null_tail_count,
    cast(duplicates.duplicate_grain_count as bigint) as duplicate_grain_count,
    counts.identity_violation_count,
    unbalanced.unbalanced_effect_count
from counts
cross join duplicates
cross join unbalanced
