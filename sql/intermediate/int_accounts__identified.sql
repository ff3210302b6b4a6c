-- One row per account with its own id in Stripe, as far as anybody knows it.
-- An account that shares its environment, and whose id the settings do not tell, has the id that more than half
-- of the billing provider configurations of its customers name. Only customers whose Stripe id is in no other
-- account are asked, and no two accounts get the same id.
with

accounts as (
    select * from control.accounts
),

links as (
    select
        configurations.environment,
        configurations.metronome_customer_id,
        configurations.stripe_account_id,
        min(accounts.account) as account
    from staging.stg_metronome__billing_configurations as configurations
    inner join accounts on configurations.environment = accounts.environment
    inner join intermediate.int_stripe_customers__known as customers
        on
            accounts.account = customers.account
            and configurations.stripe_customer_id = customers.stripe_customer_id
    where
        configurations.stripe_account_id is not null
        and accounts.account <> accounts.unlinked_account
    group by
        configurations.environment,
        configurations.metronome_customer_id,
        configurations.stripe_account_id
    having min(accounts.account) = max(accounts.account)
),

votes as (
    select
        links.account,
        links.stripe_account_id,
        count(*) as votes_for_it
    from links
    group by links.account, links.stripe_account_id
),

counted as (
    select
        votes.*,
        sum(votes.votes_for_it) over (partition by votes.account) as all_votes
    from votes
),

known_ids as (
    select
        accounts.account,
        accounts.stripe_account_id
    from accounts
    where accounts.stripe_account_id is not null
    union all
    select
        counted.account,
        counted.stripe_account_id
    from counted
    inner join accounts on counted.account = accounts.account
    where
        accounts.stripe_account_id is null
        and counted.votes_for_it + counted.votes_for_it > counted.all_votes
),

single_ids as (
    select
        known_ids.stripe_account_id,
        min(known_ids.account) as account
    from known_ids
    group by known_ids.stripe_account_id
    having count(*) = 1
)

select
    accounts.account,
    accounts.environment,
    coalesce(accounts.stripe_account_id, single_ids.stripe_account_id)
        as stripe_account_id
from accounts
left join single_ids on accounts.account = single_ids.account
