-- One row per row of event_ingestion of a breaching customer that differs, and cause; shares sum to the variance.
-- First that holds: nobody is linked; the metric aggregates otherwise; all days are shifted; everything stops at once;
-- days are shifted besides other differences (two rows, see explain.shift_walks); else usage is missing or extra on that day.
-- What Metronome has under a misspelt group value is not lost, and comes before what stops or is missing.
-- share: the cause's part of the row's variance, raw units
-- evidence: the cause in a sentence, with the numbers it rests on
with

usage_rows as (
    select * from explain.usage_rows
    where usage_gain <> 0
),

shifted_customers as (
    select
        shifts.account,
        shifts.customer_key,
        min(shifts.evidence) as evidence
    from explain.cause_period_shift as shifts
    where shifts.is_whole
    group by shifts.account, shifts.customer_key
),

-- Whether the same day is lower for one customer or several, for one meter or several.
company as (
    select
        usage_rows.account,
        usage_rows.meter,
        usage_rows.usage_date,
        usage_rows.usage_gain < 0 as is_lower,
        count(*) as customers
    from usage_rows
    where usage_rows.usage_date is not null
    group by
        usage_rows.account,
        usage_rows.meter,
        usage_rows.usage_date,
        usage_rows.usage_gain < 0
),

judged as (
    select
        usage_rows.*,
        case
            when unmapped.cause is not null then unmapped.cause
            when aggregations.meter is not null then 'aggregation_mismatch'
            when shifts.is_whole then 'period_shift'
            when usage_rows.usage_gain < 0 and gaps.usage_date is not null
                then 'ingestion_gap'
            when usage_rows.usage_date is null and shifted_customers.account is not null
                then 'period_shift'
        end as first_cause,
        coalesce(walks.shifted_gain, cast(0 as decimal(38, 12))) as shifted_gain,
        coalesce(misspelt.usage_value, cast(0 as decimal(38, 12))) as misspelt_usage,
        misspelt.evidence as misspelt_evidence,
        unmapped.evidence as unmapped_evidence,
        aggregations.evidence as aggregation_evidence,
        coalesce(shifts.evidence, shifted_customers.evidence) as shift_evidence,
        gaps.evidence as gap_evidence,
        case
            when usage_rows.usage_date is null
                then
                    'From ' || cast(usage_rows.period_start as varchar)
                    || ' to ' || cast(usage_rows.period_end as varchar)
            else 'On ' || cast(usage_rows.usage_date as varchar)
        end
        || ' Stripe counts ' || replace(
            cast(usage_rows.expected_usage as varchar), '.000000000000', ''
        )
        || ', Metronome ' || replace(
            cast(usage_rows.actual_usage as varchar), '.000000000000', ''
        )
        || case
            when meter_map.status <> 'linked'
                then '; no billable metric is linked to the meter.'
            when company.customers is null then '.'
            when company.customers = 1
                then '; no other customer of the meter differs so that day.'
            else
                '; ' || cast(company.customers as varchar)
                || ' customers of the meter differ so that day.'
        end as day_evidence
    from usage_rows
    left join explain.place_causes as unmapped
        on
            usage_rows.account = unmapped.account
            and usage_rows.customer_key = unmapped.customer_key
            and unmapped.cause = 'customer_unmapped'
    left join explain.cause_aggregation_mismatch as aggregations
        on
            usage_rows.account = aggregations.account
            and usage_rows.meter = aggregations.meter
    left join explain.cause_period_shift as shifts
        on
            usage_rows.account = shifts.account
            and usage_rows.customer_key = shifts.customer_key
            and usage_rows.meter = shifts.meter
    left join explain.shift_walks as walks
        on
            usage_rows.account = walks.account
            and usage_rows.customer_key = walks.customer_key
            and usage_rows.meter = walks.meter
            and usage_rows.usage_date = walks.usage_date
            and shifts.direction = walks.direction
            and not shifts.is_whole
    left join explain.cause_ingestion_gap as gaps
        on
            usage_rows.account = gaps.account
            and usage_rows.customer_key = gaps.customer_key
            and usage_rows.usage_date = gaps.usage_date
    left join explain.misspelt_usage as misspelt
        on
            usage_rows.account = misspelt.account
            and usage_rows.customer_key = misspelt.customer_key
            and usage_rows.meter = misspelt.meter
            and usage_rows.usage_date = misspelt.usage_date
    left join control.meter_map as meter_map
        on
            usage_rows.account = meter_map.account
            and usage_rows.meter = meter_map.meter
    left join shifted_customers
        on
            usage_rows.account = shifted_customers.account
            and usage_rows.customer_key = shifted_customers.customer_key
    left join company
        on
            usage_rows.account = company.account
            and usage_rows.meter = company.meter
            and usage_rows.usage_date = company.usage_date
            and (usage_rows.usage_gain < 0) = company.is_lower
),

-- Only a day that nothing else explains whole is divided.
split as (
    select
        judged.*,
        case
            when judged.first_cause is null then judged.shifted_gain
            else cast(0 as decimal(38, 12))
        end as shifted_share
    from judged
),

parted as (
    select
        split.*,
        case
            when coalesce(split.first_cause, 'ingestion_gap') = 'ingestion_gap'
                then
                    greatest(
                        least(split.usage_gain - split.shifted_share, 0),
                        -split.misspelt_usage
                    )
            else cast(0 as decimal(38, 12))
        end as misspelt_share
    from split
),

shares as (
    select
        parted.*,
        coalesce(
            parted.first_cause,
            case
                when
                    parted.usage_gain < parted.shifted_share + parted.misspelt_share
                    then 'events_missing'
                else 'events_extra'
            end
        ) as cause,
        parted.usage_gain - parted.shifted_share - parted.misspelt_share as share,
        case parted.first_cause
            when 'customer_unmapped' then parted.unmapped_evidence
            when 'aggregation_mismatch' then parted.aggregation_evidence
            when 'period_shift' then parted.shift_evidence
            when 'ingestion_gap' then parted.gap_evidence
            else parted.day_evidence
        end as evidence
    from parted
    union all
    select
        parted.*,
        'period_shift' as cause,
        parted.shifted_share as share,
        parted.shift_evidence as evidence
    from parted
    union all
    select
        parted.*,
        'group_value_case' as cause,
        parted.misspelt_share as share,
        parted.misspelt_evidence as evidence
    from parted
)

select
    'event_ingestion' as check_name,
    shares.account,
    shares.customer_key,
    shares.stripe_customer_id,
    shares.metronome_customer_id,
    cast(null as varchar) as currency,
    shares.meter,
    cast(null as varchar) as product,
    cast(null as varchar) as pricing_group_values,
    shares.period_start,
    shares.period_end,
    shares.usage_date,
    shares.cause,
    shares.share,
    shares.evidence,
    shares.status
from shares
where shares.share <> 0
