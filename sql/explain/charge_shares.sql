-- One row per money row, charge and cause of its quantity: the causes of the meter's quantity, for this charge alone.
-- What differs in usage differs in each charge of the meter; what has no rate lacks it in its own charge only.
-- share: what the cause adds to the quantity of this charge, raw units
-- evidence: the cause in a sentence, with the numbers it rests on
with

parts as (
    select
        charges.money_row,
        charges.charge_meter,
        charges.charge_group,
        divided.cause,
        divided.evidence,
        case
            when charges.charge_group = '' or divided.charge_group <> ''
                then divided.part
            else divided.part / quantities.times_billed
        end as part_ratio
    from explain.charges as charges
    inner join explain.money_rows as money_rows
        on charges.money_row = money_rows.money_row
    inner join explain.quantity_rows as quantities
        on
            money_rows.account = quantities.account
            and money_rows.customer_key = quantities.customer_key
            and money_rows.period_start = quantities.period_start
            and money_rows.period_end = quantities.period_end
            and charges.charge_meter = quantities.meter
    inner join explain.quantity_divided as divided
        on
            quantities.account = divided.account
            and quantities.customer_key = divided.customer_key
            and quantities.meter = divided.meter
            and quantities.period_start = divided.period_start
            and (
                charges.charge_group = ''
                or divided.charge_group in ('', charges.charge_group)
            )
    where quantities.variance <> 0
)

select
    parts.money_row,
    parts.charge_meter,
    parts.charge_group,
    parts.cause,
    cast(sum(parts.part_ratio) as decimal(38, 12)) as share,
    min_by(parts.evidence, greatest_first(parts.part_ratio, parts.evidence)) as evidence
from parts
group by parts.money_row, parts.charge_meter, parts.charge_group, parts.cause
having sum(parts.part_ratio) <> 0
