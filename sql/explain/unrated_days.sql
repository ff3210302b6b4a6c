-- One row per breaching group value, product, Stripe meter and UTC day with a contract in force, but no rate for the value.
-- A product may serve several meters by group value; the usage belongs to the one whose values it has.
-- usage_value: Metronome's usage of the value on that day, raw units
-- cause: code of the cause
-- evidence: the unrated value beside the rated one that it resembles
select
    unrated_usage.account,
    unrated_usage.customer_key,
    linked.meter,
    unrated_usage.product_id,
    unrated_usage.pricing_group_values,
    unrated_usage.usage_date,
    unrated_usage.usage_value,
    group_values.cause,
    group_values.evidence
from explain.unrated_usage as unrated_usage
inner join explain.cause_group_values as group_values
    on
        unrated_usage.account = group_values.account
        and unrated_usage.customer_key = group_values.customer_key
        and unrated_usage.product_id = group_values.product_id
        and unrated_usage.pricing_group_values = group_values.pricing_group_values
inner join intermediate.int_products__linked as linked
    on
        unrated_usage.account = linked.account
        and unrated_usage.product_id = linked.product_id
        and (
            linked.pricing_group_values = '{}'
            or strpos(
                unrated_usage.pricing_group_values,
                substr(
                    linked.pricing_group_values,
                    2,
                    length(linked.pricing_group_values) - 2
                )
            ) > 0
        )
left join explain.contract_days as days
    on
        unrated_usage.account = days.account
        and unrated_usage.customer_key = days.customer_key
        and unrated_usage.usage_date = days.usage_date
        and days.is_uncovered
where days.account is null
