-- One row per Metronome line on a usage invoice, with its billing period and whether it is in scope.
-- in_net: whether the line belongs to the net usage charges
-- in_quantity: whether its quantity is usage of the meter named beside it
-- period_start, period_end: the billing period that the invoice is part of; NULL for a scheduled invoice
-- excluded_as: why it is left out of the net charges, if it is
-- A usage charge of a product that prices.csv passes over is left out and named. Any other usage charge
-- counts, also one that no meter explains: Metronome would bill it.
with

scope as (
    select run.scope from control.run as run
),

lines as (
    select * from intermediate.int_metronome_lines__measured
),

linked_products as (
    select * from intermediate.int_products__linked
),

products_of_lines as (
    select distinct
        line_items.account,
        line_items.product_id,
        line_items.pricing_group_values
    from staging.stg_metronome__line_items as line_items
),

-- A product may serve several meters by group value; a line belongs to the one whose values it has.
meters_of_lines as (
    select
        products.account,
        products.product_id,
        products.pricing_group_values,
        linked_products.meter
    from products_of_lines as products
    inner join linked_products
        on
            products.account = linked_products.account
            and products.product_id = linked_products.product_id
            and (
                linked_products.pricing_group_values = '{}'
                or strpos(
                    products.pricing_group_values,
                    substr(
                        linked_products.pricing_group_values,
                        2,
                        length(linked_products.pricing_group_values) - 2
                    )
                ) > 0
            )
),

line_meters as (
    select
        meters_of_lines.account,
        meters_of_lines.product_id,
        meters_of_lines.pricing_group_values,
        min(meters_of_lines.meter) as meter
    from meters_of_lines
    group by
        meters_of_lines.account,
        meters_of_lines.product_id,
        meters_of_lines.pricing_group_values
),

linked_ids as (
    select distinct
        linked_products.account,
        linked_products.product_id
    from linked_products
),

classified as (
    select
        lines.*,
        line_meters.meter,
        linked_ids.account is not null as is_linked_product,
        unlinked.account is not null as is_passed_over,
        scope.scope = 'all' as is_everything_in_scope
    from lines
    cross join scope
    left join line_meters
        on
            lines.account = line_meters.account
            and lines.product_id = line_meters.product_id
            and lines.pricing_group_values = line_meters.pricing_group_values
    left join linked_ids
        on
            lines.account = linked_ids.account
            and lines.product_id = linked_ids.product_id
    left join intermediate.int_products__unlinked as unlinked
        on
            lines.account = unlinked.account
            and lines.product_id = unlinked.product_id
    where
        lines.invoice_type = 'USAGE'
        or (scope.scope = 'all' and lines.invoice_type = 'SCHEDULED')
),

-- Read from all lines, so that those in scope pass through once: an invoice is in scope as a whole.
fixed_charges as (
    select distinct
        line_items.account,
        line_items.invoice_id,
        line_items.product_id
    from staging.stg_metronome__line_items as line_items
    left join linked_ids
        on
            line_items.account = linked_ids.account
            and line_items.product_id = linked_ids.product_id
    where
        not line_items.is_applied_balance
        and linked_ids.account is null
        and not line_items.is_discount
        and line_items.line_type not in ('usage', 'cpu_conversion')
),

-- Credit follows what it was spent on: only where that is a fixed charge does it leave with it.
judged as (
    select
        classified.*,
        case
            when classified.currency is null then 'custom_pricing_unit'
            when classified.is_postpaid then 'postpaid_drawdown'
            when classified.is_passed_over then 'product_without_linked_price'
            when classified.line_type = 'commit_purchase' then 'commit_purchase'
            when classified.is_everything_in_scope then null
            when classified.is_linked_product then null
            when classified.is_discount then null
            when classified.line_type in ('usage', 'cpu_conversion') then null
            when not classified.is_applied_balance then 'fixed_charge'
            when fixed_charges.account is not null then 'credit_on_fixed_charge'
        end as excluded_as
    from classified
    left join fixed_charges
        on
            classified.account = fixed_charges.account
            and classified.invoice_id = fixed_charges.invoice_id
            and classified.product_id = fixed_charges.product_id
)

select
    judged.account,
    judged.metronome_customer_id,
    judged.customer_key,
    judged.contract_id,
    judged.product_id,
    judged.meter,
    judged.line_type,
    judged.pricing_group_values,
    judged.currency,
    judged.is_applied_balance,
    judged.is_postpaid,
    judged.is_discount,
    judged.excluded_as,
    judged.excluded_as is null as in_net,
    coalesce(
        judged.line_type = 'usage'
        and judged.meter is not null
        and judged.billed_quantity is not null,
        false
    ) as in_quantity,
    judged.billed_quantity,
    judged.raw_quantity,
    judged.raw_rounding_step,
    judged.rounding_method,
    judged.unit_price_in_credit_type,
    judged.amount_in_credit_type,
    judged.amount_minor_units,
    judged.effective_at,
    judged.ends_at,
    coalesce(judged.invoice_start_at, judged.effective_at) as period_start_at,
    coalesce(judged.invoice_end_at, judged.effective_at) as period_end_at,
    judged.period_start,
    judged.period_end
from judged
