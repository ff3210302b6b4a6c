-- One row per customer and UTC day on which nothing, or too little, of all meters at once reached Metronome.
-- Pattern one: a run of days with usage on which every meter that is used is lower in Metronome; on two days at least, and of two
-- meters at least, it has nothing at all (what is sent once more may arrive then). A day beside the run on which all differing
-- meters are lower belongs to it, unless each of them is lower on days apart from the run as well and so has a reason of its own.
-- Pattern two: a day on which most customers with usage are lower, none of their meters higher, on most of the
-- meters used that day: an outage of hours.
-- What looks the same: one meter that is not sent stands still alone, also for everybody; a customer of
-- one meter cannot tell the two apart and is not named here.
-- evidence: the run of days with the meters, or the number of customers and meters
with

usage_rows as (
    select * from explain.usage_rows
    where usage_date is not null and metronome_customer_id is not null
),

customer_days as (
    select
        usage_rows.account,
        usage_rows.customer_key,
        usage_rows.usage_date,
        bool_and(usage_rows.usage_gain < 0) as is_down,
        bool_or(usage_rows.usage_gain < 0)
        and bool_and(usage_rows.usage_gain <= 0) as is_lower
    from usage_rows
    group by usage_rows.account, usage_rows.customer_key, usage_rows.usage_date
),

-- A run has two days; whoever has fewer such days at all need not be looked at.
silent_customers as (
    select
        customer_days.account,
        customer_days.customer_key
    from customer_days
    where customer_days.is_down
    group by customer_days.account, customer_days.customer_key
    having count(*) >= 2
),

numbered as (
    select
        customer_days.*,
        row_number() over (
            partition by customer_days.account, customer_days.customer_key
            order by customer_days.usage_date
        ) - row_number() over (
            partition by
                customer_days.account,
                customer_days.customer_key,
                customer_days.is_down
            order by customer_days.usage_date
        ) as run_number
    from customer_days
    inner join silent_customers
        on
            customer_days.account = silent_customers.account
            and customer_days.customer_key = silent_customers.customer_key
),

silent_runs as (
    select
        numbered.account,
        numbered.customer_key,
        numbered.run_number,
        min(numbered.usage_date) as first_date,
        max(numbered.usage_date) as last_date,
        count(distinct numbered.usage_date) as days,
        count(distinct usage_rows.meter) as meters,
        string_agg(
            distinct usage_rows.meter, ', ' order by usage_rows.meter
        ) as meter_names
    from numbered
    inner join usage_rows
        on
            numbered.account = usage_rows.account
            and numbered.customer_key = usage_rows.customer_key
            and numbered.usage_date = usage_rows.usage_date
    where numbered.is_down and usage_rows.actual_usage = 0
    group by numbered.account, numbered.customer_key, numbered.run_number
),

gaps as (
    select * from silent_runs
    where days >= 2 and meters >= 2
),

gap_windows as (
    select
        gaps.account,
        gaps.customer_key,
        gaps.first_date,
        gaps.last_date,
        cast(gaps.first_date - interval 1 day as date) as day_before,
        cast(gaps.last_date + interval 1 day as date) as day_after,
        'From ' || cast(gaps.first_date as varchar)
        || ' to ' || cast(gaps.last_date as varchar)
        || ' nothing of ' || gaps.meter_names
        || ' reached Metronome, and no other usage of this customer in full.'
            as evidence
    from gaps
),

-- Meters that are lower by themselves as well.
lower_elsewhere as (
    select distinct
        usage_rows.account,
        usage_rows.customer_key,
        usage_rows.meter
    from usage_rows
    left join gap_windows
        on
            usage_rows.account = gap_windows.account
            and usage_rows.customer_key = gap_windows.customer_key
            and usage_rows.usage_date
            between gap_windows.day_before and gap_windows.day_after
    where usage_rows.usage_gain < 0 and gap_windows.account is null
),

lower_with_others as (
    select distinct
        usage_rows.account,
        usage_rows.customer_key,
        usage_rows.usage_date
    from usage_rows
    left join lower_elsewhere
        on
            usage_rows.account = lower_elsewhere.account
            and usage_rows.customer_key = lower_elsewhere.customer_key
            and usage_rows.meter = lower_elsewhere.meter
    where usage_rows.usage_gain < 0 and lower_elsewhere.account is null
),

