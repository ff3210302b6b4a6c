-- One row per product that a Metronome commit or credit is limited to.
select
    coalesce(assigned.account, balances.account) as account,
    balances.id as balance_id,
    unnest(balances.applicable_product_ids) as product_id
from raw_metronome.balances as balances
left join intermediate.int_metronome_customers__assigned as assigned
    on
        balances.account = assigned.environment
        and balances.customer_id = assigned.metronome_customer_id
