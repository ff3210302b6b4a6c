-- One row per row of any of the six checks, with its variance and status.
-- The status is the first that holds: pending, waived, breach by shifted bounds, match, within_tolerance, breach. It is
-- decided by multiplication, never through the ratio column. Values that an API sends as floats match when
-- they are equal to 15 significant digits.
-- Kept as a view: to write its columns costs more than to work them out for each of its few readers; what is read more
-- often lies in int_check_rows__breaching and int_money__judged.
-- lean: the part of the variance that a product's own rounding up (or down) does not account for
-- cycle: first day of the calendar month in which the row's period ends; its last day counts, not the instant after
with

run as (
    select * from control.run
),

all_compared as (
    select * from intermediate.int_money__compared
    union all
    select * from intermediate.int_line_item_quantities__compared
    union all
    select * from intermediate.int_contract_coverage__compared
    union all
    select * from intermediate.int_event_ingestion__compared
    union all
    select * from intermediate.int_group_key_coverage__compared
),

compared as (
    select
        all_compared.*,
        customers.account,
        customers.customer_key,
        customers.stripe_customer_id,
        customers.metronome_customer_id
    from all_compared
    inner join intermediate.int_customers__classified as customers
        on all_compared.customer_number = customers.customer_number
),

measured as (
    select
        compared.*,
        case
            when compared.actual_value is null then 'expected_only'
            when compared.expected_value is null then 'actual_only'
            else 'both'
        end as presence,
        cast(
            coalesce(compared.actual_value, 0) - coalesce(compared.expected_value, 0)
            as decimal(38, 12)
        ) as variance,
        greatest(
            coalesce(abs(compared.expected_value), 0),
            coalesce(abs(compared.actual_value), 0)
        ) as greater_value,
        cast(
            date_trunc(
                'month',
                coalesce(
                    cast(compared.usage_date as timestamp),
                    compared.period_end - interval 1 microsecond,
                    run.as_of - interval 1 microsecond
                )
            ) as date
        ) as cycle
    from compared
    cross join run
),

bounded as (
    select
        measured.*,
        thresholds.variance_ratio as threshold_ratio,
        abs(measured.variance) <= measured.allowance as is_inside_allowance,
        -- One unit in the fifteenth significant digit of the greater value; only asked where something differs.
        case
            when measured.is_from_floats and measured.variance <> 0
                then cast(
                    '1e'
                    || cast(
                        length(
                            split_part(cast(measured.greater_value as varchar), '.', 1)
                        ) - 15
                        as varchar
                    ) as decimal(38, 12)
                )
        end as fifteenth_digit
    from measured
    inner join control.thresholds as thresholds
        on measured.check_name = thresholds.check_name
)

select
    bounded.check_name,
    bounded.customer_number,
    bounded.account,
    bounded.customer_key,
    bounded.stripe_customer_id,
    bounded.metronome_customer_id,
    bounded.currency,
    bounded.meter,
    bounded.product,
    bounded.pricing_group_values,
    bounded.period_start,
    bounded.period_end,
    bounded.usage_date,
    bounded.unit,
    bounded.cycle,
    bounded.presence,
    bounded.expected_value,
    bounded.actual_value,
    bounded.variance,
    cast(
        case
            when bounded.greater_value = 0 then 0
            else abs(bounded.variance) / bounded.greater_value
        end as decimal(18, 12)
    ) as variance_ratio,
    bounded.allowance,
    bounded.is_inside_allowance,
    cast(
        case
            when bounded.variance > 0
                then greatest(bounded.variance - bounded.rounds_up_by, 0)
            else least(bounded.variance + bounded.rounds_down_by, 0)
        end as decimal(38, 12)
    ) as lean,
    bounded.scatter_unit,
    bounded.is_forced_breach,
    case
        when not bounded.is_settled then 'pending'
        when waived.check_name is not null then 'waived'
        when bounded.is_forced_breach then 'breach'
        when bounded.variance = 0 then 'match'
        when
            bounded.is_from_floats
            and abs(bounded.variance) + abs(bounded.variance)
            <= bounded.fifteenth_digit
            then 'match'
        when
            bounded.is_inside_allowance
            or abs(bounded.variance) <= bounded.threshold_ratio * bounded.greater_value
            then 'within_tolerance'
        else 'breach'
    end as status
from bounded
left join intermediate.int_check_rows__waived as waived
    on
        bounded.check_name = waived.check_name
        and bounded.customer_number = waived.customer_number
        and bounded.unit = waived.unit
        and bounded.pricing_group_values
        is not distinct from waived.pricing_group_values
        and bounded.period_start is not distinct from waived.period_start
        and bounded.period_end is not distinct from waived.period_end
        and bounded.usage_date is not distinct from waived.usage_date
