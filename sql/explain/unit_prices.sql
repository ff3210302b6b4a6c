-- One row per customer, currency and charge that Stripe has billed: what a unit costs there, on average over the periods that are explained.
-- unit_price_ratio: minor units of currency, after discounts and before credit
select
    money_rows.account,
    money_rows.customer_key,
    money_rows.currency,
    money_rows.minor_units_per_unit,
    charges.charge_meter,
    charges.charge_group,
    cast(
        sum(charges.stripe_charged) / sum(charges.stripe_quantity) as decimal(24, 12)
    ) as unit_price_ratio
from explain.charges as charges
inner join explain.money_rows as money_rows
    on charges.money_row = money_rows.money_row
where charges.charge_meter <> '' and charges.has_stripe
group by
    money_rows.account,
    money_rows.customer_key,
    money_rows.currency,
    money_rows.minor_units_per_unit,
    charges.charge_meter,
    charges.charge_group
having sum(charges.stripe_quantity) > 0
