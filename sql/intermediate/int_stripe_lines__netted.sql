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

-- Only invoices with a line where the two readings differ need their sums. They are read from the staged lines, so
-- that those above pass through once.
doubtful_invoices as (
    select distinct
        staged.account,
        staged.invoice_id
    from staging.stg_stripe__invoice_lines as staged
    where
        staged.subtotal_minor_units
        <> staged.amount_minor_units - staged.inclusive_tax_minor_units
),

invoice_sums as (
    select
        staged.account,
        staged.invoice_id,
        sum(
            staged.amount_minor_units
            - staged.discount_minor_units
            - staged.credit_minor_units
            - staged.inclusive_tax_minor_units
        ) as net_of_taxed_discounts,
        sum(
            coalesce(
                staged.subtotal_minor_units,
                staged.amount_minor_units - staged.inclusive_tax_minor_units
            )
            - staged.discount_minor_units
            - staged.credit_minor_units
        ) as net_of_untaxed_discounts
    from staging.stg_stripe__invoice_lines as staged
    inner join doubtful_invoices
        on
            staged.account = doubtful_invoices.account
            and staged.invoice_id = doubtful_invoices.invoice_id
    group by staged.account, staged.invoice_id
)

select
    lines.account,
    lines.invoice_id,
    lines.stripe_customer_id,
    lines.billed_subscription_id as subscription_id,
    lines.subscription_item_id,
    lines.stripe_price_id,
    meters.meter,
    lines.currency,
    lines.billing_reason,
    lines.is_final,
    lines.is_metered,
    lines.is_subscription_line,
    lines.is_proration,
    lines.is_price_known,
    lines.has_metronome_marks,
    lines.quantity,
    lines.amount_minor_units,
    lines.discount_minor_units,
    lines.credit_minor_units,
    cast(
        case
            when
                invoice_sums.net_of_taxed_discounts
                <> lines.total_excluding_tax_minor_units
                and invoice_sums.net_of_untaxed_discounts
                = lines.total_excluding_tax_minor_units
                then lines.net_of_untaxed_discounts
            else lines.net_of_taxed_discounts
        end as decimal(38, 12)
    ) as net_minor_units,
    lines.period_start_at,
    lines.period_end_at
from lines
left join invoice_sums
    on
        lines.account = invoice_sums.account
        and lines.invoice_id = invoice_sums.invoice_id
left join staging.stg_stripe__meters as meters
    on lines.account = meters.account and lines.meter_id = meters.meter_id
