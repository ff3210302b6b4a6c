-- One row per customer, period and cause that lies in the place itself: link, contract, invoice, bounds.
-- It carries every row of a check that rests on the place, also where usage and prices would agree.
-- Patterns: no link, or one to an empty customer (customer_unmapped); days of usage without a contract (contract_missing, contract_late,
-- contract_ended); bounds more than a day apart and what they leave over (period_shift); a settled period with usage on both
-- sides and an invoice on one (invoice_missing); two contracts in force (contract_overlap, which makes no invoice missing).
-- What the second contract bills within a period that both sides have is an invoice more; none is missing in Stripe.
-- What looks the same: a contract that starts within a period also shifts its bounds; so the contract is told first.
-- period_start: the billing period concerned; NULL for all periods of the customer
-- precedence: the smaller number is told where several hold
-- evidence: the cause in a sentence, with the dates it rests on
with

customers as (
    select classified.*
    from intermediate.int_customers__classified as classified
    inner join explain.breaching_customers as breaching
        on
            classified.account = breaching.account
            and classified.customer_key = breaching.customer_key
),

unmapped as (
    select
        customers.account,
        customers.customer_key,
        cast(null as timestamp) as period_start,
        'customer_unmapped' as cause,
        1 as precedence,
        case
            when customers.stripe_customer_id is null
                then
                    'No Stripe customer is linked to Metronome customer '
                    || customers.metronome_customer_id
            else
                'No single Metronome customer is linked to Stripe customer '
                || customers.stripe_customer_id
        end
        || '.' as evidence
    from customers
    where not customers.is_linked
),

-- The link names a Metronome customer without any usage, while one that is not linked has most of the same usage: on most
-- days of all meters, to the last digit.
daily_usage as (
    select * from explain.usage_rows
    where usage_date is not null
),

without_usage as (
    select
        daily_usage.account,
        daily_usage.customer_key,
        daily_usage.metronome_customer_id,
        count(*) as usage_values
    from daily_usage
    where
        daily_usage.stripe_customer_id is not null
        and daily_usage.metronome_customer_id is not null
    group by
        daily_usage.account,
        daily_usage.customer_key,
        daily_usage.metronome_customer_id
    having sum(abs(daily_usage.actual_usage)) = 0
),

linked_elsewhere as (
    select
        without_usage.account,
        without_usage.customer_key,
        cast(null as timestamp) as period_start,
        'customer_unmapped' as cause,
        1 as precedence,
        'The linked Metronome customer ' || without_usage.metronome_customer_id
        || ' has no usage; ' || others.metronome_customer_id
        || ', which is not linked, has this customer''s usage in '
        || cast(count(*) as varchar) || ' of '
        || cast(without_usage.usage_values as varchar)
        || ' daily values of all meters.' as evidence
    from without_usage
    inner join daily_usage as expected
        on
            without_usage.account = expected.account
            and without_usage.customer_key = expected.customer_key
    inner join daily_usage as others
        on
            expected.account = others.account
            and expected.meter = others.meter
            and expected.usage_date = others.usage_date
            and expected.expected_usage = others.actual_usage
            and others.stripe_customer_id is null
    group by
        without_usage.account,
        without_usage.customer_key,
        without_usage.metronome_customer_id,
        without_usage.usage_values,
        others.metronome_customer_id
    having 2 * count(*) > without_usage.usage_values
),

contract_periods as (
    select
        days.account,
        days.customer_key,
        periods.period_start,
        days.cause,
        case when days.cause = 'contract_overlap' then 5 else 2 end as precedence,
        max(days.evidence) as evidence
    from explain.contract_days as days
    inner join intermediate.int_billing_periods__scoped as periods
        on
            days.account = periods.account
            and days.customer_key = periods.customer_key
            and periods.check_name = 'line_item_quantities'
            and cast(days.usage_date as timestamp) < periods.period_end
            and cast(days.usage_date as timestamp) + interval 1 day
            > periods.period_start
    where days.cause is not null
    group by days.account, days.customer_key, periods.period_start, days.cause
),

periods as (
    select scoped.*
    from intermediate.int_billing_periods__scoped as scoped
    inner join customers
        on
            scoped.account = customers.account
            and scoped.customer_key = customers.customer_key
    where scoped.check_name = 'line_item_quantities'
),

