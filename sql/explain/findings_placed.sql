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

begun as (
    select
        timed.*,
        case
            when
                timed.joins_from <= max(timed.joins_to) over (
                    partition by timed.account, timed.cause
                    order by timed.joins_from, timed.joins_to
                    rows between unbounded preceding and 1 preceding
                )
                then 0
            else 1
        end as is_new
    from explain.findings_timed as timed
),

-- Stretches of time over all customers: findings that overlap or touch belong together.
stretches as (
    select
        begun.*,
        sum(begun.is_new) over (
            partition by begun.account, begun.cause
            order by begun.joins_from, begun.joins_to
        ) as stretch
    from begun
),

by_customer as (
    select
        stretches.account,
        stretches.cause,
        stretches.stretch,
        stretches.customer,
        case
            when min(stretches.meter) = max(stretches.meter) then min(stretches.meter)
        end as meter,
        case
            when min(stretches.product) = max(stretches.product)
                then min(stretches.product)
        end as product
    from stretches
    group by
        stretches.account, stretches.cause, stretches.stretch, stretches.customer
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
)

select
    stretches.check_name,
    stretches.cause,
    stretches.currency,
    stretches.meter,
    stretches.product,
    stretches.pricing_group_values,
    stretches.variance,
    stretches.is_daily,
    stretches.is_dated,
    stretches.account,
    stretches.customer,
    stretches.starts_at,
    stretches.ends_at,
    stretches.joins_from,
    stretches.joins_to,
    located.place,
    located.customers_concerned,
    located.customers_compared
from stretches
inner join located
    on
        stretches.account = located.account
        and stretches.cause = located.cause
        and stretches.stretch = located.stretch
        and stretches.customer = located.customer
