-- One row per row of explain.quantity_rows, cause that can be counted and charge that it is about: what each adds to Metronome's quantity.
-- The links of the chain that are counted, each for whole days between the bounds:
-- usage that differs (its own causes), usage on days without a contract, usage without a rate on the other days, and what
-- Stripe's meter took in after Stripe's invoice was final (events_extra; events_missing where it was taken back then), or that
-- stands on no invoice of Stripe at all.
-- What looks like late usage: an invoice that was altered by hand; the interface shows no difference.
-- charge_group: what lacks the rate, where the meter has several linked prices or products; empty text for all charges of the meter
-- part: what the cause adds, raw units; negative where Metronome bills less
-- evidence: the cause in a sentence, with the numbers it rests on
with

-- Whoever is not linked differs for that alone.
quantity_rows as (
    select quantities.*
    from explain.quantity_rows as quantities
    left join explain.place_causes as unmapped
        on
            quantities.account = unmapped.account
            and quantities.customer_key = unmapped.customer_key
            and unmapped.cause = 'customer_unmapped'
    where quantities.variance <> 0 and unmapped.cause is null
),

usage_parts as (
    select
        quantity_rows.account,
        quantity_rows.customer_key,
        quantity_rows.meter,
        quantity_rows.period_start,
        shares.cause,
        max(quantity_rows.times_billed) * sum(shares.share) as part,
        case
            when count(*) = 1 then max(shares.evidence)
            when shares.cause in ('events_missing', 'events_extra')
                then
                    'On ' || cast(count(*) as varchar) || ' days from '
                    || cast(min(shares.usage_date) as varchar)
                    || ' to ' || cast(max(shares.usage_date) as varchar)
                    || ' Metronome''s usage is off by '
                    || replace(
                        cast(
                            cast(sum(shares.share) as decimal(38, 12)) as varchar
                        ),
                        '.000000000000',
                        ''
                    )
                    || '. The greatest: '
                    || min_by(
                        shares.evidence, greatest_first(shares.share, shares.evidence)
                    )
            else min_by(shares.evidence, greatest_first(shares.share, shares.evidence))
        end as evidence
    from quantity_rows
    inner join explain.usage_shares as shares
        on
            quantity_rows.account = shares.account
            and quantity_rows.customer_key = shares.customer_key
            and quantity_rows.meter = shares.meter
            and coalesce(shares.period_start, cast(shares.usage_date as timestamp))
            >= quantity_rows.period_start
            and coalesce(
                shares.period_end,
                cast(shares.usage_date as timestamp) + interval 1 day
            ) <= quantity_rows.period_end
    group by
        quantity_rows.account,
        quantity_rows.customer_key,
        quantity_rows.meter,
        quantity_rows.period_start,
        shares.cause
),

contract_parts as (
    select
        quantity_rows.account,
        quantity_rows.customer_key,
        quantity_rows.meter,
        quantity_rows.period_start,
        days.cause,
        -max(quantity_rows.times_billed) * sum(usage_rows.actual_usage) as part,
        max(days.evidence) || ' Days not billed: ' || cast(count(*) as varchar)
        || '.' as evidence
    from quantity_rows
    inner join explain.contract_days as days
        on
            quantity_rows.account = days.account
            and quantity_rows.customer_key = days.customer_key
            and days.is_uncovered
            and days.cause is not null
            and cast(days.usage_date as timestamp) >= quantity_rows.period_start
            and cast(days.usage_date as timestamp) + interval 1 day
            <= quantity_rows.period_end
    inner join explain.usage_rows as usage_rows
        on
            days.account = usage_rows.account
            and days.customer_key = usage_rows.customer_key
            and days.usage_date = usage_rows.usage_date
            and quantity_rows.meter = usage_rows.meter
    group by
        quantity_rows.account,
        quantity_rows.customer_key,
        quantity_rows.meter,
        quantity_rows.period_start,
        days.cause
),

