-- One row per customer and meter whose events fall on other days in Metronome, by less than a day.
-- Pattern: what a day lacks stands on its neighbour. If all events are later by less than a day, then at the end of
-- each day Metronome lags behind Stripe by no more than that day's own usage; if they are
-- earlier, it is ahead by no more than the next day's. That must hold on every day of the window (is_whole),
-- with differences of both signs on most days, or on exactly two neighbouring days that cancel.
-- Where other events are missing or extra besides, the lag grows: then no day may hold more than it and its
-- neighbour had in Stripe, and the lesser sign must be at least half of the greater (a fourth, where another meter of the customer is wholly shifted).
-- What looks the same: lost events and others sent twice on other days; their lag does not return.
-- is_whole: every difference of the meter is the shift
-- lower_ratio: the part of each lower day that is the shift
-- higher_ratio: the part of each higher day that is the shift
-- evidence: the two neighbouring days with the greatest difference, and what remains over all days
with

usage_rows as (
    select * from explain.usage_rows
    where usage_date is not null and metronome_customer_id is not null
),

running as (
    select
        usage_rows.*,
        sum(usage_rows.usage_gain) over (
            partition by usage_rows.account, usage_rows.customer_key, usage_rows.meter
            order by usage_rows.usage_date
        ) as lead_of_metronome,
        coalesce(
            lead(usage_rows.usage_date) over (
                partition by
                    usage_rows.account, usage_rows.customer_key, usage_rows.meter
                order by usage_rows.usage_date
            ) = cast(usage_rows.usage_date + interval 1 day as date),
            false
        ) as is_next_adjacent,
        lead(usage_rows.expected_usage) over (
            partition by usage_rows.account, usage_rows.customer_key, usage_rows.meter
            order by usage_rows.usage_date
        ) as next_expected_usage,
        lead(usage_rows.actual_usage) over (
            partition by usage_rows.account, usage_rows.customer_key, usage_rows.meter
            order by usage_rows.usage_date
        ) as next_actual_usage,
        lead(usage_rows.usage_gain) over (
            partition by usage_rows.account, usage_rows.customer_key, usage_rows.meter
            order by usage_rows.usage_date
        ) as next_usage_gain,
        min(
            case when usage_rows.usage_gain <> 0 then usage_rows.usage_date end
        ) over (
            partition by usage_rows.account, usage_rows.customer_key, usage_rows.meter
        ) as first_gain_date,
        max(
            case when usage_rows.usage_gain <> 0 then usage_rows.usage_date end
        ) over (
            partition by usage_rows.account, usage_rows.customer_key, usage_rows.meter
        ) as last_gain_date
    from usage_rows
),

-- A day after which the next one has no row has a neighbour without usage.
bounded as (
    select
        running.*,
        case
            when running.next_expected_usage is null or running.is_next_adjacent
                then running.expected_usage
            else cast(0 as decimal(38, 12))
        end as greatest_lag,
        case
            when running.is_next_adjacent then running.next_expected_usage
            else cast(0 as decimal(38, 12))
        end as greatest_lead,
        -- What one day lacks and the next one has beyond, or the reverse.
        case
            when
                running.is_next_adjacent
                and (
                    running.usage_gain < 0 and running.next_usage_gain > 0
                    or running.usage_gain > 0 and running.next_usage_gain < 0
                )
                then least(abs(running.usage_gain), abs(running.next_usage_gain))
            else cast(0 as decimal(38, 12))
        end as cancelled,
        'On ' || cast(running.usage_date as varchar) || ' Metronome is off by '
        || replace(cast(running.usage_gain as varchar), '.000000000000', '')
        || ', on the next day by '
        || replace(cast(running.next_usage_gain as varchar), '.000000000000', '')
            as pair_text
    from running
),

