-- One row per line of a cohort's file that is not live yet: the customer it names, if it is known.
-- For a cohort by Stripe metadata one row per customer that has the value, and one without a customer when none has.
-- cohort: name of the cohort
-- customer_id: the customer as the file names it; by metadata Stripe's id, NULL when nobody has the value
-- account: the customer's account; NULL when no customer has the id
-- stripe_customer_id: Stripe's id of the customer; NULL as above, or when only Metronome has it
-- is_known: whether a customer has the id
select distinct
    cohorts.cohort,
    coalesce(cohorts.customer_id, customers.stripe_customer_id) as customer_id,
    customers.account,
    customers.stripe_customer_id,
    customers.account is not null as is_known
from control.cohorts as cohorts
left join intermediate.int_cohorts__customers as customers
    on
        cohorts.cohort = customers.cohort
        and cohorts.customer_id is not distinct from customers.named_as
        and cohorts.account in ('', customers.account)
where cohorts.stage = 'parallel'
