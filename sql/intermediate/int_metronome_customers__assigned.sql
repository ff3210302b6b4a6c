-- One row per Metronome customer with the account it belongs to.
-- The account under which customers.csv names it, else the one whose id its billing provider configuration
-- names, else the one in which its link is found, by the first source that finds any. A customer that has no
-- such account, or could have several, stands once under the account that is for those of none: `unassigned`,
-- or the only account that the environment is compared with.
with

claims as (
    select * from intermediate.int_customer_links__claimed
),

candidates as (
    select
        claims.environment,
        claims.metronome_customer_id,
        claims.account,
        case
            when claims.precedence = 1 then 1 else claims.precedence + 1
        end as preference
    from claims
    union
    select
        configured.environment,
        configured.metronome_customer_id,
        configured.account,
        2 as preference
    from intermediate.int_metronome_customers__configured as configured
    where configured.account is not null
),

ranked as (
    select
        candidates.*,
        min(candidates.preference) over (
            partition by candidates.environment, candidates.metronome_customer_id
        ) as best_preference
    from candidates
),

chosen as (
    select
        ranked.environment,
        ranked.metronome_customer_id,
        min(ranked.account) as account
    from ranked
    where ranked.preference = ranked.best_preference
    group by ranked.environment, ranked.metronome_customer_id
    having min(ranked.account) = max(ranked.account)
),

unlinked as (
    select distinct
        accounts.environment,
        accounts.unlinked_account
    from control.accounts as accounts
)

select
    customers.environment,
    customers.metronome_customer_id,
    coalesce(chosen.account, unlinked.unlinked_account) as account
from staging.stg_metronome__customers as customers
inner join unlinked on customers.environment = unlinked.environment
left join chosen
    on
        customers.environment = chosen.environment
        and customers.metronome_customer_id = chosen.metronome_customer_id