unrated_parts as (
    select
        quantity_rows.account,
        quantity_rows.customer_key,
        quantity_rows.meter,
        quantity_rows.period_start,
        unrated.cause,
        -sum(unrated.usage_value) as part,
        max(unrated.evidence) as evidence,
        coalesce(charge_groups.charge_group, '') as charge_group
    from quantity_rows
    inner join explain.unrated_days as unrated
        on
            quantity_rows.account = unrated.account
            and quantity_rows.customer_key = unrated.customer_key
            and quantity_rows.meter = unrated.meter
            and quantity_rows.is_additive
            and cast(unrated.usage_date as timestamp) >= quantity_rows.period_start
            and cast(unrated.usage_date as timestamp) + interval 1 day
            <= quantity_rows.period_end
    left join explain.charge_groups as charge_groups
        on
            unrated.account = charge_groups.account
            and unrated.product_id = charge_groups.member
    where not quantity_rows.is_missing_in_metronome
    group by
        quantity_rows.account,
        quantity_rows.customer_key,
        quantity_rows.meter,
        quantity_rows.period_start,
        unrated.cause,
        coalesce(charge_groups.charge_group, '')
),

late_parts as (
    select
        quantity_rows.account,
        quantity_rows.customer_key,
        quantity_rows.meter,
        quantity_rows.period_start,
        case
            when quantity_rows.late_usage > 0 then 'events_extra'
            else 'events_missing'
        end as cause,
        quantity_rows.late_usage as part,
        'Stripe''s meter holds '
        || replace(
            cast(
                cast(quantity_rows.stripe_usage as decimal(38, 12)) as varchar
            ),
            '.000000000000',
            ''
        )
        || ' for the period, its final invoice '
        || replace(
            cast(quantity_rows.expected_value as varchar), '.000000000000', ''
        )
        || case
            when quantity_rows.late_usage > 0
                then ': the rest arrived after the invoice was final.'
            else ': the rest was taken back after the invoice was final.'
        end as evidence
    from quantity_rows
    where quantity_rows.late_usage <> 0
),

-- Stripe's usage that no invoice of Stripe holds; what Metronome bills beyond it has causes of its own.
unbilled_parts as (
    select
        quantity_rows.account,
        quantity_rows.customer_key,
        quantity_rows.meter,
        quantity_rows.period_start,
        min_by(
            places.cause,
            in_order(places.precedence, places.cause || places.evidence)
        ) as cause,
        max(quantity_rows.stripe_usage) as part,
        min_by(
            places.evidence,
            in_order(places.precedence, places.cause || places.evidence)
        ) as evidence
    from quantity_rows
    inner join explain.place_causes as places
        on
            quantity_rows.account = places.account
            and quantity_rows.customer_key = places.customer_key
            and quantity_rows.period_start = places.period_start
            and places.cause in ('period_shift', 'invoice_missing')
    where quantity_rows.is_missing_in_stripe and quantity_rows.is_additive
    group by
        quantity_rows.account,
        quantity_rows.customer_key,
        quantity_rows.meter,
        quantity_rows.period_start
),

of_all_charges as (
    select * from usage_parts
    union all
    select * from contract_parts
    union all
    select * from late_parts
    union all
    select * from unbilled_parts
),

all_parts as (
    select * from unrated_parts
    union all
    select
        of_all_charges.*,
        '' as charge_group
    from of_all_charges
)

select
    all_parts.account,
    all_parts.customer_key,
    all_parts.meter,
    all_parts.period_start,
    all_parts.cause,
    all_parts.charge_group,
    cast(sum(all_parts.part) as decimal(38, 12)) as part,
    min_by(
        all_parts.evidence, greatest_first(all_parts.part, all_parts.evidence)
    ) as evidence
from all_parts
group by
    all_parts.account,
    all_parts.customer_key,
    all_parts.meter,
    all_parts.period_start,
    all_parts.cause,
    all_parts.charge_group