-- Both sides have the period with other bounds, or one side's period lies across two of the other's.
shifted as (
    select
        periods.account,
        periods.customer_key,
        periods.period_start,
        'period_shift' as cause,
        3 as precedence,
        'Stripe bills from ' || cast(periods.stripe_start as varchar)
        || ' to ' || cast(periods.stripe_end as varchar)
        || ', Metronome from ' || cast(periods.metronome_start as varchar)
        || ' to ' || cast(periods.metronome_end as varchar) || '.' as evidence
    from periods
    where periods.is_shifted
    union all
    select
        periods.account,
        periods.customer_key,
        periods.period_start,
        'period_shift' as cause,
        3 as precedence,
        max(
            'Only '
            || case
                when periods.stripe_start is null then 'Metronome' else 'Stripe'
            end
            || ' bills from ' || cast(periods.period_start as varchar)
            || ' to ' || cast(periods.period_end as varchar)
            || '; the other side bills that usage from '
            || cast(coalesce(others.stripe_start, others.metronome_start) as varchar)
            || '.'
        ) as evidence
    from periods
    inner join intermediate.int_billing_periods__paired as others
        on
            periods.account = others.account
            and periods.customer_key = others.customer_key
            and others.is_shifted
            and (
                periods.stripe_start is null
                and periods.period_end > others.stripe_start
                and periods.period_start < others.stripe_end
                or periods.metronome_start is null
                and periods.period_end > others.metronome_start
                and periods.period_start < others.metronome_end
            )
    where periods.stripe_start is null or periods.metronome_start is null
    group by periods.account, periods.customer_key, periods.period_start
),

-- A second contract makes an invoice of its own beside the one that both sides have of that time.
billed_again as (
    select distinct
        periods.account,
        periods.customer_key,
        periods.period_start
    from periods
    inner join periods as others
        on
            periods.account = others.account
            and periods.customer_key = others.customer_key
            and others.stripe_start is not null
            and others.metronome_start is not null
            and not others.is_shifted
            and periods.period_start >= others.period_start - interval 1 day
            and periods.period_end <= others.period_end + interval 1 day
    inner join contract_periods
        on
            periods.account = contract_periods.account
            and periods.customer_key = contract_periods.customer_key
            and periods.period_start = contract_periods.period_start
            and contract_periods.cause = 'contract_overlap'
    where periods.stripe_start is null
),

-- Where one side has usage and the other has none, the usage explains the missing invoice.
sides_of_usage as (
    select
        periods.account,
        periods.customer_key,
        periods.period_start,
        coalesce(sum(abs(usage_rows.expected_usage)), 0) > 0 as has_stripe_usage,
        coalesce(sum(abs(usage_rows.actual_usage)), 0) > 0 as has_metronome_usage
    from periods
    left join explain.usage_rows as usage_rows
        on
            periods.account = usage_rows.account
            and periods.customer_key = usage_rows.customer_key
            and coalesce(
                usage_rows.period_start, cast(usage_rows.usage_date as timestamp)
            ) < periods.period_end
            and coalesce(
                usage_rows.period_end,
                cast(usage_rows.usage_date as timestamp) + interval 1 day
            ) > periods.period_start
    where
        (periods.stripe_start is null or periods.metronome_start is null)
        and periods.is_settled
    group by periods.account, periods.customer_key, periods.period_start
),

missing_invoices as (
    select
        periods.account,
        periods.customer_key,
        periods.period_start,
        'invoice_missing' as cause,
        4 as precedence,
        case when periods.stripe_start is null then 'Stripe' else 'Metronome' end
        || ' has no invoice for the period from '
        || cast(periods.period_start as varchar)
        || ' to ' || cast(periods.period_end as varchar)
        || '; the other side has one.' as evidence
    from periods
    inner join sides_of_usage
        on
            periods.account = sides_of_usage.account
            and periods.customer_key = sides_of_usage.customer_key
            and periods.period_start = sides_of_usage.period_start
            and sides_of_usage.has_stripe_usage = sides_of_usage.has_metronome_usage
    left join billed_again
        on
            periods.account = billed_again.account
            and periods.customer_key = billed_again.customer_key
            and periods.period_start = billed_again.period_start
    where
        (periods.stripe_start is null or periods.metronome_start is null)
        and billed_again.account is null
)

select * from unmapped
union all
select * from linked_elsewhere
union all
select * from contract_periods
union all
select * from shifted
union all
select * from missing_invoices