customer_gap_days as (
    select
        customer_days.account,
        customer_days.customer_key,
        customer_days.usage_date,
        min(gap_windows.evidence) as evidence
    from customer_days
    inner join gap_windows
        on
            customer_days.account = gap_windows.account
            and customer_days.customer_key = gap_windows.customer_key
            and customer_days.usage_date
            between gap_windows.day_before and gap_windows.day_after
    left join lower_with_others
        on
            customer_days.account = lower_with_others.account
            and customer_days.customer_key = lower_with_others.customer_key
            and customer_days.usage_date = lower_with_others.usage_date
    where
        customer_days.is_lower
        and (
            customer_days.usage_date
            between gap_windows.first_date and gap_windows.last_date
            or lower_with_others.account is not null
        )
    group by
        customer_days.account, customer_days.customer_key, customer_days.usage_date
),

everybody as (
    select
        customers.account,
        usage_daily.usage_date,
        usage_daily.customer_number,
        usage_daily.meter,
        coalesce(usage_daily.actual_value, 0)
        < coalesce(usage_daily.expected_value, 0) as is_lower,
        coalesce(usage_daily.actual_value, 0)
        > coalesce(usage_daily.expected_value, 0) as is_higher
    from intermediate.int_usage__daily as usage_daily
    inner join intermediate.int_customers__classified as customers
        on usage_daily.customer_number = customers.customer_number
    left join intermediate.int_usage__put_off as put_off
        on
            customers.account = put_off.account
            and customers.customer_key = put_off.stripe_customer_id
    where
        customers.metronome_customer_id is not null
        and (
            put_off.account is null
            or cast(usage_daily.usage_date as timestamp) + interval 1 day
            <= put_off.known_until
        )
),

meter_days as (
    select
        everybody.account,
        everybody.usage_date,
        everybody.meter,
        count(*) as customers,
        count(*) filter (where everybody.is_lower) as lower_customers
    from everybody
    group by everybody.account, everybody.usage_date, everybody.meter
),

-- Most customers can be lower only where as many are, counted once a meter, as half of those of one meter.
suspected_days as (
    select
        meter_days.account,
        meter_days.usage_date,
        count(*) as meters,
        count(*) filter (where meter_days.lower_customers > 0) as lower_meters
    from meter_days
    group by meter_days.account, meter_days.usage_date
    having
        sum(meter_days.lower_customers) + sum(meter_days.lower_customers)
        > max(meter_days.customers)
),

everybodys_customers as (
    select
        everybody.account,
        everybody.usage_date,
        everybody.customer_number,
        bool_or(everybody.is_lower) and not bool_or(everybody.is_higher) as is_lower
    from everybody
    inner join suspected_days
        on
            everybody.account = suspected_days.account
            and everybody.usage_date = suspected_days.usage_date
    group by everybody.account, everybody.usage_date, everybody.customer_number
),

lower_customers as (
    select
        customers.account,
        customers.usage_date,
        count(*) as customers,
        count(*) filter (where customers.is_lower) as lower_customers
    from everybodys_customers as customers
    group by customers.account, customers.usage_date
),

outages as (
    select
        lower_customers.account,
        lower_customers.usage_date,
        cast(lower_customers.lower_customers as varchar) || ' of '
        || cast(lower_customers.customers as varchar)
        || ' customers with usage on ' || cast(lower_customers.usage_date as varchar)
        || ' are lower in Metronome, on '
        || cast(suspected_days.lower_meters as varchar) || ' of '
        || cast(suspected_days.meters as varchar) || ' meters.' as evidence
    from lower_customers
    inner join suspected_days
        on
            lower_customers.account = suspected_days.account
            and lower_customers.usage_date = suspected_days.usage_date
    where
        lower_customers.lower_customers >= 3
        and lower_customers.lower_customers + lower_customers.lower_customers
        > lower_customers.customers
        and suspected_days.lower_meters >= 2
        and suspected_days.lower_meters + suspected_days.lower_meters
        > suspected_days.meters
)

select
    customer_days.account,
    customer_days.customer_key,
    customer_days.usage_date,
    coalesce(customer_gap_days.evidence, outages.evidence) as evidence
from customer_days
left join customer_gap_days
    on
        customer_days.account = customer_gap_days.account
        and customer_days.customer_key = customer_gap_days.customer_key
        and customer_days.usage_date = customer_gap_days.usage_date
left join outages
    on
        customer_days.account = outages.account
        and customer_days.usage_date = outages.usage_date
where customer_gap_days.account is not null or outages.account is not null
