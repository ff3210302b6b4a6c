"""What comes off an invoice line, and on top: coupons, tax, and money given back afterwards.

Credit grants are drawn in credits.py.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from parity_pipeline.sandbox.facts import Customer
from parity_pipeline.sandbox.stripe_side.amounts import minor_units, rounded
from parity_pipeline.sandbox.stripe_side.invoices import CreditNote, Invoice, InvoiceLine
from parity_pipeline.sandbox.stripe_side.names import item_discount_id

_REFUND = timedelta(days=1)
_NO_PERCENT = Decimal(0)


def discounted(line: InvoiceLine, customer: Customer) -> InvoiceLine:
    """The line with its discounts; the item's own comes first. Coupons are for usage products only."""
    if line.price is None or not line.price.metered:
        return line
    percent = customer.item_discounts.get(line.price.charge, _NO_PERCENT)
    if not percent and not customer.discount_percent:
        return line
    own = rounded(line.amount * percent / 100)
    whole = rounded((line.amount - own) * customer.discount_percent / 100)
    own_id = item_discount_id(customer, line.price.charge)
    return replace(line, discount=own + whole, item_discount=own, item_discount_id=own_id)


def taxed(line: InvoiceLine, invoice: Invoice) -> InvoiceLine:
    """The line with its tax, rounded by itself."""
    if not invoice.tax_percent:
        return line
    if invoice.tax_behavior == "inclusive":
        return replace(line, tax=_tax_inside(line.taxable, invoice.tax_percent))
    return replace(line, tax=rounded(line.taxable * invoice.tax_percent / 100))


def refund_of(invoice: Invoice, customer: Customer, now: datetime) -> CreditNote | None:
    """The credit note on the invoice that ends the period refunded, a day after it was final.

    No more is given back than was paid.
    """
    refund = customer.refund
    is_meant = (
        refund is not None
        and invoice.period_number == refund.period
        and invoice.reason in ("subscription_cycle", "subscription_update")
        and invoice.status == "paid"
    )
    if refund is None or not is_meant or invoice.finalizes_at is None:
        return None
    issued_at = invoice.finalizes_at + _REFUND
    amount = min(rounded(minor_units(refund.amount, invoice.currency)), invoice.amount_due)
    if issued_at > now or amount <= 0:
        return None
    tax = _tax_inside(amount, invoice.tax_percent)
    return CreditNote(f"cn_{invoice.invoice_id[3:]}", invoice, amount, tax, issued_at)


def _tax_inside(amount: int, percent: Decimal) -> int:
    return rounded(amount * percent / (100 + percent))
