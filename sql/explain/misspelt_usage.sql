-- One row per breaching customer, meter that is mapped to group values of a metric, and UTC day on which Metronome has usage
-- under values that are the meter's but for case or spaces. No meter has that usage, so the meter seems to lack it.
-- What looks the same: values that another meter is mapped to, or that resemble those of several meters; they are left out.
-- usage_value: Metronome's usage under those values, raw units
-- evidence: the values, in a sentence
with

meters as (
    select
        meter_map.account,
        meter_map.meter,
        meter_map.billable_metric_id,
        substr(
            meter_map.pricing_group_values,
            2,
            length(meter_map.pricing_group_values) - 2
        ) as mapped_values
    from control.meter_map as meter_map
    where meter_map.is_additive and meter_map.pricing_group_values <> '{}'
),

customers as (
    select
        keyed.account,
        keyed.customer_key,
        keyed.metronome_customer_id
    from intermediate.int_metronome_customers__keyed as keyed
    inner join explain.breaching_customers as breaching
        on
            keyed.account = breaching.account
            and keyed.customer_key = breaching.customer_key
),

-- A metric may have been asked by several key sets: the smallest that has the meter's keys is read.
resembling as (
    select
        customers.account,
        customers.customer_key,
        meters.meter,
        usage_groups.group_values,
        usage_groups.usage_value,
        cast(usage_groups.start_at as date) as usage_date,
        strpos(usage_groups.group_values, meters.mapped_values) > 0 as is_mapped,
        count(*) over (
            partition by
                usage_groups.account,
                usage_groups.metronome_customer_id,
                usage_groups.billable_metric_id,
                usage_groups.asked_group_key,
                usage_groups.group_values,
                usage_groups.start_at
        ) as resembled_meters,
        length(usage_groups.asked_group_key) as key_length,
        min(length(usage_groups.asked_group_key)) over (
            partition by
                usage_groups.account, usage_groups.billable_metric_id, meters.meter
        ) as least_key_length
    from staging.stg_metronome__usage_groups as usage_groups
    inner join customers
        on
            usage_groups.account = customers.account
            and usage_groups.metronome_customer_id = customers.metronome_customer_id
    inner join meters
        on
            usage_groups.account = meters.account
            and usage_groups.billable_metric_id = meters.billable_metric_id
            and strpos(
                lower(replace(usage_groups.group_values, ' ', '')),
                lower(replace(meters.mapped_values, ' ', ''))
            ) > 0
)

select
    resembling.account,
    resembling.customer_key,
    resembling.meter,
    resembling.usage_date,
    cast(sum(resembling.usage_value) as decimal(38, 12)) as usage_value,
    'Metronome has '
    || replace(
        cast(cast(sum(resembling.usage_value) as decimal(38, 12)) as varchar),
        '.000000000000',
        ''
    )
    || ' of it under ' || min(resembling.group_values)
    || ', which differs from the meter''s values only in case or spaces.' as evidence
from resembling
where
    not resembling.is_mapped
    and resembling.resembled_meters = 1
    and resembling.key_length = resembling.least_key_length
group by
    resembling.account,
    resembling.customer_key,
    resembling.meter,
    resembling.usage_date
having sum(resembling.usage_value) > 0
