-- One row per cohort that is not live yet and known customer of it.
select distinct
    cohort_customers.cohort,
    cohort_customers.account,
    cohort_customers.customer_key
from intermediate.int_cohorts__customers as cohort_customers
