-- One row per breach of contract_coverage and cause; the shares of a row sum to its variance.
-- Several causes share it by the days on which each holds.
-- share: the cause's part of the row's variance, contracts
-- evidence: the cause in a sentence, with the dates it rests on
with

breaches as (
    select * from intermediate.int_check_rows__breaching
    where check_name = 'contract_coverage'
),

-- A day with too many contracts does not make a row that has too few, nor the reverse.
found as (
    select
        breaches.account,
        breaches.customer_key,
        breaches.variance,
        places.cause,
        places.evidence,
        1 as days
    from breaches
    inner join explain.place_causes as places
        on
            breaches.account = places.account
            and breaches.customer_key = places.customer_key
            and places.cause = 'customer_unmapped'
    union all
    select
        breaches.account,
        breaches.customer_key,
        breaches.variance,
        days.cause,
        max(days.evidence) as evidence,
        count(*) as days
    from breaches
    inner join explain.contract_days as days
        on
            breaches.account = days.account
            and breaches.customer_key = days.customer_key
            and (days.cause = 'contract_overlap') = (breaches.variance > 0)
    left join explain.place_causes as unmapped
        on
            breaches.account = unmapped.account
            and breaches.customer_key = unmapped.customer_key
            and unmapped.cause = 'customer_unmapped'
    where unmapped.cause is null
    group by
        breaches.account, breaches.customer_key, breaches.variance, days.cause
),

ranked as (
    select
        found.*,
        cast(
            found.days / sum(found.days) over (
                partition by found.account, found.customer_key
            ) as decimal(18, 12)
        ) as days_ratio,
        row_number() over (
            partition by found.account, found.customer_key
            order by found.days desc, found.cause asc
        ) as position
    from found
),

lesser_shares as (
    select
        ranked.account,
        ranked.customer_key,
        ranked.cause,
        ranked.evidence,
        cast(ranked.variance * ranked.days_ratio as decimal(38, 12)) as share
    from ranked
    where ranked.position > 1
),

lesser_sums as (
    select
        lesser_shares.account,
        lesser_shares.customer_key,
        sum(lesser_shares.share) as share
    from lesser_shares
    group by lesser_shares.account, lesser_shares.customer_key
),

shares as (
    select
        breaches.account,
        breaches.customer_key,
        coalesce(ranked.cause, 'unexplained') as cause,
        coalesce(ranked.evidence, 'No rule explains this difference.') as evidence,
        cast(
            breaches.variance - coalesce(lesser_sums.share, 0) as decimal(38, 12)
        ) as share
    from breaches
    left join ranked
        on
            breaches.account = ranked.account
            and breaches.customer_key = ranked.customer_key
            and ranked.position = 1
    left join lesser_sums
        on
            breaches.account = lesser_sums.account
            and breaches.customer_key = lesser_sums.customer_key
    union all
    select
        lesser_shares.account,
        lesser_shares.customer_key,
        lesser_shares.cause,
        lesser_shares.evidence,
        lesser_shares.share
    from lesser_shares
)

select
    breaches.check_name,
    breaches.account,
    breaches.customer_key,
    breaches.stripe_customer_id,
    breaches.metronome_customer_id,
    breaches.currency,
    breaches.meter,
    breaches.product,
    breaches.pricing_group_values,
    breaches.period_start,
    breaches.period_end,
    breaches.usage_date,
    shares.cause,
    shares.share,
    shares.evidence
from breaches
inner join shares
    on
        breaches.account = shares.account
        and breaches.customer_key = shares.customer_key
