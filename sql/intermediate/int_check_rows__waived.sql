-- One row per row of any check that a waiver in force accepts. Its status is decided in int_check_rows__judged.
with

run as (
    select * from control.run
),

all_compared as (
    select * from intermediate.int_money__compared
    union all
    select * from intermediate.int_line_item_quantities__compared
    union all
    select * from intermediate.int_contract_coverage__compared
    union all
    select * from intermediate.int_event_ingestion__compared
    union all
    select * from intermediate.int_group_key_coverage__compared
),

compared as (
    select
        all_compared.*,
        customers.account,
        customers.customer_key,
        customers.stripe_customer_id,
        customers.metronome_customer_id
    from all_compared
    inner join intermediate.int_customers__classified as customers
        on all_compared.customer_number = customers.customer_number
),

measured as (
    select
        compared.*,
        abs(coalesce(compared.actual_value, 0) - coalesce(compared.expected_value, 0))
            as difference
    from compared
)

select distinct
    measured.check_name,
    measured.customer_number,
    measured.unit,
    measured.pricing_group_values,
    measured.period_start,
    measured.period_end,
    measured.usage_date
from measured
cross join run
inner join control.waivers as waivers
    on
        measured.check_name = waivers.check_name
        and waivers.account in ('', measured.account)
        and (
            waivers.customer = ''
            or measured.stripe_customer_id = waivers.customer
            or measured.metronome_customer_id = waivers.customer
        )
        and (
            waivers.subject = ''
            or measured.unit = waivers.subject
            or measured.pricing_group_values = waivers.subject
        )
        and waivers.expires_on >= cast(run.as_of as date)
        and coalesce(measured.difference <= waivers.max_minor_units, true)
where measured.difference <> 0 or measured.is_forced_breach
