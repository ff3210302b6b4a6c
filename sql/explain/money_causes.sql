-- One row per breach of invoice_totals or credit_drawdowns and cause; the shares of a row sum to its variance.
-- A total differs by what was charged and by what was drawn otherwise, added up by cause: credit that follows other
-- charges takes part of their share back. Rounding, and credit that one side draws outside the charges in scope, has no
-- cause of its own and goes to the greatest one. A row without any share has the cause of its place.
-- share: the cause's part of the row's variance, minor units of currency
-- evidence: the cause in a sentence, with the numbers it rests on
with

breaches as (
    select
        breaching.*,
        money_rows.money_row
    from intermediate.int_check_rows__breaching as breaching
    left join explain.money_rows as money_rows
        on
            breaching.account = money_rows.account
            and breaching.customer_key = money_rows.customer_key
            and breaching.currency = money_rows.currency
            and breaching.period_start = money_rows.period_start
            and breaching.period_end = money_rows.period_end
    where breaching.check_name in ('invoice_totals', 'credit_drawdowns')
),

-- Credit lowers a total, so what is drawn more counts there with the other sign.
parts as (
    select
        'invoice_totals' as check_name,
        charge_causes.money_row,
        charge_causes.cause,
        charge_causes.share,
        charge_causes.evidence
    from explain.charge_causes as charge_causes
    union all
    select
        'invoice_totals' as check_name,
        credit_shares.money_row,
        credit_shares.cause,
        credit_shares.share,
        credit_shares.evidence
    from explain.credit_shares as credit_shares
    inner join explain.money_rows as money_rows
        on credit_shares.money_row = money_rows.money_row
    where money_rows.presence = 'both'
    union all
    select
        'credit_drawdowns' as check_name,
        credit_shares.money_row,
        credit_shares.cause,
        -credit_shares.share as share,
        credit_shares.evidence
    from explain.credit_shares as credit_shares
),

summed as (
    select
        breaches.check_name,
        breaches.money_row,
        breaches.allowance,
        parts.cause,
        sum(parts.share) as share,
        min_by(parts.evidence, greatest_first(parts.share, parts.evidence)) as evidence
    from breaches
    inner join parts
        on
            breaches.check_name = parts.check_name
            and breaches.money_row = parts.money_row
    group by
        breaches.check_name, breaches.money_row, breaches.allowance, parts.cause
),

-- A share inside the row's allowance is rounding beside a greater one.
ranked as (
    select
        summed.*,
        max(abs(summed.share)) over (
            partition by summed.check_name, summed.money_row
        ) as greatest_share
    from summed
    where summed.share <> 0
),

kept as (
    select
        ranked.*,
        row_number() over (
            partition by ranked.check_name, ranked.money_row
            order by abs(ranked.share) desc, ranked.cause
        ) as preference,
        sum(ranked.share) over (
            partition by ranked.check_name, ranked.money_row
        ) as total_share
    from ranked
    where
        abs(ranked.share) = ranked.greatest_share
        or abs(ranked.share) > ranked.allowance
),

places as (
    select distinct
        breaches.account,
        breaches.customer_key,
        breaches.period_start
    from breaches
),

placed as (
    select
        places.account,
        places.customer_key,
        places.period_start,
        min_by(
            place_causes.cause,
            in_order(
                place_causes.precedence, place_causes.cause || place_causes.evidence
            )
        ) as cause,
        min_by(
            place_causes.evidence,
            in_order(
                place_causes.precedence, place_causes.cause || place_causes.evidence
            )
        ) as evidence
    from places
    inner join explain.place_causes as place_causes
        on
            places.account = place_causes.account
            and places.customer_key = place_causes.customer_key
            and (
                place_causes.period_start is null
                or places.period_start = place_causes.period_start
            )
    group by places.account, places.customer_key, places.period_start
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
    coalesce(kept.cause, placed.cause, 'unexplained') as cause,
    cast(
        case
            when kept.cause is null then breaches.variance
            when kept.preference = 1
                then kept.share + breaches.variance - kept.total_share
            else kept.share
        end as decimal(38, 12)
    ) as share,
    coalesce(
        kept.evidence, placed.evidence, 'No rule explains this difference.'
    ) as evidence
from breaches
left join kept
    on
        breaches.check_name = kept.check_name
        and breaches.money_row = kept.money_row
left join placed
    on
        breaches.account = placed.account
        and breaches.customer_key = placed.customer_key
        and breaches.period_start = placed.period_start
