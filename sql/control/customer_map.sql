-- One row per link between a Stripe and a Metronome customer, and per customer without one.
-- A Metronome customer's link comes from the first source that names a known Stripe customer, in the
-- order mapping file, billing provider configuration, custom field, ingest alias. A Stripe customer
-- that two Metronome customers claim outside the mapping file is matched to neither, and so is one whose
-- only claimant could belong to several accounts. Accounts never meet here.
-- link_source: where the link was found: customers_csv, billing_provider_configuration, custom_field or ingest_alias; NULL without a link
-- status: unknown_id (the mapping file names a customer that one side does not have), linked, ambiguous (claimed twice, so matched to neither), unmapped (Stripe only) or unlinked (Metronome only)
with

stripe_customers as (
    select * from intermediate.int_stripe_customers__known
),

metronome_customers as (
    select * from intermediate.int_metronome_customers__assigned
),

-- Of a customer that belongs to an account, the claims in that account; of one that could belong to several, all.
known_claims as (
    select
        claims.*,
        metronome_customers.account = claims.account as is_of_this_account,
        min(claims.precedence) over (
            partition by claims.environment, claims.metronome_customer_id
        ) as first_precedence,
        min(claims.precedence) over (
            partition by claims.account, claims.stripe_customer_id
        ) as first_precedence_of_stripe
    from intermediate.int_customer_links__claimed as claims
    inner join control.accounts as accounts on claims.account = accounts.account
    inner join metronome_customers
        on
            claims.environment = metronome_customers.environment
            and claims.metronome_customer_id = metronome_customers.metronome_customer_id
    where metronome_customers.account in (claims.account, accounts.unlinked_account)
),

-- The mapping file overrules whatever else claims the same Stripe customer.
first_claims as (
    select distinct
        known_claims.environment,
        known_claims.account,
        known_claims.stripe_customer_id,
        known_claims.metronome_customer_id,
        known_claims.link_source,
        known_claims.is_of_this_account,
        known_claims.is_archived
    from known_claims
    where
        known_claims.precedence = known_claims.first_precedence
        and (
            known_claims.precedence = 1
            or known_claims.first_precedence_of_stripe > 1
        )
),

-- An archived customer keeps its claim only while no living one makes the same.
living_claims as (
    select
        first_claims.*,
        min(cast(first_claims.is_archived as integer)) over (
            partition by first_claims.account, first_claims.stripe_customer_id
        ) as is_every_claim_archived
    from first_claims
),

counted_claims as (
    select
        living_claims.account,
        living_claims.stripe_customer_id,
        living_claims.metronome_customer_id,
        living_claims.link_source,
        living_claims.is_of_this_account,
        count(*) over (
            partition by living_claims.account, living_claims.stripe_customer_id
        ) as claims_on_stripe_customer,
        count(*) over (
            partition by living_claims.environment, living_claims.metronome_customer_id
        ) as claims_by_metronome_customer
    from living_claims
    where
        living_claims.link_source = 'customers_csv'
        or cast(living_claims.is_archived as integer)
        = living_claims.is_every_claim_archived
),

judged_claims as (
    select
        counted_claims.account,
        counted_claims.stripe_customer_id,
        counted_claims.metronome_customer_id,
        counted_claims.link_source,
        case
            when
                counted_claims.claims_by_metronome_customer > 1
                or not counted_claims.is_of_this_account
                then 'ambiguous'
            when
                counted_claims.claims_on_stripe_customer > 1
                and counted_claims.link_source <> 'customers_csv'
                then 'ambiguous'
            else 'linked'
        end as status
    from counted_claims
),

unknown_ids as (
    select
        links.account,
        links.stripe_customer_id,
        links.metronome_customer_id,
        'customers_csv' as link_source,
        'unknown_id' as status
    from control.customer_links as links
    left join known_claims
        on
            links.account = known_claims.account
            and links.stripe_customer_id = known_claims.stripe_customer_id
            and links.metronome_customer_id = known_claims.metronome_customer_id
            and known_claims.precedence = 1
    where known_claims.account is null
),

unmapped as (
    select
        stripe_customers.account,
        stripe_customers.stripe_customer_id,
        cast(null as varchar) as metronome_customer_id,
        cast(null as varchar) as link_source,
        'unmapped' as status
    from stripe_customers
    left join judged_claims
        on
            stripe_customers.account = judged_claims.account
            and stripe_customers.stripe_customer_id = judged_claims.stripe_customer_id
    where judged_claims.account is null
),

unlinked as (
    select
        metronome_customers.account,
        cast(null as varchar) as stripe_customer_id,
        metronome_customers.metronome_customer_id,
        cast(null as varchar) as link_source,
        'unlinked' as status
    from metronome_customers
    left join judged_claims
        on
            metronome_customers.account = judged_claims.account
            and metronome_customers.metronome_customer_id
            = judged_claims.metronome_customer_id
    where judged_claims.account is null
)

select * from judged_claims
union all
select * from unknown_ids
union all
select * from unmapped
union all
select * from unlinked
