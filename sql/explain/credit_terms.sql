-- One row per money row of a customer with credit on either side: what could be drawn in it, and on what terms.
-- A grant or balance counts that is open at the end of the period: Stripe applies at the end, Metronome all along.
-- stripe_available, metronome_available: what the open ones held when Metronome's began, minor units
-- stripe_left: what Stripe's open grants still hold after the row's invoices
-- is_part_missing: Metronome's balances are fewer, and each is a Stripe grant
-- is_other_unit: whether one holds as many times the other as the currency has minor units
-- is_other_scope: whether some charge could draw on one side only, or on other amounts
-- is_other_order: whether several open ones come in another order, told apart by amount and by which of them ends first
with

money_rows as (
    select * from explain.money_rows
),

balances as (
    select * from explain.credit_balances
),

open_balances as (
    select * from balances
    where is_open or rolled_over_minor_units <> 0
),

first_starts as (
    select
        balances.money_row,
        min(balances.starts_at) as starts_at
    from balances
    group by balances.money_row
),

open_grants as (
    select * from explain.credit_grants
),

used_before as (
    select
        open_grants.money_row,
        open_grants.credit_grant_id,
        sum(applications.amount_minor_units) as amount
    from open_grants
    inner join first_starts on open_grants.money_row = first_starts.money_row
    inner join staging.stg_stripe__credit_applications as applications
        on
            open_grants.account = applications.account
            and open_grants.credit_grant_id = applications.credit_grant_id
            and first_starts.starts_at > applications.effective_at
    group by open_grants.money_row, open_grants.credit_grant_id
),

finals as (
    select
        money_rows.money_row,
        max(coalesce(invoices.finalized_at, invoices.created_at)) as final_at
    from money_rows
    inner join intermediate.int_stripe_lines__periodised as lines
        on
            money_rows.account = lines.account
            and money_rows.customer_key = lines.stripe_customer_id
            and money_rows.stripe_start = lines.period_start
            and money_rows.stripe_end = lines.period_end
    inner join staging.stg_stripe__invoices as invoices
        on
            lines.account = invoices.account
            and lines.invoice_id = invoices.invoice_id
    group by money_rows.money_row
),

used_until as (
    select
        open_grants.money_row,
        open_grants.credit_grant_id,
        sum(applications.amount_minor_units) as amount
    from open_grants
    inner join finals on open_grants.money_row = finals.money_row
    inner join staging.stg_stripe__credit_applications as applications
        on
            open_grants.account = applications.account
            and open_grants.credit_grant_id = applications.credit_grant_id
            and finals.final_at >= applications.effective_at
    group by open_grants.money_row, open_grants.credit_grant_id
),

grant_sums as (
    select
        open_grants.money_row,
        count(*) as grants,
        sum(open_grants.amount_minor_units - coalesce(used_before.amount, 0))
            as available,
        sum(open_grants.amount_minor_units - coalesce(used_until.amount, 0))
            as left_over,
        bool_or(open_grants.is_for_every_meter) as is_for_every_meter,
        string_agg(
            money_text(
                cast(open_grants.amount_minor_units as decimal(38, 0)),
                open_grants.currency
            )
            || ' (end '
            || cast(open_grants.end_rank as varchar)
            || ')',
            ', '
            order by
                open_grants.priority asc,
                coalesce(open_grants.ends_at, timestamp '9999-12-31 00:00:00'),
                open_grants.category desc,
                open_grants.starts_at asc,
                open_grants.amount_minor_units asc
        ) as amounts_in_order
    from open_grants
    left join used_before
        on
            open_grants.money_row = used_before.money_row
            and open_grants.credit_grant_id = used_before.credit_grant_id
    left join used_until
        on
            open_grants.money_row = used_until.money_row
            and open_grants.credit_grant_id = used_until.credit_grant_id
    group by open_grants.money_row
),

balance_sums as (
    select
        open_balances.money_row,
        count(*) filter (where open_balances.is_open) as balances,
        sum(open_balances.available) as available,
        string_agg(
            money_text(
                cast(open_balances.amount_minor_units as decimal(38, 0)),
                open_balances.currency
            )
            || ' (end '
            || cast(open_balances.end_rank as varchar)
            || ')',
            ', '
            order by
                open_balances.priority,
                open_balances.balance_type,
                open_balances.products,
                coalesce(open_balances.ends_at, timestamp '9999-12-31 00:00:00'),
                open_balances.starts_at,
                open_balances.amount_minor_units
        ) filter (where open_balances.is_open) as amounts_in_order
    from open_balances
    group by open_balances.money_row
),

strangers as (
    select distinct open_balances.money_row
    from open_balances
    left join open_grants
        on
            open_balances.money_row = open_grants.money_row
            and open_balances.amount_minor_units = open_grants.amount_minor_units
    where open_balances.is_open and open_grants.money_row is null
)

select
    money_rows.money_row,
    coalesce(grant_sums.grants, 0) as grants,
    coalesce(balance_sums.balances, 0) as balances,
    first_starts.money_row is not null as has_any_balance,
    cast(coalesce(grant_sums.available, 0) as decimal(38, 12)) as stripe_available,
    cast(coalesce(balance_sums.available, 0) as decimal(38, 12))
        as metronome_available,
    cast(coalesce(grant_sums.left_over, 0) as decimal(38, 12)) as stripe_left,
    grant_sums.is_for_every_meter,
    cast(coalesce(scopes.stripe_charged, 0) as decimal(38, 12))
        as stripe_charged_in_scope,
    cast(coalesce(scopes.metronome_charged, 0) as decimal(38, 12))
        as metronome_charged_in_scope,
    coalesce(balance_sums.balances < grant_sums.grants, false)
    and strangers.money_row is null as is_part_missing,
    money_rows.minor_units_per_unit > 1
    and grant_sums.available > 0
    and balance_sums.available > 0
    and greatest(grant_sums.available, balance_sums.available)
    = least(grant_sums.available, balance_sums.available)
    * cast(money_rows.minor_units_per_unit as decimal(6, 0)) as is_other_unit,
    scopes.scope_differences,
    scopes.scope_differences is not null as is_other_scope,
    coalesce(
        grant_sums.grants > 1
        and balance_sums.amounts_in_order <> grant_sums.amounts_in_order,
        false
    ) as is_other_order,
    grant_sums.amounts_in_order as stripe_order,
    balance_sums.amounts_in_order as metronome_order
from money_rows
left join grant_sums on money_rows.money_row = grant_sums.money_row
left join balance_sums on money_rows.money_row = balance_sums.money_row
left join first_starts on money_rows.money_row = first_starts.money_row
left join strangers on money_rows.money_row = strangers.money_row
left join explain.credit_scopes as scopes
    on money_rows.money_row = scopes.money_row
