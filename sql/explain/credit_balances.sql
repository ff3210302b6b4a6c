-- One row per money row and Metronome balance that had begun by the end of its period.
-- is_open: whether it could be drawn until the period's end; Metronome draws all along
-- available: what it held at its start; what rolled over counts in the balance that it went into, what expired nowhere
-- end_rank: which ends first, among those alike in is_open
with

money_rows as (
    select * from explain.money_rows
),

balances as (
    select
        money_rows.money_row,
        balances.*,
        coalesce(
            balances.ends_at >= money_rows.metronome_end - interval 1 hour, true
        ) as is_open
    from money_rows
    inner join intermediate.int_metronome_customers__keyed as customers
        on
            money_rows.account = customers.account
            and money_rows.customer_key = customers.customer_key
    inner join staging.stg_metronome__balances as balances
        on
            customers.account = balances.account
            and customers.metronome_customer_id = balances.metronome_customer_id
            and money_rows.currency = balances.currency
            and money_rows.metronome_end > balances.starts_at
)

select
    balances.*,
    case
        when balances.is_open then balances.amount_minor_units
        else
            balances.amount_minor_units
            - balances.rolled_over_minor_units
            - balances.expired_minor_units
    end as available,
    row_number() over (
        partition by balances.money_row, balances.is_open
        order by
            coalesce(balances.ends_at, timestamp '9999-12-31 00:00:00'),
            balances.starts_at,
            balances.amount_minor_units
    ) as end_rank
from balances
