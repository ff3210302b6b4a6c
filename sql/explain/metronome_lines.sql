-- One row per line of Metronome's invoices that belongs to a money row, with what it is to the total.
-- line_kind: usage, fee (a charge of a linked product that is no usage), fixed_charge, discount, credit,
-- conversion (custom pricing units into money) or custom_unit (usage that is priced in such units)
-- billed_quantity: as the line has it, before its conversion is undone
-- beside_unit_price: what a usage line costs beyond its own quantity times its own unit price, minor units
-- charge_meter, charge_group: what is billed together with Stripe's prices; without a meter each product stands alone
select
    money_rows.money_row,
    money_rows.account,
    coalesce(lines.meter, '') as charge_meter,
    case
        when lines.meter is null then 'product ' || coalesce(lines.product_id, '')
        else coalesce(charge_groups.charge_group, '')
    end as charge_group,
    case
        when lines.is_applied_balance then 'credit'
        when lines.is_discount then 'discount'
        when lines.currency is null then 'custom_unit'
        when lines.line_type = 'cpu_conversion' then 'conversion'
        when lines.line_type = 'usage' then 'usage'
        when lines.meter is not null then 'fee'
        else 'fixed_charge'
    end as line_kind,
    lines.contract_id,
    lines.product_id,
    lines.pricing_group_values,
    lines.line_type,
    lines.effective_at,
    coalesce(lines.ends_at, lines.period_end_at) as ends_at,
    case when lines.in_quantity then lines.raw_quantity end as quantity,
    lines.billed_quantity,
    case when lines.currency is null then lines.amount_in_credit_type end
        as custom_units,
    case
        when lines.in_net then lines.amount_minor_units
        else 0
    end as amount_minor_units,
    case
        when not lines.in_net or lines.line_type <> 'usage' or lines.is_applied_balance
            then 0
        else
            coalesce(
                lines.amount_minor_units
                - cast(
                    cast(lines.billed_quantity as decimal(28, 6))
                    * lines.unit_price_in_credit_type as decimal(38, 12)
                )
                * case
                    when lines.amount_minor_units = lines.amount_in_credit_type then 1
                    else cast(money_rows.minor_units_per_unit as decimal(6, 0))
                end,
                0
            )
    end as beside_unit_price
from explain.money_rows as money_rows
inner join intermediate.int_metronome_lines__periodised as lines
    on
        money_rows.account = lines.account
        and money_rows.customer_key = lines.customer_key
        and money_rows.metronome_start = lines.period_start
        and money_rows.metronome_end = lines.period_end
        and (
            money_rows.currency = lines.currency
            or (lines.currency is null and lines.in_quantity)
        )
left join explain.charge_groups as charge_groups
    on
        lines.account = charge_groups.account
        and lines.product_id = charge_groups.member
where lines.in_net or (lines.currency is null and lines.in_quantity)
