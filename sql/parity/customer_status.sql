-- One row per account and customer of either side: who could be cut over today.
-- status: in_parity, not_in_parity, pending (nothing settled to judge by, or usage of which too little was read), unmapped or already_on_metronome
-- expected_by_currency: Stripe's net usage charges in settled periods, JSON text {currency: minor units}
-- actual_by_currency: Metronome's net usage charges in settled periods, JSON text {currency: minor units}
-- waived_rows: rows of any check whose difference a waiver accepts
with

customers as (
    select * from intermediate.int_customers__classified
),

judged as (
    select * from intermediate.int_money__judged
),

failed as (
    select distinct
        by_check.account,
        by_check.customer_key
    from intermediate.int_gate__customers_judged as by_check
    where not by_check.is_within
    union
    select distinct
        breaching.account,
        breaching.customer_key
    from intermediate.int_check_rows__breaching as breaching
    where breaching.check_name in ('contract_coverage', 'group_key_coverage')
    union
    -- Whoever differed stays a difference until it is asked again.
    select distinct
        aged.account,
        aged.customer_key
    from intermediate.int_usage__aged as aged
    where aged.is_differing
    union
    select distinct
        customers.account,
        customers.customer_key
    from parity.safety as safety
    inner join customers
        on
            safety.account = customers.account
            and safety.stripe_customer_id = customers.stripe_customer_id
),

settled as (
    select distinct
        judged.account,
        judged.customer_key
    from judged
    where judged.check_name = 'invoice_totals' and judged.status <> 'pending'
),

compared as (
    select
        customer_checks.customer_number,
        cast(sum(customer_checks.waived_rows) as bigint) as waived_rows
    from intermediate.int_gate__customer_checks as customer_checks
    group by customer_checks.customer_number
),

amounts as (
    select
        judged.account,
        judged.customer_key,
        judged.currency,
        sum(judged.expected_value) as expected_value,
        sum(judged.actual_value) as actual_value
    from judged
    where judged.check_name = 'invoice_totals' and judged.status <> 'pending'
    group by judged.account, judged.customer_key, judged.currency
),

texts as (
    select
        amounts.account,
        amounts.customer_key,
        '{'
        || string_agg(
            '"' || amounts.currency || '":"'
            || cast(amounts.expected_value as varchar) || '"',
            ',' order by amounts.currency
        ) filter (where amounts.expected_value is not null)
        || '}' as expected_by_currency,
        '{'
        || string_agg(
            '"' || amounts.currency || '":"'
            || cast(amounts.actual_value as varchar) || '"',
            ',' order by amounts.currency
        ) filter (where amounts.actual_value is not null)
        || '}' as actual_by_currency
    from amounts
    group by amounts.account, amounts.customer_key
)

select
    customers.account,
    customers.stripe_customer_id,
    customers.metronome_customer_id,
    case
        when customers.is_already_on_metronome then 'already_on_metronome'
        when not customers.is_linked then 'unmapped'
        when failed.account is not null then 'not_in_parity'
        when settled.account is null then 'pending'
        when put_off.account is not null and put_off.counts_until is null
            then 'pending'
        when
            customers.has_held_subscription and not customers.has_active_subscription
            then 'pending'
        else 'in_parity'
    end as status,
    coalesce(texts.expected_by_currency, '{}') as expected_by_currency,
    coalesce(texts.actual_by_currency, '{}') as actual_by_currency,
    coalesce(compared.waived_rows, 0) as waived_rows
from customers
left join failed
    on
        customers.account = failed.account
        and customers.customer_key = failed.customer_key
left join settled
    on
        customers.account = settled.account
        and customers.customer_key = settled.customer_key
left join intermediate.int_usage__put_off as put_off
    on
        customers.account = put_off.account
        and customers.customer_key = put_off.stripe_customer_id
left join compared
    on customers.customer_number = compared.customer_number
left join texts
    on
        customers.account = texts.account
        and customers.customer_key = texts.customer_key
where
    compared.customer_number is not null
    or customers.is_already_on_metronome
    or customers.has_metered_item_in_window
    or customers.has_active_subscription
