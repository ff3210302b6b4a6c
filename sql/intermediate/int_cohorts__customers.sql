-- One row per cohort that is not live yet and customer of it; the file may name a customer by either id.
with

members as (
    select
        cohorts.cohort,
        cohorts.customer_id,
        accounts.account
    from control.cohorts as cohorts
    inner join control.accounts as accounts
        on cohorts.account in ('', accounts.account)
    where cohorts.stage = 'parallel'
)

select distinct
    members.cohort,
    customers.account,
    customers.customer_key,
    customers.stripe_customer_id,
    members.customer_id as named_as
from members
inner join intermediate.int_customers__classified as customers
    on
        members.account = customers.account
        and members.customer_id
        in (customers.stripe_customer_id, customers.metronome_customer_id)
