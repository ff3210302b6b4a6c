-- One row per breach of any check and per safety hit, with its cause.
-- The cause is the first that its evidence supports, in this order: a late or ended contract, shifted bounds, no
-- link, no contract, no invoice, usage that differs, values without a rate, the other currency, credit, then what the ratio of the
-- two amounts suggests. Coarse on purpose; what none of these explains is called unexplained.
-- check_name: the check whose row breaches; safety for what must not happen at all
-- variance: the row's variance; NULL for a safety hit
with

breaches as (
    select * from intermediate.int_check_rows__judged
    where status = 'breach'
),

places as (
    select * from intermediate.int_causes__by_place
),

located as (
    select
        breaches.check_name,
        breaches.account,
        breaches.customer_key,
        breaches.currency,
        breaches.meter,
        breaches.product,
        breaches.pricing_group_values,
        breaches.period_start,
        breaches.period_end,
        breaches.usage_date,
        min(places.precedence) as best_precedence,
        min_by(places.cause, places.precedence) as cause
    from breaches
    inner join places
        on
            breaches.account = places.account
            and breaches.customer_key = places.customer_key
            and (
                places.evidence_period_start is null
                or breaches.period_start = places.evidence_period_start
            )
            and (
                places.evidence_meter is null
                or breaches.meter is null
                or breaches.meter = places.evidence_meter
            )
            -- A check explains itself first; usage and rates explain only what rests on them.
            and not (
                places.precedence = 3
                and breaches.check_name in ('event_ingestion', 'group_key_coverage')
            )
            and not (
                places.precedence = 2
                and breaches.check_name = 'event_ingestion'
            )
            and not (
                places.precedence in (4, 5)
                and breaches.check_name in ('contract_coverage', 'credit_drawdowns')
            )
            and not (
                places.precedence = 5 and breaches.check_name = 'event_ingestion'
            )
            and not (
                places.precedence = 4 and breaches.check_name = 'group_key_coverage'
            )
    group by
        breaches.check_name,
        breaches.account,
        breaches.customer_key,
        breaches.currency,
        breaches.meter,
        breaches.product,
        breaches.pricing_group_values,
        breaches.period_start,
        breaches.period_end,
        breaches.usage_date
),

credit_breaches as (
    select
        breaches.account,
        breaches.customer_key,
        breaches.period_start,
        breaches.currency,
        bool_or(breaches.presence = 'expected_only') as is_missing
    from breaches
    where breaches.check_name = 'credit_drawdowns'
    group by
        breaches.account,
        breaches.customer_key,
        breaches.period_start,
        breaches.currency
),

other_currencies as (
    select distinct
        expected.account,
        expected.customer_key,
        expected.period_start
    from intermediate.int_check_rows__judged as expected
    inner join intermediate.int_check_rows__judged as actual
        on
            expected.account = actual.account
            and expected.customer_key = actual.customer_key
            and expected.period_start = actual.period_start
            and expected.check_name = actual.check_name
    where
        expected.check_name = 'invoice_totals'
        and expected.presence = 'expected_only'
        and actual.presence = 'actual_only'
),

discounted as (
    select
        lines.account,
        lines.stripe_customer_id as customer_key,
        lines.period_start,
        lines.currency,
        sum(amounts.discount_minor_units) as discount_minor_units
    from intermediate.int_stripe_lines__periodised as lines
    inner join staging.stg_stripe__invoice_lines as amounts
        on lines.account = amounts.account and lines.line_id = amounts.line_id
    group by
        lines.account, lines.stripe_customer_id, lines.period_start, lines.currency
),

explained as (
    select
        breaches.*,
        case
            when located.cause in ('contract_late', 'contract_ended')
                then located.cause
            when breaches.is_forced_breach then 'period_shift'
            when located.cause is not null and located.best_precedence = 1
                then located.cause
            when other_currencies.account is not null then 'currency_mismatch'
            when located.cause is not null then located.cause
            when breaches.check_name = 'credit_drawdowns'
                then
                    case
                        when breaches.presence = 'expected_only' then 'credit_missing'
                        else 'credit_amount'
                    end
            when breaches.check_name = 'invoice_totals'
                then
                    case
                        when credit_breaches.is_missing then 'credit_missing'
                        when credit_breaches.account is not null then 'credit_amount'
                        when
                            breaches.expected_value <> 0
                            and (
                                abs(
                                    breaches.actual_value
                                    - 100 * breaches.expected_value
                                ) <= abs(breaches.expected_value)
                                or abs(
                                    100 * breaches.actual_value
                                    - breaches.expected_value
                                ) <= abs(breaches.actual_value)
                            )
                            then 'currency_unit'
                        when
                            discounted.discount_minor_units > 0
                            and abs(
                                breaches.variance - discounted.discount_minor_units
                            ) <= breaches.allowance
                            then 'discount_missing'
                        else 'rate_mismatch'
                    end
            else 'unexplained'
        end as cause
    from breaches
    left join located
        on
            breaches.check_name = located.check_name
            and breaches.account = located.account
            and breaches.customer_key = located.customer_key
            and breaches.currency is not distinct from located.currency
            and breaches.meter is not distinct from located.meter
            and breaches.product is not distinct from located.product
            and breaches.pricing_group_values
            is not distinct from located.pricing_group_values
            and breaches.period_start is not distinct from located.period_start
            and breaches.period_end is not distinct from located.period_end
            and breaches.usage_date is not distinct from located.usage_date
    left join credit_breaches
        on
            breaches.account = credit_breaches.account
            and breaches.customer_key = credit_breaches.customer_key
            and breaches.period_start = credit_breaches.period_start
            and breaches.currency = credit_breaches.currency
    left join other_currencies
        on
            breaches.account = other_currencies.account
            and breaches.customer_key = other_currencies.customer_key
            and breaches.period_start = other_currencies.period_start
            and breaches.check_name = 'invoice_totals'
    left join discounted
        on
            breaches.account = discounted.account
            and breaches.customer_key = discounted.customer_key
            and breaches.period_start = discounted.period_start
            and breaches.currency = discounted.currency
)

select
    explained.check_name,
    explained.account,
    explained.stripe_customer_id,
    explained.metronome_customer_id,
    explained.currency,
    explained.meter,
    explained.product,
    explained.pricing_group_values,
    explained.period_start,
    explained.period_end,
    explained.usage_date,
    explained.variance,
    explained.cause,
    'Stripe '
    || coalesce(cast(explained.expected_value as varchar), 'has nothing')
    || ', Metronome '
    || coalesce(cast(explained.actual_value as varchar), 'has nothing')
    || case
        when explained.currency is null then ' (' || explained.unit || ')'
        else ' (minor units of ' || explained.unit || ')'
    end as explanation
from explained
union all
select
    'safety' as check_name,
    safety.account,
    safety.stripe_customer_id,
    safety.metronome_customer_id,
    cast(null as varchar) as currency,
    cast(null as varchar) as meter,
    cast(null as varchar) as product,
    cast(null as varchar) as pricing_group_values,
    cast(null as timestamp) as period_start,
    cast(null as timestamp) as period_end,
    cast(null as date) as usage_date,
    cast(null as decimal(38, 12)) as variance,
    safety.cause,
    safety.detail as explanation
from parity.safety as safety
