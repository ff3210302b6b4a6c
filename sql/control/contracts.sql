-- One row per Metronome contract, archived or not.
-- contract_id: Metronome's contract id
-- rate_card: name of its rate card; NULL when it has none or the card is not listed
-- rate_card_id: id of its rate card; NULL when it has none
-- starts_at: first UTC instant on which it is in force
-- ends_at: UTC instant on which it ends, exclusive; NULL for an open end
-- is_archived: whether it was archived, which takes it out of force
with

accounts as (
    select * from control.accounts
)

select
    contracts.account,
    contracts.metronome_customer_id,
    contracts.contract_id,
    min(rate_cards.name) as rate_card,
    contracts.rate_card_id,
    contracts.starts_at,
    contracts.ends_at,
    contracts.is_archived
from staging.stg_metronome__contracts as contracts
left join accounts
    on contracts.account in (accounts.account, accounts.unlinked_account)
left join raw_metronome.rate_cards as rate_cards
    on
        accounts.environment = rate_cards.account
        and contracts.rate_card_id = rate_cards.id
group by
    contracts.account,
    contracts.metronome_customer_id,
    contracts.contract_id,
    contracts.rate_card_id,
    contracts.starts_at,
    contracts.ends_at,
    contracts.is_archived
