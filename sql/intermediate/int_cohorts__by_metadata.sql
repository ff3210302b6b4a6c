-- One row per cohort that is named by Stripe metadata and customer that has the value.
select
    cohorts.cohort,
    cohorts.stage,
    customers.account,
    customers.stripe_customer_id
from control.cohorts as cohorts
inner join staging.stg_stripe__customers as customers
    on
        json_extract_string(
            customers.metadata, '$."' || cohorts.metadata_key || '"'
        ) = cohorts.metadata_value
