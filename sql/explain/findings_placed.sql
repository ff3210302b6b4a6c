-- One row per finding with the place of the incident it belongs to.
-- The place is the first of these that holds, among findings of one cause whose times overlap or touch: the customer, for
-- what is unexplained, since that has no cause in common; everybody (three customers or more, more than half of
-- those compared); a meter of which more than half of its customers (two or more) have the cause; the product or
-- meter, for causes that lie in what customers share (a metric, a product, a rate, its unit); several customers, for
-- a gap or where ten or more have the cause; else the one customer.
-- What else could look the same: two independent mistakes of one kind at one time on one meter are told as one.
-- place: who or what is concerned, as a key
-- customers_concerned: customers with the cause at the time
-- customers_compared: customers of the account that are compared
with

placed as (
    select * from explain.findings_timed
),

-- Stretches of time over all customers: rows that overlap or touch belong together.
spans as (
    select distinct
        placed.account,
        placed.cause,
        placed.joins_from,
        placed.joins_to
    from placed
),

spans_ended as (
    select
        spans.*,
        max(spans.joins_to) over (
            partition by spans.account, spans.cause
            order by spans.joins_from, spans.joins_to
        ) as ended_at
    from spans
),

spans_begun as (
    select
        spans_ended.*,
        case
            when
                spans_ended.joins_from <= lead(spans_ended.ended_at) over (
                    partition by spans_ended.account, spans_ended.cause
                    order by spans_ended.joins_from desc, spans_ended.joins_to desc
                )
                then 0
            else 1
        end as is_new
    from spans_ended
),

stretches as (
    select
        spans_begun.account,
        spans_begun.cause,
        spans_begun.joins_from,
        spans_begun.joins_to,
        sum(spans_begun.is_new) over (
            partition by spans_begun.account, spans_begun.cause
            order by spans_begun.joins_from, spans_begun.joins_to
        ) as stretch
    from spans_begun
),

by_customer as (
    select
        placed.account,
        placed.cause,
        stretches.stretch,
        placed.customer,
        case
            when min(placed.meter) = max(placed.meter) then min(placed.meter)
        end as meter,
        case
            when min(placed.product) = max(placed.product) then min(placed.product)
        end as product
    from placed
    inner join stretches
        on
            placed.account = stretches.account
            and placed.cause = stretches.cause
            and placed.joins_from = stretches.joins_from
            and placed.joins_to = stretches.joins_to
    group by placed.account, placed.cause, stretches.stretch, placed.customer
),

compared as (
    select
        customer_status.account,
        count(*) as customers
    from parity.customer_status as customer_status
    where customer_status.status <> 'already_on_metronome'
    group by customer_status.account
),

concerned as (
    select
        by_customer.account,
        by_customer.cause,
        by_customer.stretch,
        count(*) as customers
    from by_customer
    group by by_customer.account, by_customer.cause, by_customer.stretch
),

metered as (
    select
        quantities.account,
        quantities.meter,
        count(distinct coalesce(
            quantities.stripe_customer_id, quantities.metronome_customer_id
        )) as customers
    from parity.line_item_quantities as quantities
    group by quantities.account, quantities.meter
),

concerned_by_meter as (
    select
        by_customer.account,
        by_customer.cause,
        by_customer.stretch,
        by_customer.meter,
        count(*) as customers
    from by_customer
    where by_customer.meter is not null
    group by
        by_customer.account,
        by_customer.cause,
        by_customer.stretch,
        by_customer.meter
),

located as (
    select
        by_customer.account,
        by_customer.cause,
        by_customer.stretch,
        by_customer.customer,
        concerned.customers as customers_concerned,
        compared.customers as customers_compared,
        case
            when by_customer.cause = 'unexplained'
                then 'customer ' || by_customer.customer
            when
                concerned.customers > 2
                and concerned.customers + concerned.customers > compared.customers
                then 'everybody'
            when
                by_customer.cause in (
                    'events_missing',
                    'events_extra',
                    'ingestion_gap',
                    'period_shift',
                    'rate_mismatch',
                    'product_not_entitled'
                )
                and concerned_by_meter.customers > 1
                and concerned_by_meter.customers + concerned_by_meter.customers
                > metered.customers
                then 'meter ' || by_customer.meter
            when
                by_customer.cause in (
                    'aggregation_mismatch',
                    'quantity_conversion',
                    'tier_mismatch',
                    'currency_unit',
                    'group_value_unrated',
                    'group_value_case'
                )
                and concerned.customers > 1
                then
                    coalesce(
                        'product ' || by_customer.product,
                        'meter ' || by_customer.meter,
                        'several products'
                    )
            when
                concerned.customers > 9
                or (
                    concerned.customers > 1
                    and by_customer.cause = 'ingestion_gap'
                )
                then 'several'
            else 'customer ' || by_customer.customer
        end as place
    from by_customer
    inner join concerned
        on
            by_customer.account = concerned.account
            and by_customer.cause = concerned.cause
            and by_customer.stretch = concerned.stretch
    left join compared on by_customer.account = compared.account
    left join metered
        on
            by_customer.account = metered.account
            and by_customer.meter = metered.meter
    left join concerned_by_meter
        on
            by_customer.account = concerned_by_meter.account
            and by_customer.cause = concerned_by_meter.cause
            and by_customer.stretch = concerned_by_meter.stretch
            and by_customer.meter = concerned_by_meter.meter
),

gathered as (
    select
        placed.*,
        located.place,
        located.customers_concerned,
        located.customers_compared
    from placed
    inner join stretches
        on
            placed.account = stretches.account
            and placed.cause = stretches.cause
            and placed.joins_from = stretches.joins_from
            and placed.joins_to = stretches.joins_to
    inner join located
        on
            placed.account = located.account
            and placed.cause = located.cause
            and stretches.stretch = located.stretch
            and placed.customer = located.customer
)

select * from gathered
