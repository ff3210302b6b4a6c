-- One row per customer and meter whose events fall on other days in Metronome, by less than a day.
-- Pattern: what a day lacks stands on its neighbour, see explain.shift_bands. That holds on every day of the window (is_whole),
-- with differences of both signs on most days, or on exactly two neighbouring days that cancel.
-- Where other events are missing or extra besides, the shift must explain the greater part of what differs, on most days and on ten at least
-- (a fourth of it and four days, where another meter of the customer is wholly shifted); explain.shift_walks tells the rest.
-- What looks the same: lost events and others sent twice on other days; they do not come back on a day near by.
-- is_whole: every difference of the meter is the shift
-- direction: late where Metronome has the events on a later day, else early
-- evidence: the two neighbouring days with the greatest difference, and what remains over all days
with

bands as (
    select * from explain.shift_bands
),

walked as (
    select
        walks.account,
        walks.customer_key,
        walks.meter,
        walks.direction,
        sum(abs(walks.other_gain)) as other_usage
    from explain.shift_walks as walks
    group by walks.account, walks.customer_key, walks.meter, walks.direction
),

measured as (
    select
        bands.account,
        bands.customer_key,
        bands.meter,
        bands.direction,
        coalesce(sum(bands.usage_gain) filter (where bands.usage_gain > 0), 0)
            as gained,
        -coalesce(sum(bands.usage_gain) filter (where bands.usage_gain < 0), 0)
            as lost,
        count(*) filter (where bands.usage_gain <> 0) as differing_days,
        min(bands.step) filter (where bands.usage_gain <> 0) as first_step,
        max(bands.step) filter (where bands.usage_gain <> 0) as last_step,
        date_diff(
            'day',
            min(bands.usage_date) filter (where bands.usage_gain <> 0),
            max(bands.usage_date) filter (where bands.usage_gain <> 0)
        ) as days_apart,
        max(bands.least_other) <= min(bands.greatest_other) as is_bounded,
        max(bands.cancelled) > 0 as is_neighbour_pair,
        min_by(bands.pair_text, greatest_first(bands.cancelled, bands.pair_text))
            as greatest_pair_text
    from bands
    group by bands.account, bands.customer_key, bands.meter, bands.direction
),

both_directions as (
    select
        measured.*,
        measured.gained + measured.lost as gross_usage,
        2 * measured.differing_days > measured.last_step - measured.first_step
            as is_on_most_days,
        case
            when measured.is_bounded then cast(0 as decimal(38, 12))
            else walked.other_usage
        end as other_usage
    from measured
    left join walked
        on
            measured.account = walked.account
            and measured.customer_key = walked.customer_key
            and measured.meter = walked.meter
            and measured.direction = walked.direction
    where
        (measured.gained > 0 or measured.lost > 0)
        and (measured.is_bounded or walked.account is not null)
),

ranked as (
    select
        both_directions.*,
        row_number() over (
            partition by
                both_directions.account,
                both_directions.customer_key,
                both_directions.meter
            order by both_directions.other_usage asc, both_directions.direction desc
        ) as place
    from both_directions
),

-- Of the two directions, the one that leaves less to explain.
compared as (
    select ranked.*
    from ranked
    where ranked.place = 1
),

whole as (
    select compared.*
    from compared
    where
        compared.is_bounded
        and compared.gained > 0
        and compared.lost > 0
        and (
            compared.differing_days >= 4 and compared.is_on_most_days
            or compared.differing_days = 2
            and compared.days_apart = 1
            and compared.gained = compared.lost
        )
),

whole_customers as (
    select distinct
        whole.account,
        whole.customer_key
    from whole
    where whole.differing_days >= 4
),

judged as (
    select
        compared.*,
        whole.meter is not null
        or (compared.is_bounded and whole_customers.account is not null)
            as is_whole,
        compared.is_on_most_days
        and not compared.is_bounded
        and (
            compared.differing_days >= 10
            and 2 * compared.other_usage <= compared.gross_usage
            or whole_customers.account is not null
            and compared.differing_days >= 4
            and 4 * compared.other_usage <= 3 * compared.gross_usage
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
    judged.direction,
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
