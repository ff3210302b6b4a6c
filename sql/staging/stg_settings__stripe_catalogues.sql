-- One row per account of the tables and Stripe account whose meters and prices it has.
-- The account for Metronome customers of no account has those of all accounts that share the environment.
select
    accounts.account,
    accounts.account as stripe_account
from control.accounts as accounts
union
select
    accounts.unlinked_account as account,
    accounts.account as stripe_account
from control.accounts as accounts
