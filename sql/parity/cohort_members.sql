-- One row per line of a cohort's file that is not live yet: the customer it names, if it is known.
-- cohort: name of the cohort
-- customer_id: the customer as the file names it
-- account: the customer's account; NULL when no customer has the id
-- stripe_customer_id: Stripe's id of the customer; NULL as above, or when only Metronome has it
-- is_known: whether a customer has the id
select distinct
    cohorts.cohort,
    cohorts.customer_id,
    customers.account,
    customers.stripe_customer_id,
    customers.account is not null as is_known
from control.cohorts as cohorts
left join intermediate.int_cohorts__customers as customers
    on
        cohorts.cohort = customers.cohort
        and cohorts.customer_id = customers.named_as
        and cohorts.account in ('', customers.account)
where cohorts.stage = 'parallel'
