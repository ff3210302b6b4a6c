-- One row per Metronome customer whose billing provider configuration names the id of a Stripe account.
-- account: the account of the run that has this id; NULL when none is known to have it, or when two are named
select
    configurations.environment,
    configurations.metronome_customer_id,
    case
        when min(accounts.account) = max(accounts.account) then min(accounts.account)
    end as account
from staging.stg_metronome__billing_configurations as configurations
left join intermediate.int_accounts__identified as accounts
    on
        configurations.environment = accounts.environment
        and configurations.stripe_account_id = accounts.stripe_account_id
where configurations.stripe_account_id is not null
group by configurations.environment, configurations.metronome_customer_id
