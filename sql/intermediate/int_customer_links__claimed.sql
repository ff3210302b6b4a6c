-- One row per source, account, Stripe customer and Metronome customer that claims it.
-- Both customers are known, and the Metronome customer's billing provider configuration names no other account;
-- the mapping file is believed all the same.
-- link_source: customers_csv, billing_provider_configuration, custom_field or ingest_alias
-- precedence: 1 for the source that is believed first
with

accounts as (
    select * from intermediate.int_accounts__identified
),

configurations as (
    select * from staging.stg_metronome__billing_configurations
),

stripe_customers as (
    select * from intermediate.int_stripe_customers__known
),

metronome_customers as (
    select * from staging.stg_metronome__customers
),

-- A claim of Metronome's may be meant for any account of the environment.
claims as (
    select
        links.account,
        links.stripe_customer_id,
        links.metronome_customer_id,
        'customers_csv' as link_source,
        1 as precedence
    from control.customer_links as links
    union all
    select
        accounts.account,
        configurations.stripe_customer_id,
        configurations.metronome_customer_id,
        'billing_provider_configuration' as link_source,
        2 as precedence
    from configurations
    inner join accounts on configurations.environment = accounts.environment
    where configurations.stripe_customer_id is not null
    union all
    select
        accounts.account,
        customers.custom_field_stripe_customer_id as stripe_customer_id,
        customers.metronome_customer_id,
        'custom_field' as link_source,
        3 as precedence
    from metronome_customers as customers
    inner join accounts on customers.environment = accounts.environment
    where customers.custom_field_stripe_customer_id is not null
    union all
    select
        accounts.account,
        aliases.ingest_alias as stripe_customer_id,
        aliases.metronome_customer_id,
        'ingest_alias' as link_source,
        4 as precedence
    from staging.stg_metronome__ingest_aliases as aliases
    inner join accounts on aliases.environment = accounts.environment
),

named as (
    select * from intermediate.int_metronome_customers__configured
)

select
    accounts.environment,
    claims.account,
    claims.stripe_customer_id,
    claims.metronome_customer_id,
    claims.link_source,
    claims.precedence,
    metronome_customers.is_archived
from claims
inner join accounts on claims.account = accounts.account
inner join stripe_customers
    on
        claims.account = stripe_customers.account
        and claims.stripe_customer_id = stripe_customers.stripe_customer_id
inner join metronome_customers
    on
        accounts.environment = metronome_customers.environment
        and claims.metronome_customer_id = metronome_customers.metronome_customer_id
left join named
    on
        accounts.environment = named.environment
        and claims.metronome_customer_id = named.metronome_customer_id
where
    claims.precedence = 1
    or named.metronome_customer_id is null
    or named.account = claims.account
    or (named.account is null and accounts.stripe_account_id is null)
