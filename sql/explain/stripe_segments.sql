-- One row per money row, charge (meter and group of linked prices) and price of a subscription item in it.
-- A price that changes in mid-period makes two segments, each with its own stretch of time. Invoices that bill one
-- period in parts are one segment: tiers run on over them.
-- charge_meter, charge_group: what is billed together; without a meter each price stands alone
-- charged_minor_units: after discounts and inclusive taxes, before credit
-- list_minor_units: the same before discounts
with

lines as (
    select
        money_rows.money_row,
        coalesce(lines.meter, '') as charge_meter,
        case
            when lines.meter is null then 'price ' || lines.stripe_price_id
            else coalesce(charge_groups.charge_group, '')
        end as charge_group,
        lines.is_metered,
        coalesce(lines.stripe_price_id, '') as stripe_price_id,
        coalesce(lines.subscription_item_id, '') as subscription_item_id,
        lines.period_start_at,
        lines.period_end_at,
        case when lines.is_proration then 0 else lines.quantity end as quantity,
        lines.net_minor_units + lines.credit_minor_units as charged_minor_units,
        lines.discount_minor_units,
        lines.credit_minor_units,
        money_rows.account
    from explain.money_rows as money_rows
    inner join intermediate.int_stripe_lines__periodised as lines
        on
            money_rows.account = lines.account
            and money_rows.customer_key = lines.stripe_customer_id
            and money_rows.stripe_start = lines.period_start
            and money_rows.stripe_end = lines.period_end
            and money_rows.currency = lines.currency
    left join explain.charge_groups as charge_groups
        on
            lines.account = charge_groups.account
            and lines.stripe_price_id = charge_groups.member
)

select
    lines.money_row,
    lines.account,
    lines.charge_meter,
    lines.charge_group,
    lines.is_metered,
    lines.stripe_price_id,
    lines.subscription_item_id,
    min(lines.period_start_at) as starts_at,
    max(lines.period_end_at) as ends_at,
    cast(coalesce(sum(lines.quantity), 0) as decimal(38, 12)) as quantity,
    cast(sum(lines.charged_minor_units) as decimal(38, 12)) as charged_minor_units,
    cast(
        sum(lines.charged_minor_units + lines.discount_minor_units) as decimal(38, 12)
    ) as list_minor_units,
    cast(sum(lines.credit_minor_units) as decimal(38, 12)) as credit_minor_units,
    count(*) filter (where lines.charged_minor_units <> 0) as non_zero_lines
from lines
group by
    lines.money_row,
    lines.account,
    lines.charge_meter,
    lines.charge_group,
    lines.is_metered,
    lines.stripe_price_id,
    lines.subscription_item_id
