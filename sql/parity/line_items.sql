-- One row per line of either side's invoices in scope, for periods of a customer whose total or quantity differs.
-- Shown where invoice_totals or line_item_quantities breaches, is waived, or is pending with a difference beyond the
-- allowance on both sides. A line's discounts, credit and inclusive taxes stand in rows of their own, so that all amounts
-- of a side add up to the row's value in invoice_totals.
-- side: stripe or metronome
-- line_kind: usage, flat_fee, subscription, discount, credit, tax, proration, conversion (custom pricing units into money) or custom_unit (usage priced in such units)
-- quantity: raw units of the meter; NULL where the line counts none
-- unit_amount: minor units of currency for one raw unit, where the line has one rate
-- amount: minor units of currency; what lowers the bill is negative
with

money_rows as (
    select * from intermediate.int_money__judged
    where check_name = 'invoice_totals'
),

differing as (
    select distinct
        judged.account,
        judged.customer_key,
        judged.period_start,
        judged.period_end
    from intermediate.int_check_rows__judged as judged
    where
        judged.check_name in ('invoice_totals', 'line_item_quantities')
        and (
            judged.status in ('breach', 'waived')
            or (
                judged.status = 'pending'
                and judged.presence = 'both'
                and not judged.is_inside_allowance
            )
        )
),

places as (
    select
        money_rows.account,
        money_rows.customer_key,
        money_rows.stripe_customer_id,
        money_rows.metronome_customer_id,
        money_rows.currency,
        money_rows.period_start,
        money_rows.period_end,
        periods.stripe_start,
        periods.stripe_end,
        periods.metronome_start,
        periods.metronome_end
    from money_rows
    inner join differing
        on
            money_rows.account = differing.account
            and money_rows.customer_key = differing.customer_key
            and money_rows.period_start = differing.period_start
            and money_rows.period_end = differing.period_end
    inner join intermediate.int_billing_periods__scoped as periods
        on
            money_rows.account = periods.account
            and money_rows.customer_key = periods.customer_key
            and money_rows.period_start = periods.period_start
            and money_rows.period_end = periods.period_end
            and periods.check_name = 'invoice_totals'
),

stripe_lines as (
    select
        places.*,
        lines.meter,
        lines.is_metered,
        lines.is_proration,
        lines.quantity,
        lines.net_minor_units,
        lines.credit_minor_units,
        lines.discount_minor_units,
        lines.net_minor_units
        + lines.credit_minor_units
        + lines.discount_minor_units as gross_minor_units,
        lines.stripe_price_id
    from places
    inner join intermediate.int_stripe_lines__periodised as lines
        on
            places.account = lines.account
            and places.customer_key = lines.stripe_customer_id
            and places.stripe_start = lines.period_start
            and places.stripe_end = lines.period_end
            and places.currency = lines.currency
),

stripe_parts as (
    select
        stripe_lines.*,
        case
            when stripe_lines.is_proration then 'proration'
            when not stripe_lines.is_metered then 'subscription'
            when stripe_lines.quantity = 0 and stripe_lines.gross_minor_units <> 0
                then 'flat_fee'
            else 'usage'
        end as line_kind,
        stripe_lines.quantity as raw_quantity,
        stripe_lines.gross_minor_units as amount
    from stripe_lines
    union all
    select
        stripe_lines.*,
        'discount' as line_kind,
        cast(null as decimal(38, 12)) as raw_quantity,
        -stripe_lines.discount_minor_units as amount
    from stripe_lines
    where stripe_lines.discount_minor_units <> 0
    union all
    select
        stripe_lines.*,
        'credit' as line_kind,
        cast(null as decimal(38, 12)) as raw_quantity,
        -stripe_lines.credit_minor_units as amount
    from stripe_lines
    where stripe_lines.credit_minor_units <> 0
),

unit_prices as (
    select
        tiers.account,
        tiers.stripe_price_id,
        tiers.unit_amount_minor_units
    from staging.stg_stripe__price_tiers as tiers
    where tiers.pricing_model = 'per_unit'
),

metronome_parts as (
    select
        places.*,
        lines.meter,
        products.product,
        lines.pricing_group_values,
        case
            when lines.is_applied_balance then 'credit'
            when lines.is_discount then 'discount'
            when lines.currency is null then 'custom_unit'
            when lines.line_type = 'cpu_conversion' then 'conversion'
            when lines.line_type = 'usage' then 'usage'
            when lines.meter is not null then 'flat_fee'
            else lines.line_type
        end as line_kind,
        case when lines.in_quantity then lines.raw_quantity end as raw_quantity,
        case when lines.in_net then lines.amount_minor_units else 0 end as amount
    from places
    inner join intermediate.int_metronome_lines__periodised as lines
        on
            places.account = lines.account
            and places.customer_key = lines.customer_key
            and places.metronome_start = lines.period_start
            and places.metronome_end = lines.period_end
            and (
                places.currency = lines.currency
                or (lines.currency is null and lines.in_quantity)
            )
    left join staging.stg_metronome__products as products
        on
            lines.account = products.account
            and lines.product_id = products.product_id
    where lines.in_net or (lines.currency is null and lines.in_quantity)
),

metronome_units as (
    select
        metronome_parts.*,
        cast(
            case
                when metronome_parts.line_kind <> 'usage' then null
                when coalesce(metronome_parts.raw_quantity, 0) = 0 then null
                else metronome_parts.amount / metronome_parts.raw_quantity
            end as decimal(38, 12)
        ) as unit_ratio
    from metronome_parts
)

select
    stripe_parts.account,
    stripe_parts.stripe_customer_id,
    stripe_parts.metronome_customer_id,
    stripe_parts.currency,
    stripe_parts.period_start,
    stripe_parts.period_end,
    'stripe' as side,
    stripe_parts.meter,
    cast(null as varchar) as product,
    cast(null as varchar) as pricing_group_values,
    stripe_parts.line_kind,
    stripe_parts.raw_quantity as quantity,
    case
        when stripe_parts.line_kind = 'usage'
            then cast(unit_prices.unit_amount_minor_units as decimal(38, 12))
    end as unit_amount,
    cast(stripe_parts.amount as decimal(38, 12)) as amount
from stripe_parts
left join unit_prices
    on
        stripe_parts.account = unit_prices.account
        and stripe_parts.stripe_price_id = unit_prices.stripe_price_id
union all
select
    metronome_units.account,
    metronome_units.stripe_customer_id,
    metronome_units.metronome_customer_id,
    metronome_units.currency,
    metronome_units.period_start,
    metronome_units.period_end,
    'metronome' as side,
    metronome_units.meter,
    metronome_units.product,
    metronome_units.pricing_group_values,
    metronome_units.line_kind,
    metronome_units.raw_quantity as quantity,
    metronome_units.unit_ratio as unit_amount,
    cast(metronome_units.amount as decimal(38, 12)) as amount
from metronome_units
