-- One row per line of a native Stripe invoice that is not void, with its net amount before tax.
-- The net amount is the line's amount less discounts, credits and inclusive taxes. Where taxes are
-- inclusive, the vendor does not say whether discounts hold a share of the tax; the reading whose
-- sum equals the invoice's own total_excluding_tax is taken.
with

invoices as (
    select * from intermediate.int_stripe_invoices__classified
),

lines as (
    select
        invoice_lines.*,
        invoices.stripe_customer_id,
        invoices.is_final,
        invoices.billing_reason,
        invoices.total_excluding_tax_minor_units,
        coalesce(invoice_lines.subscription_id, invoices.subscription_id)
            as billed_subscription_id,
        prices.meter_id,
        prices.stripe_price_id is not null as is_price_known,
        coalesce(prices.is_metered, false) and invoice_lines.is_subscription_line
            as is_metered,
        invoice_lines.amount_minor_units
        - invoice_lines.discount_minor_units
        - invoice_lines.credit_minor_units
        - invoice_lines.inclusive_tax_minor_units as net_of_taxed_discounts,
        coalesce(
            invoice_lines.subtotal_minor_units,
            invoice_lines.amount_minor_units - invoice_lines.inclusive_tax_minor_units
        )
        - invoice_lines.discount_minor_units
        - invoice_lines.credit_minor_units as net_of_untaxed_discounts
    from staging.stg_stripe__invoice_lines as invoice_lines
    inner join invoices
        on
            invoice_lines.account = invoices.account
            and invoice_lines.invoice_id = invoices.invoice_id
    left join staging.stg_stripe__prices as prices
        on
            invoice_lines.account = prices.account
            and invoice_lines.stripe_price_id = prices.stripe_price_id
    where invoices.origin = 'native' and not invoices.is_void
),

summed as (
    select
        lines.*,
        sum(lines.net_of_taxed_discounts) over (
            partition by lines.account, lines.invoice_id
        ) as invoice_net_of_taxed_discounts,
        sum(lines.net_of_untaxed_discounts) over (
            partition by lines.account, lines.invoice_id
        ) as invoice_net_of_untaxed_discounts
    from lines
)

select
    summed.account,
    summed.line_id,
    summed.invoice_id,
    summed.stripe_customer_id,
    summed.billed_subscription_id as subscription_id,
    summed.subscription_item_id,
    summed.stripe_price_id,
    meters.meter,
    summed.currency,
    summed.billing_reason,
    summed.is_final,
    summed.is_metered,
    summed.is_subscription_line,
    summed.is_proration,
    summed.is_price_known,
    summed.has_metronome_marks,
    summed.quantity,
    summed.amount_minor_units,
    summed.credit_minor_units,
    cast(
        case
            when
                summed.invoice_net_of_taxed_discounts
                <> summed.total_excluding_tax_minor_units
                and summed.invoice_net_of_untaxed_discounts
                = summed.total_excluding_tax_minor_units
                then summed.net_of_untaxed_discounts
            else summed.net_of_taxed_discounts
        end as decimal(38, 12)
    ) as net_minor_units,
    summed.period_start_at,
    summed.period_end_at
from summed
left join staging.stg_stripe__meters as meters
    on summed.account = meters.account and summed.meter_id = meters.meter_id
