"""Invoices and their lines as Stripe's API writes them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from parity_pipeline.sandbox.facts import Customer
from parity_pipeline.sandbox.readings import StripeReadings
from parity_pipeline.sandbox.stripe_side.amounts import decimal_text, unix
from parity_pipeline.sandbox.stripe_side.invoices import Invoice, InvoiceLine, sum_discounts
from parity_pipeline.sandbox.stripe_side.shelf import Json

EMBEDDED = 10
"""How many objects an embedded list shows."""


def list_json(url: str, items: list[Json], *, has_more: bool = False) -> Json:
    """A list object."""
    return {"object": "list", "data": items, "has_more": has_more, "url": url}


def tax_rates_json(customer: Customer) -> list[Json]:
    """The tax rate on a customer's subscription, if any."""
    if not customer.tax_percent:
        return []
    return [
        {
            "id": _tax_rate_id(customer.tax_percent, inclusive=customer.tax_inclusive),
            "object": "tax_rate",
            "active": True,
            "created": unix(customer.started_at),
            "display_name": "VAT",
            "inclusive": customer.tax_inclusive,
            "livemode": False,
            "percentage": float(customer.tax_percent),  # as Stripe sends it
        }
    ]


def line_json(line: InvoiceLine, invoice: Invoice, readings: StripeReadings) -> Json:
    """One line item."""
    inside = line.tax if invoice.tax_behavior == "inclusive" else 0
    return {
        "id": line.line_id,
        "object": "line_item",
        "amount": line.amount,
        "currency": invoice.currency,
        "description": line.description,
        "discount_amounts": _discounts([line], invoice),
        "discountable": line.proration is None,
        "discounts": [line.item_discount_id] if line.item_discount_id else [],
        "invoice": invoice.invoice_id,
        "livemode": False,
        "metadata": {},
        "parent": _line_parent(line, invoice),
        "period": {"start": unix(line.start), "end": unix(line.end)},
        "pretax_credit_amounts": _pretax([line], invoice, readings),
        "pricing": _pricing(line),
        "quantity": int(line.quantity),
        "quantity_decimal": decimal_text(line.quantity),
        "subscription": invoice.subscription,
        "subtotal": line.amount - inside,
        "taxes": tax_json(line.tax, line.taxable - inside, invoice),
    }


def invoice_json(customers: Mapping[str, Customer], invoice: Invoice, *, readings: StripeReadings) -> Json:
    """One invoice with its first lines embedded; `customers` are by Stripe's id."""
    customer = customers[invoice.customer]
    inside = invoice.tax if invoice.tax_behavior == "inclusive" else 0
    taxable = sum(line.taxable for line in invoice.lines if line.tax) - inside
    is_draft = invoice.status == "draft"
    original = invoice.revision_of
    return {
        "id": invoice.invoice_id,
        "object": "invoice",
        "billing_reason": invoice.reason,
        "created": unix(invoice.created_at),
        "currency": invoice.currency,
        "customer": invoice.customer,
        "customer_account": None,
        "customer_email": f"billing@{customer.key}.example",
        "customer_name": customer.name,
        "default_tax_rates": tax_rates_json(customer) if invoice.subscription else [],
        "discounts": [invoice.discount_id] if invoice.discount_id else [],
        "from_invoice": {"action": "revision", "invoice": original} if original else None,
        "latest_revision": invoice.latest_revision,
        "lines": list_json(
            f"/v1/invoices/{invoice.invoice_id}/lines",
            [line_json(line, invoice, readings) for line in invoice.lines[:EMBEDDED]],
            has_more=len(invoice.lines) > EMBEDDED,
        ),
        "livemode": False,
        "metadata": dict(invoice.metadata),
        "number": None if is_draft else invoice.invoice_id[3:].upper(),
        "parent": _parent(invoice),
        "period_start": unix(invoice.period_start),
        "period_end": unix(invoice.period_end),
        "status": invoice.status,
        "total_discount_amounts": _discounts(invoice.lines, invoice),
        "total_pretax_credit_amounts": _pretax(invoice.lines, invoice, readings),
        "total_taxes": tax_json(invoice.tax, taxable, invoice),
        **_amounts(invoice),
        **_collection(invoice),
    }


