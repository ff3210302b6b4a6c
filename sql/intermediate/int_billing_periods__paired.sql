-- One row per customer and billing period, paired between the two sides where both have it.
-- Pairs are one to one by greatest overlap, in two rounds; what is left over stands alone.
-- period_start and period_end are Stripe's where it has the period.
-- is_shifted: both sides have the period, but a bound is more than a day apart
with

stripe_periods as (
    select
        lines.account,
        lines.stripe_customer_id as customer_key,
        lines.period_start,
        lines.period_end,
        bool_and(lines.is_final) as is_final
    from intermediate.int_stripe_lines__periodised as lines
    group by
        lines.account, lines.stripe_customer_id, lines.period_start, lines.period_end
),

metronome_periods as (
    select
        clustered.account,
        clustered.customer_key,
        clustered.period_start,
        clustered.period_end,
        bool_and(clustered.is_final) as is_final
    from intermediate.int_metronome_periods__clustered as clustered
    group by
        clustered.account,
        clustered.customer_key,
        clustered.period_start,
        clustered.period_end
),

overlapping as (
    select
        stripe_periods.account,
        stripe_periods.customer_key,
        stripe_periods.period_start as stripe_start,
        stripe_periods.period_end as stripe_end,
        metronome_periods.period_start as metronome_start,
        metronome_periods.period_end as metronome_end,
        date_diff(
            'second',
            greatest(stripe_periods.period_start, metronome_periods.period_start),
            least(stripe_periods.period_end, metronome_periods.period_end)
        ) as overlap_seconds
    from stripe_periods
    inner join metronome_periods
        on
            stripe_periods.account = metronome_periods.account
            and stripe_periods.customer_key = metronome_periods.customer_key
            and stripe_periods.period_start < metronome_periods.period_end
            and stripe_periods.period_end > metronome_periods.period_start
),

first_ranked as (
    select
        overlapping.*,
        row_number() over (
            partition by
                overlapping.account,
                overlapping.customer_key,
                overlapping.stripe_start,
                overlapping.stripe_end
            order by
                overlapping.overlap_seconds desc,
                overlapping.metronome_start asc,
                overlapping.metronome_end asc
        ) as stripe_choice,
        row_number() over (
            partition by
                overlapping.account,
                overlapping.customer_key,
                overlapping.metronome_start,
                overlapping.metronome_end
            order by
                overlapping.overlap_seconds desc,
                overlapping.stripe_start asc,
                overlapping.stripe_end asc
        ) as metronome_choice
    from overlapping
),

first_pairs as (
    select * from first_ranked
    where stripe_choice = 1 and metronome_choice = 1
),

left_over as (
    select overlapping.*
    from overlapping
    left join first_pairs as by_stripe
        on
            overlapping.account = by_stripe.account
            and overlapping.customer_key = by_stripe.customer_key
            and overlapping.stripe_start = by_stripe.stripe_start
            and overlapping.stripe_end = by_stripe.stripe_end
    left join first_pairs as by_metronome
        on
            overlapping.account = by_metronome.account
            and overlapping.customer_key = by_metronome.customer_key
            and overlapping.metronome_start = by_metronome.metronome_start
            and overlapping.metronome_end = by_metronome.metronome_end
    where by_stripe.account is null and by_metronome.account is null
),

second_ranked as (
    select
        left_over.*,
        row_number() over (
            partition by
                left_over.account,
                left_over.customer_key,
                left_over.stripe_start,
                left_over.stripe_end
            order by
                left_over.overlap_seconds desc,
                left_over.metronome_start asc,
                left_over.metronome_end asc
        ) as stripe_choice,
        row_number() over (
            partition by
                left_over.account,
                left_over.customer_key,
                left_over.metronome_start,
                left_over.metronome_end
            order by
                left_over.overlap_seconds desc,
                left_over.stripe_start asc,
                left_over.stripe_end asc
        ) as metronome_choice
    from left_over
),

pairs as (
    select
        first_pairs.account,
        first_pairs.customer_key,
        first_pairs.stripe_start,
        first_pairs.stripe_end,
        first_pairs.metronome_start,
        first_pairs.metronome_end
    from first_pairs
    union all
    select
        second_ranked.account,
        second_ranked.customer_key,
        second_ranked.stripe_start,
        second_ranked.stripe_end,
        second_ranked.metronome_start,
        second_ranked.metronome_end
    from second_ranked
    where second_ranked.stripe_choice = 1 and second_ranked.metronome_choice = 1
),

with_stripe as (
    select
        stripe_periods.account,
        stripe_periods.customer_key,
        stripe_periods.period_start as stripe_start,
        stripe_periods.period_end as stripe_end,
        stripe_periods.is_final as is_stripe_final,
        pairs.metronome_start,
        pairs.metronome_end
    from stripe_periods
    left join pairs
        on
            stripe_periods.account = pairs.account
            and stripe_periods.customer_key = pairs.customer_key
            and stripe_periods.period_start = pairs.stripe_start
            and stripe_periods.period_end = pairs.stripe_end
),

matched as (
    select
        coalesce(with_stripe.account, metronome_periods.account) as account,
        coalesce(with_stripe.customer_key, metronome_periods.customer_key)
            as customer_key,
        with_stripe.stripe_start,
        with_stripe.stripe_end,
        with_stripe.is_stripe_final,
        metronome_periods.period_start as metronome_start,
        metronome_periods.period_end as metronome_end,
        metronome_periods.is_final as is_metronome_final
    from with_stripe
    full outer join metronome_periods
        on
            with_stripe.account = metronome_periods.account
            and with_stripe.customer_key = metronome_periods.customer_key
            and with_stripe.metronome_start = metronome_periods.period_start
            and with_stripe.metronome_end = metronome_periods.period_end
)

select
    matched.account,
    matched.customer_key,
    coalesce(matched.stripe_start, matched.metronome_start) as period_start,
    coalesce(matched.stripe_end, matched.metronome_end) as period_end,
    matched.stripe_start,
    matched.stripe_end,
    matched.metronome_start,
    matched.metronome_end,
    matched.is_stripe_final,
    matched.is_metronome_final,
    coalesce(
        matched.stripe_start not between matched.metronome_start - interval 1 day
        and matched.metronome_start + interval 1 day
        or matched.stripe_end not between matched.metronome_end - interval 1 day
        and matched.metronome_end + interval 1 day,
        false
    ) as is_shifted
from matched
