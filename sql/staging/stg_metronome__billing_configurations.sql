-- One row per configuration in force that links a Metronome customer to a Stripe customer or account.
select
    configurations.account as environment,
    configurations.customer_id as metronome_customer_id,
    configurations.configuration.stripe_customer_id,
    configurations.delivery_method_configuration.stripe_account_id
from raw_metronome.billing_configurations as configurations
where
    configurations.billing_provider = 'stripe'
    and configurations.archived_at is null
