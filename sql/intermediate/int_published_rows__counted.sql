-- One row per check, also for one without rows: counts of what must not be in its published table.
-- Variance, presence and grain are worked out again from what is published, not from the rows they were judged by.
with

check_rows as (
    select
        'contract_coverage' as check_name,
        check_rows.account,
        check_rows.stripe_customer_id,
        check_rows.metronome_customer_id,
        cast(null as varchar) as currency,
        cast(null as varchar) as meter,
        cast(null as varchar) as product,
        cast(null as varchar) as pricing_group_values,
        cast(null as timestamp) as period_start,
        cast(null as timestamp) as period_end,
        cast(null as date) as usage_date,
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
        check_rows.currency,
        cast(null as varchar) as meter,
        cast(null as varchar) as product,
        cast(null as varchar) as pricing_group_values,
        check_rows.period_start,
        check_rows.period_end,
        cast(null as date) as usage_date,
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
        cast(null as varchar) as currency,
        check_rows.meter,
        cast(null as varchar) as product,
        cast(null as varchar) as pricing_group_values,
        check_rows.period_start,
        check_rows.period_end,
        check_rows.usage_date,
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
        cast(null as varchar) as currency,
        cast(null as varchar) as meter,
        check_rows.product,
        check_rows.pricing_group_values,
        cast(null as timestamp) as period_start,
        cast(null as timestamp) as period_end,
        cast(null as date) as usage_date,
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
        check_rows.currency,
        cast(null as varchar) as meter,
        cast(null as varchar) as product,
        cast(null as varchar) as pricing_group_values,
        check_rows.period_start,
        check_rows.period_end,
        cast(null as date) as usage_date,
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
        cast(null as varchar) as currency,
        check_rows.meter,
        cast(null as varchar) as product,
        cast(null as varchar) as pricing_group_values,
        check_rows.period_start,
        check_rows.period_end,
        cast(null as date) as usage_date,
        check_rows.presence,
        check_rows.expected_value,
        check_rows.actual_value,
        check_rows.variance,
        check_rows.variance_ratio,
        check_rows.status
    from parity.line_item_quantities as check_rows
),

-- One row per grain: a column that a check does not have is NULL in all its rows.
grains as (
    select
        check_rows.check_name,
        count(*) as copies,
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
        ) as null_tails,
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
        ) as identity_violations
    from check_rows
    group by
        check_rows.check_name,
        check_rows.account,
        check_rows.stripe_customer_id,
        check_rows.metronome_customer_id,
        check_rows.currency,
        check_rows.meter,
        check_rows.product,
        check_rows.pricing_group_values,
        check_rows.period_start,
        check_rows.period_end,
        check_rows.usage_date
)

select
    thresholds.check_name,
    cast(coalesce(sum(grains.copies), 0) as bigint) as row_count,
    cast(coalesce(sum(grains.null_tails), 0) as bigint) as null_tail_count,
    cast(coalesce(sum(grains.copies - 1), 0) as bigint) as duplicate_grain_count,
    cast(coalesce(sum(grains.identity_violations), 0) as bigint)
        as identity_violation_count
from control.thresholds as thresholds
left join grains on thresholds.check_name = grains.check_name
group by thresholds.check_name
