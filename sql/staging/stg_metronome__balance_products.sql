-- One row per product that a Metronome commit or credit is limited to.
select
    coalesce(moved.account, balances.account) as account,
    balances.id as balance_id,
    unnest(balances.applicable_product_ids) as product_id
from raw_metronome.balances as balances
left join intermediate.int_metronome_customers__moved as moved
    on
        balances.account = moved.environment
        and balances.customer_id = moved.metronome_customer_id
