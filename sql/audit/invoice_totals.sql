-- One row: counts of what must not be in parity.invoice_totals.
-- null_tail_count: rows with a NULL in a column that never has one
-- duplicate_grain_count: rows beyond the first with the same grain
-- identity_violation_count: rows whose variance, presence or ratio does not follow from the two values
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
    counts.identity_violation_count
from counts
cross join duplicates
