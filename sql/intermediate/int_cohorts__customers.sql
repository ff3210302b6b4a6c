-- One row per cohort that is not live yet and customer of it; the file may name a customer by either id.
-- named_as: the customer as the file names it; NULL in a cohort that is named by Stripe metadata
with

lines as (
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
    lines.cohort,
    customers.account,
    customers.customer_key,
    customers.stripe_customer_id,
    lines.customer_id as named_as
from lines
inner join intermediate.int_customers__classified as customers
    on
        lines.account = customers.account
        and lines.customer_id
        in (customers.stripe_customer_id, customers.metronome_customer_id)
union all
select
    marked.cohort,
    customers.account,
    customers.customer_key,
    customers.stripe_customer_id,
    cast(null as varchar) as named_as
from intermediate.int_cohorts__by_metadata as marked
inner join intermediate.int_customers__classified as customers
    on
        marked.account = customers.account
        and marked.stripe_customer_id = customers.stripe_customer_id
where marked.stage = 'parallel'
