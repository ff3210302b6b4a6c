-- One row per money row and Stripe credit grant that was open at the end of its period, when Stripe applies credit.
-- end_rank: which ends first
select
    money_rows.money_row,
    grants.*,
    row_number() over (
        partition by money_rows.money_row
        order by
            coalesce(grants.ends_at, timestamp '9999-12-31 00:00:00'),
            grants.starts_at,
            grants.amount_minor_units
    ) as end_rank
from explain.money_rows as money_rows
inner join staging.stg_stripe__credit_grants as grants
    on
        money_rows.account = grants.account
        and money_rows.stripe_customer_id = grants.stripe_customer_id
        and money_rows.currency = grants.currency
        and money_rows.stripe_end >= grants.starts_at
        and coalesce(money_rows.stripe_end < grants.ends_at, true)
