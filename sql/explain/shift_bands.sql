-- One row per customer, meter that differs on some day, UTC day with usage and direction in which events may be shifted by less than a day.
-- If all events are later, then at the end of each day Metronome lags behind Stripe by no more than that day's own usage;
-- if they are earlier, it is ahead by no more than the next day's. The rest of its lead up to that day is something else:
-- a band for the sum of all that is missing or extra so far, and of what crossed the start of the window.
-- direction: late or early
-- step: number of the day among the days of the meter with usage, from 1
-- least_other, greatest_other: the band, raw units; least_other is NULL where it has no bound
-- crossed: the most that may have crossed the start of the window before that day, negative where it went out; 0 but on its first day
-- cancelled: what the day lacks and the next one has beyond, or the reverse, raw units
-- pair_text: the day and the next one, with the differences of both
with

daily_rows as (
    select * from explain.usage_rows
    where usage_date is not null and metronome_customer_id is not null
),

differing_meters as (
    select distinct
        daily_rows.account,
        daily_rows.customer_key,
        daily_rows.meter
    from daily_rows
    where daily_rows.usage_gain <> 0
),

usage_rows as (
    select daily_rows.*
    from daily_rows
    inner join differing_meters
        on
            daily_rows.account = differing_meters.account
            and daily_rows.customer_key = differing_meters.customer_key
            and daily_rows.meter = differing_meters.meter
),

running as (
    select
        usage_rows.*,
        row_number() over (
            partition by usage_rows.account, usage_rows.customer_key, usage_rows.meter
            order by usage_rows.usage_date
        ) as step,
        sum(usage_rows.usage_gain) over (
            partition by usage_rows.account, usage_rows.customer_key, usage_rows.meter
            order by usage_rows.usage_date
        ) as lead_of_metronome,
        lead(usage_rows.usage_date) over (
            partition by usage_rows.account, usage_rows.customer_key, usage_rows.meter
            order by usage_rows.usage_date
        ) as next_date,
        lead(usage_rows.expected_usage) over (
            partition by usage_rows.account, usage_rows.customer_key, usage_rows.meter
            order by usage_rows.usage_date
        ) as next_expected_usage,
        lead(usage_rows.usage_gain) over (
            partition by usage_rows.account, usage_rows.customer_key, usage_rows.meter
            order by usage_rows.usage_date
        ) as next_usage_gain
    from usage_rows
),

-- A day after which the next one has no row has a neighbour without usage; that of the last day is not known.
paired as (
    select
        running.*,
        coalesce(
            running.next_date = cast(running.usage_date + interval 1 day as date),
            false
        ) as is_next_adjacent,
        running.usage_date <= cast(run.parallel_run_start as date) as is_first_day,
        running.usage_date >= cast(run.as_of - interval 1 day as date) as is_last_day
    from running
    cross join control.run as run
),

described as (
    select
        paired.*,
        case
            when
                paired.is_next_adjacent
                and (paired.usage_gain < 0) = (paired.next_usage_gain > 0)
                then least(abs(paired.usage_gain), abs(paired.next_usage_gain))
            else cast(0 as decimal(38, 12))
        end as cancelled,
        'On ' || cast(paired.usage_date as varchar) || ' Metronome is off by '
        || replace(cast(paired.usage_gain as varchar), '.000000000000', '')
        || ', on the next day by '
        || replace(cast(paired.next_usage_gain as varchar), '.000000000000', '')
            as pair_text
    from paired
)

select
    described.account,
    described.customer_key,
    described.meter,
    described.usage_date,
    'late' as direction,
    described.step,
    described.usage_gain,
    described.cancelled,
    described.pair_text,
    case
        when described.is_first_day then described.actual_usage
        else cast(0 as decimal(38, 12))
    end as crossed,
    described.lead_of_metronome as least_other,
    described.lead_of_metronome
    + case
        when described.is_next_adjacent or described.is_last_day
            then described.expected_usage
        else 0
    end as greatest_other
from described
union all
select
    described.account,
    described.customer_key,
    described.meter,
    described.usage_date,
    'early' as direction,
    described.step,
    described.usage_gain,
    described.cancelled,
    described.pair_text,
    case
        when described.is_first_day then -described.expected_usage
        else cast(0 as decimal(38, 12))
    end as crossed,
    described.lead_of_metronome
    - case
        when described.is_next_adjacent then described.next_expected_usage
        when not described.is_last_day then 0
    end as least_other,
    described.lead_of_metronome as greatest_other
from described