def _amounts(invoice: Invoice) -> Json:
    inside = invoice.tax if invoice.tax_behavior == "inclusive" else 0
    due = max(invoice.amount_due, 0)  # what is below goes to the customer's balance
    paid = due if invoice.status == "paid" else 0
    return {
        "subtotal": invoice.subtotal,
        "subtotal_excluding_tax": invoice.subtotal - inside,
        "total": invoice.total,
        "total_excluding_tax": invoice.total_excluding_tax,
        "amount_due": due,
        "amount_overpaid": 0,
        "amount_paid": paid,
        "amount_remaining": due - paid,
        "amount_shipping": 0,
        "starting_balance": 0,
        "ending_balance": None if invoice.status == "draft" else min(invoice.amount_due, 0),
        "pre_payment_credit_notes_amount": 0,
        "post_payment_credit_notes_amount": invoice.credited,
    }


def _collection(invoice: Invoice) -> Json:
    is_draft = invoice.status == "draft"
    finalizes_at = unix(invoice.finalizes_at) if invoice.finalizes_at else None
    finalized_at = None if is_draft else finalizes_at
    return {
        "attempt_count": 1 if invoice.status == "paid" else 0,
        "attempted": invoice.status == "paid",
        "auto_advance": is_draft and finalizes_at is not None,
        "automatic_tax": {"enabled": False, "disabled_reason": None, "liability": None, "status": None},
        "automatically_finalizes_at": finalizes_at if is_draft else None,
        "collection_method": "charge_automatically",
        "due_date": None,
        "effective_at": finalized_at,
        "issuer": {"type": "self"},
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "status_transitions": {
            "finalized_at": finalized_at,
            "marked_uncollectible_at": None,
            "paid_at": unix(invoice.paid_at) if invoice.paid_at else None,
            "voided_at": unix(invoice.voided_at) if invoice.voided_at else None,
        },
        "test_clock": None,
    }


def _parent(invoice: Invoice) -> Json | None:
    if invoice.subscription is None:
        return None
    return {
        "type": "subscription_details",
        "quote_details": None,
        "subscription_details": {"metadata": {}, "subscription": invoice.subscription},
    }


def _line_parent(line: InvoiceLine, invoice: Invoice) -> Json:
    if line.price is None:
        made_by: Json = {"invoice_item": f"ii_{line.line_id[3:]}", "subscription": None, **_proration(line)}
        return {
            "type": "invoice_item_details",
            "invoice_item_details": made_by,
            "subscription_item_details": None,
        }
    made_by = {
        "invoice_item": line.proration.invoice_item if line.proration else None,
        "subscription": invoice.subscription,
        "subscription_item": line.price.item_id,
        **_proration(line),
    }
    return {
        "type": "subscription_item_details",
        "invoice_item_details": None,
        "subscription_item_details": made_by,
    }


def _proration(line: InvoiceLine) -> Json:
    credited = line.proration.credited if line.proration else None
    items = {"invoice": credited[0], "invoice_line_items": [credited[1]]} if credited else None
    return {"proration": line.proration is not None, "proration_details": {"credited_items": items}}


def _pricing(line: InvoiceLine) -> Json | None:
    if line.price is None:
        return None
    return {
        "type": "price_details",
        "price_details": {"price": line.price.price_id, "product": line.price.product},
        "unit_amount_decimal": decimal_text(line.price.unit_amount),
    }


def _discounts(lines: Sequence[InvoiceLine], invoice: Invoice) -> list[Json]:
    taken = sum_discounts(lines, invoice.discount_id)
    return [{"amount": amount, "discount": discount} for discount, amount in taken.items()]


def _pretax(lines: Sequence[InvoiceLine], invoice: Invoice, readings: StripeReadings) -> list[Json] | None:
    """What came off before tax: discounts and credit grants in one list."""
    movements = [movement for line in lines for movement in line.credits]
    if not movements and readings.pretax_credit_amounts == "null_without_credit":
        return None
    return [
        *({**each, "type": "discount"} for each in _discounts(lines, invoice)),
        *(
            {
                "amount": movement.amount,
                "credit_balance_transaction": movement.movement_id,
                "type": "credit_balance_transaction",
            }
            for movement in movements
        ),
    ]


def tax_json(amount: int, taxable: int, invoice: Invoice) -> list[Json]:
    """The tax on something that an invoice charges or gives back; none when the invoice has no tax."""
    if not invoice.tax_percent:
        return []
    inclusive = invoice.tax_behavior == "inclusive"
    return [
        {
            "amount": amount,
            "tax_behavior": invoice.tax_behavior,
            "tax_rate_details": {"tax_rate": _tax_rate_id(invoice.tax_percent, inclusive=inclusive)},
            "taxability_reason": "standard_rated",
            "taxable_amount": taxable,
            "type": "tax_rate_details",
        }
    ]


def _tax_rate_id(percent: Decimal, *, inclusive: bool) -> str:
    return f"txr_vat_{decimal_text(percent)}_{'inclusive' if inclusive else 'exclusive'}"
