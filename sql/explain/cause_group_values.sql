-- One row per product and group value of a breaching customer that has usage without a rate, with what its rates say of the value.
-- Patterns, first that holds: the customer's rates hold the same value in other case or with other spaces
-- (group_value_case); they hold nothing of the product (product_not_entitled); they hold other values of it, or this one for
-- other days (group_value_unrated). What looks the same: a customer without a contract has no rates
-- either; the days without a contract carry the contract's cause, whatever stands here.
-- cause: code of the cause
-- evidence: the unrated value beside the rated one that it resembles, with their usage
with

breaches as (
    select
        rated.account,
        rated.customer_key,
        rated.product,
        rated.pricing_group_values,
        rated.expected_value - rated.actual_value as unrated_value,
        rated.product_id
    from intermediate.int_group_usage__rated as rated
    inner join explain.breaching_customers as breaching
        on
            rated.account = breaching.account
            and rated.customer_key = breaching.customer_key
    where
        not rated.is_passed_over and rated.expected_value <> rated.actual_value
),

rated_values as (
    select distinct
        rates.account,
        keyed.customer_key,
        rates.product_id,
        rates.pricing_group_values
    from intermediate.int_contract_rates__bounded as rates
    inner join intermediate.int_metronome_customers__keyed as keyed
        on
            rates.account = keyed.account
            and rates.metronome_customer_id = keyed.metronome_customer_id
    inner join explain.breaching_customers as breaching
        on
            keyed.account = breaching.account
            and keyed.customer_key = breaching.customer_key
),

resemblances as (
    select
        breaches.account,
        breaches.customer_key,
        breaches.product_id,
        breaches.product,
        breaches.pricing_group_values,
        breaches.unrated_value,
        count(rated_values.product_id) as rated_values,
        bool_or(rated_values.pricing_group_values = breaches.pricing_group_values)
            as is_rated_on_other_days,
        min(rated_values.pricing_group_values) filter (
            where
            rated_values.pricing_group_values <> breaches.pricing_group_values
            and lower(replace(rated_values.pricing_group_values, ' ', ''))
            = lower(replace(breaches.pricing_group_values, ' ', ''))
        ) as resembled_values
    from breaches
    left join rated_values
        on
            breaches.account = rated_values.account
            and breaches.customer_key = rated_values.customer_key
            and breaches.product_id = rated_values.product_id
    group by
        breaches.account,
        breaches.customer_key,
        breaches.product_id,
        breaches.product,
        breaches.pricing_group_values,
        breaches.unrated_value
)

select
    resemblances.account,
    resemblances.customer_key,
    resemblances.product_id,
    resemblances.product,
    resemblances.pricing_group_values,
    case
        when resemblances.resembled_values is not null then 'group_value_case'
        when resemblances.rated_values = 0 then 'product_not_entitled'
        when resemblances.pricing_group_values = '{}' then 'product_not_entitled'
        else 'group_value_unrated'
    end as cause,
    replace(cast(resemblances.unrated_value as varchar), '.000000000000', '')
    || ' of ' || resemblances.product
    || case
        when resemblances.pricing_group_values = '{}' then ''
        else ' with ' || resemblances.pricing_group_values
    end
    || case
        when resemblances.resembled_values is not null
            then
                ' has no rate; ' || resemblances.resembled_values
                || ' has one and differs only in case or spaces.'
        when resemblances.rated_values = 0
            then ' is used; the contract rates nothing of the product.'
        when resemblances.is_rated_on_other_days
            then ' has a rate on other days only.'
        else
            ' has no rate; ' || cast(resemblances.rated_values as varchar)
            || ' other values of the product have one.'
    end as evidence
from resemblances
