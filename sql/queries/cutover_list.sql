-- Who could be cut over today, who not, and why?
with

causes as (
    select
        findings.account,
        coalesce(findings.stripe_customer_id, findings.metronome_customer_id)
            as customer,
        string_agg(distinct findings.cause, ', ' order by findings.cause) as causes
    from parity.findings as findings
    group by
        findings.account,
        coalesce(findings.stripe_customer_id, findings.metronome_customer_id)
)

select
    customers.account,
    customers.stripe_customer_id,
    customers.metronome_customer_id,
    customers.status,
    causes.causes,
    customers.expected_by_currency as stripe_minor_units,
    customers.actual_by_currency as metronome_minor_units
from parity.customer_status as customers
left join causes
    on
        customers.account = causes.account
        and coalesce(customers.stripe_customer_id, customers.metronome_customer_id)
        = causes.customer
order by
    case customers.status
        when 'in_parity' then 1 when 'not_in_parity' then 2 when 'unmapped' then 3
        when 'pending' then 4 else 5
    end,
    customers.account,
    customers.stripe_customer_id,
    customers.metronome_customer_id
