-- One row per account of the tables and the Metronome environment whose catalogue it has.
-- Metronome customers of no account stand under an account of their own where several share the environment.
select
    accounts.account,
    accounts.environment
from control.accounts as accounts
union
select
    accounts.unlinked_account as account,
    accounts.environment
from control.accounts as accounts
