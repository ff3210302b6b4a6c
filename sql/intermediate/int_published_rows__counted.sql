-- One row per check, also for one without rows: counts of what must not be in its published table.
-- Variance, presence and grain are worked out again from what is published, not from the rows they were judged by.
with

check_rows as (
    select
        'contract_coverage' as check_name,
        check_rows.account,
        check_rows.stripe_customer_id,
        check_rows.metronome_customer_id,
        check_rows.presence,
        check_rows.expected_value,
        check_rows.actual_value,
        check_rows.variance,
        check_rows.variance_ratio,
        check_rows.status
    from parity.contract_coverage as check_rows
    union all
    select
        'credit_drawdowns' as check_name,
        check_rows.account,
        check_rows.stripe_customer_id,
        check_rows.metronome_customer_id,
        check_rows.presence,
        check_rows.expected_value,
        check_rows.actual_value,
        check_rows.variance,
        check_rows.variance_ratio,
        check_rows.status
    from parity.credit_drawdowns as check_rows
    union all
    select
        'event_ingestion' as check_name,
        check_rows.account,
        check_rows.stripe_customer_id,
        check_rows.metronome_customer_id,
        check_rows.presence,
        check_rows.expected_value,
        check_rows.actual_value,
        check_rows.variance,
        check_rows.variance_ratio,
        check_rows.status
    from parity.event_ingestion as check_rows
    union all
    select
        'group_key_coverage' as check_name,
        check_rows.account,
        check_rows.stripe_customer_id,
        check_rows.metronome_customer_id,
        check_rows.presence,
        check_rows.expected_value,
        check_rows.actual_value,
        check_rows.variance,
        check_rows.variance_ratio,
        check_rows.status
    from parity.group_key_coverage as check_rows
    union all
    select
        'invoice_totals' as check_name,
        check_rows.account,
        check_rows.stripe_customer_id,
        check_rows.metronome_customer_id,
        check_rows.presence,
        check_rows.expected_value,
        check_rows.actual_value,
        check_rows.variance,
        check_rows.variance_ratio,
        check_rows.status
    from parity.invoice_totals as check_rows
    union all
    select
        'line_item_quantities' as check_name,
        check_rows.account,
        check_rows.stripe_customer_id,
        check_rows.metronome_customer_id,
        check_rows.presence,
        check_rows.expected_value,
        check_rows.actual_value,
        check_rows.variance,
        check_rows.variance_ratio,
        check_rows.status
    from parity.line_item_quantities as check_rows
),

counted as (
    select
        check_rows.check_name,
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
    group by check_rows.check_name
),

-- Rows beyond the first of each grain. Each check is counted by its own columns.
grains as (
    select
        'contract_coverage' as check_name,
        count(*) - 1 as extra_rows
    from parity.contract_coverage as check_rows
    group by
        check_rows.account,
        check_rows.stripe_customer_id,
        check_rows.metronome_customer_id
    union all
    select
        'credit_drawdowns' as check_name,
        count(*) - 1 as extra_rows
    from parity.credit_drawdowns as check_rows
    group by
        check_rows.account,
        check_rows.stripe_customer_id,
        check_rows.metronome_customer_id,
        check_rows.currency,
        check_rows.period_start,
        check_rows.period_end
    union all
    -- A month's days are the bits of one number; a row that adds no bit is one too many. A row for a period has none.
    select
        'event_ingestion' as check_name,
        count(*)
        - coalesce(
            bit_count(
                bit_or(
                    cast(1 as bigint)
                    << date_diff(
                        'day',
                        date_trunc('month', check_rows.usage_date),
                        check_rows.usage_date
                    )
                )
            ),
            1
        ) as extra_rows
    from parity.event_ingestion as check_rows
    group by
        check_rows.account,
        check_rows.stripe_customer_id,
        check_rows.metronome_customer_id,
        check_rows.meter,
        check_rows.period_start,
        check_rows.period_end,
        date_trunc('month', check_rows.usage_date)
    union all
    select
        'group_key_coverage' as check_name,
        count(*) - 1 as extra_rows
    from parity.group_key_coverage as check_rows
    group by
        check_rows.account,
        check_rows.stripe_customer_id,
        check_rows.metronome_customer_id,
        check_rows.product,
        check_rows.pricing_group_values
    union all
    select
        'invoice_totals' as check_name,
        count(*) - 1 as extra_rows
    from parity.invoice_totals as check_rows
    group by
        check_rows.account,
        check_rows.stripe_customer_id,
        check_rows.metronome_customer_id,
        check_rows.currency,
        check_rows.period_start,
        check_rows.period_end
    union all
    select
        'line_item_quantities' as check_name,
        count(*) - 1 as extra_rows
    from parity.line_item_quantities as check_rows
    group by
        check_rows.account,
        check_rows.stripe_customer_id,
        check_rows.metronome_customer_id,
        check_rows.meter,
        check_rows.period_start,
        check_rows.period_end
),

duplicates as (
    select
        grains.check_name,
        sum(grains.extra_rows) as duplicate_grain_count
    from grains
    group by grains.check_name
)

select
    thresholds.check_name,
    coalesce(counted.row_count, 0) as row_count,
    coalesce(counted.null_tail_count, 0) as null_tail_count,
    cast(coalesce(duplicates.duplicate_grain_count, 0) as bigint)
        as duplicate_grain_count,
    coalesce(counted.identity_violation_count, 0) as identity_violation_count
from control.thresholds as thresholds
left join counted on thresholds.check_name = counted.check_name
left join duplicates on thresholds.check_name = duplicates.check_name
