-- Which customers are linked to nobody, and whom do they resemble?
select
    customers.account,
    customers.stripe_customer_id,
    customers.metronome_customer_id,
    near_misses.resembles_id as may_be,
    near_misses.how as because_of,
    near_misses.evidence
from parity.customer_status as customers
left join control.near_misses as near_misses
    on
        customers.account = near_misses.account
        and coalesce(customers.stripe_customer_id, customers.metronome_customer_id)
        = near_misses.subject
        and near_misses.kind = 'customer'
where customers.status = 'unmapped'
order by
    customers.account,
    customers.stripe_customer_id,
    customers.metronome_customer_id