measured as (
    select
        bounded.account,
        bounded.customer_key,
        bounded.meter,
        coalesce(sum(bounded.usage_gain) filter (where bounded.usage_gain > 0), 0)
            as gained,
        -coalesce(sum(bounded.usage_gain) filter (where bounded.usage_gain < 0), 0)
            as lost,
        sum(bounded.usage_gain) as net_gain,
        count(*) filter (where bounded.usage_gain <> 0) as differing_days,
        count(*) filter (
            where
            bounded.usage_date between bounded.first_gain_date
            and bounded.last_gain_date
        ) as days_between,
        date_diff(
            'day', min(bounded.first_gain_date), max(bounded.last_gain_date)
        ) as days_apart,
        max(bounded.lead_of_metronome)
        <= min(bounded.lead_of_metronome + bounded.greatest_lag) as is_lag_bounded,
        coalesce(
            min(bounded.lead_of_metronome)
            >= max(
                case
                    when bounded.next_expected_usage is not null
                        then bounded.lead_of_metronome - bounded.greatest_lead
                end
            ),
            false
        ) as is_lead_bounded,
        bool_and(
            coalesce(
                bounded.next_actual_usage
                <= bounded.next_expected_usage + case
                    when bounded.is_next_adjacent then bounded.expected_usage else 0
                end,
                true
            )
        )
        or bool_and(
            bounded.actual_usage <= bounded.expected_usage + bounded.greatest_lead
            or bounded.next_expected_usage is null
        ) as is_neighbours_usage,
        max(bounded.cancelled) > 0 as is_neighbour_pair,
        min_by(bounded.pair_text, -bounded.cancelled) as greatest_pair_text
    from bounded
    group by bounded.account, bounded.customer_key, bounded.meter
),

compared as (
    select
        measured.*,
        least(measured.gained, measured.lost) as lesser,
        greatest(measured.gained, measured.lost) as greater,
        measured.is_lag_bounded or measured.is_lead_bounded as is_bounded,
        measured.differing_days + measured.differing_days >= measured.days_between
            as is_on_most_days
    from measured
    where measured.gained > 0 or measured.lost > 0
),

whole as (
    select compared.*
    from compared
    where
        compared.is_bounded
        and compared.lesser > 0
        and (
            compared.differing_days >= 4 and compared.is_on_most_days
            or compared.differing_days = 2
            and compared.days_apart = 1
            and compared.net_gain = 0
        )
),

whole_customers as (
    select
        whole.account,
        whole.customer_key,
        min(whole.meter) as whole_meter
    from whole
    where whole.differing_days >= 4
    group by whole.account, whole.customer_key
),

judged as (
    select
        compared.*,
        coalesce(
            whole.meter is not null
            or compared.is_bounded and whole_customers.whole_meter is not null,
            false
        ) as is_whole,
        coalesce(
            compared.is_on_most_days
            and (
                compared.is_neighbours_usage
                and compared.differing_days >= 10
                and compared.lesser + compared.lesser >= compared.greater
                or whole_customers.whole_meter is not null
                and compared.differing_days >= 4
                and 4 * compared.lesser >= compared.greater
            ),
            false
        ) as is_partly
    from compared
    left join whole
        on
            compared.account = whole.account
            and compared.customer_key = whole.customer_key
            and compared.meter = whole.meter
    left join whole_customers
        on
            compared.account = whole_customers.account
            and compared.customer_key = whole_customers.customer_key
)

select
    judged.account,
    judged.customer_key,
    judged.meter,
    judged.is_whole,
    cast(
        case
            when judged.is_whole or judged.lost <= judged.gained then 1
            else judged.gained / judged.lost
        end as decimal(18, 12)
    ) as lower_ratio,
    cast(
        case
            when judged.is_whole or judged.gained <= judged.lost then 1
            else judged.lost / judged.gained
        end as decimal(18, 12)
    ) as higher_ratio,
    case
        when judged.is_neighbour_pair then judged.greatest_pair_text
        else 'Metronome''s days are not those of Stripe'
    end
    || '; over ' || cast(judged.differing_days as varchar)
    || ' differing days ' || replace(cast(judged.lost as varchar), '.000000000000', '')
    || ' is lower and ' || replace(cast(judged.gained as varchar), '.000000000000', '')
    || ' is higher.' as evidence
from judged
where judged.is_whole or judged.is_partly
