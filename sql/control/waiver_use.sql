-- One row per waiver of the waivers file, with what became of it.
-- waiver_status: applied, expired, exceeded (the variance is greater than it allows) or unmatched (no such difference)
-- check_name: the check the waiver is for
-- account: the account it is for; empty for any
-- customer: the customer it is for; empty for any
-- subject: the unit or group values it is for; empty for any
-- reason: why the difference is accepted
-- approved_by: who accepted it
-- expires_on: last day on which it holds
-- max_minor_units: greatest absolute variance of a row that it accepts; NULL for any
-- matching_rows: rows with a difference that it names
with

run as (
    select * from control.run
),

differences as (
    select *
    from intermediate.int_check_rows__judged
    where (variance <> 0 or is_forced_breach) and status <> 'pending'
),

matched as (
    select
        waivers.check_name,
        waivers.account,
        waivers.customer,
        waivers.subject,
        count(*) as matching_rows,
        min(abs(differences.variance)) as smallest_variance
    from control.waivers as waivers
    inner join differences
        on
            waivers.check_name = differences.check_name
            and waivers.account in ('', differences.account)
            and (
                waivers.customer = ''
                or waivers.customer = differences.stripe_customer_id
                or waivers.customer = differences.metronome_customer_id
            )
            and (
                waivers.subject = ''
                or waivers.subject = differences.unit
                or waivers.subject = differences.pricing_group_values
            )
    group by
        waivers.check_name, waivers.account, waivers.customer, waivers.subject
)

select
    waivers.check_name,
    waivers.account,
    waivers.customer,
    waivers.subject,
    waivers.reason,
    waivers.approved_by,
    waivers.expires_on,
    waivers.max_minor_units,
    coalesce(matched.matching_rows, 0) as matching_rows,
    case
        when waivers.expires_on < cast(run.as_of as date) then 'expired'
        when matched.check_name is null then 'unmatched'
        when matched.smallest_variance > waivers.max_minor_units then 'exceeded'
        else 'applied'
    end as waiver_status
from control.waivers as waivers
cross join run
left join matched
    on
        waivers.check_name = matched.check_name
        and waivers.account = matched.account
        and waivers.customer = matched.customer
        and waivers.subject = matched.subject
