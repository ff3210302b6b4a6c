"""Invoices and their lines as Stripe's API writes them."""

from typing import Any

from parity_pipeline.sandbox.company import Customer
from parity_pipeline.sandbox.stripe_side.amounts import decimal_text, unix
from parity_pipeline.sandbox.stripe_side.invoices import Invoice, InvoiceLine

Json = dict[str, Any]
EMBEDDED_LINES = 10


def list_json(url: str, items: list[Json], *, has_more: bool = False) -> Json:
    """A list object."""
    return {"object": "list", "data": items, "has_more": has_more, "url": url}


def tax_rate_json(customer: Customer) -> list[Json]:
    """The tax rate on a customer's subscription, if any."""
    if not customer.tax_percent:
        return []
    return [
        {
            "id": _tax_rate_id(inclusive=customer.tax_inclusive),
            "object": "tax_rate",
            "active": True,
            "created": unix(customer.started_at),
            "display_name": "VAT",
            "inclusive": customer.tax_inclusive,
            "livemode": False,
            "percentage": float(customer.tax_percent),
        }
    ]


def line_json(line: InvoiceLine, invoice: Invoice) -> Json:
    """One line item."""
    inside = line.tax if invoice.tax_behavior == "inclusive" else 0
    return {
        "id": line.line_id,
        "object": "line_item",
        "amount": line.amount,
        "currency": invoice.currency,
        "description": line.description,
        "discount_amounts": _discounts(line.discount, invoice),
        "discountable": True,
        "discounts": [],
        "invoice": invoice.invoice_id,
        "livemode": False,
        "metadata": {},
        "parent": _line_parent(line, invoice),
        "period": {"start": unix(line.start), "end": unix(line.end)},
        "pretax_credit_amounts": [
            *({**each, "type": "discount"} for each in _discounts(line.discount, invoice)),
            *_credits(line),
        ],
        "pricing": _pricing(line),
        "quantity": int(line.quantity),
        "quantity_decimal": decimal_text(line.quantity),
        "subscription": invoice.subscription,
        "subtotal": line.amount - inside,
        "taxes": _taxes(line.tax, line.taxable, invoice),
    }


def invoice_json(invoice: Invoice, customer: Customer) -> Json:
    """One invoice with the first lines embedded."""
    discount = sum(line.discount for line in invoice.lines)
    lines = [line_json(line, invoice) for line in invoice.lines]
    taxable = sum(line.taxable for line in invoice.lines if line.tax)
    discounts = _discounts(discount, invoice)
    is_draft = invoice.status == "draft"
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
        "default_tax_rates": tax_rate_json(customer) if invoice.subscription else [],
        "discounts": [invoice.discount_id] if invoice.discount_id else [],
        "from_invoice": {"action": "revision", "invoice": invoice.revision_of}
        if invoice.revision_of
        else None,
        "latest_revision": invoice.latest_revision,
        "lines": list_json(
            f"/v1/invoices/{invoice.invoice_id}/lines",
            lines[:EMBEDDED_LINES],
            has_more=len(lines) > EMBEDDED_LINES,
        ),
        "livemode": False,
        "metadata": dict(invoice.metadata),
        "number": None if is_draft else invoice.invoice_id[3:].upper(),
        "parent": _parent(invoice),
        "period_start": unix(invoice.period_start),
        "period_end": unix(invoice.period_end),
        "status": invoice.status,
        "total_discount_amounts": discounts,
        "total_pretax_credit_amounts": [
            *({**each, "type": "discount"} for each in discounts),
            *(credit for line in invoice.lines for credit in _credits(line)),
        ],
        "total_taxes": _taxes(invoice.tax, taxable, invoice),
        **_amounts(invoice),
        **_collection(invoice),
    }


def _amounts(invoice: Invoice) -> Json:
    inside = invoice.tax if invoice.tax_behavior == "inclusive" else 0
    paid = invoice.total if invoice.status == "paid" else 0
    return {
        "subtotal": invoice.subtotal,
        "subtotal_excluding_tax": invoice.subtotal - inside,
        "total": invoice.total,
        "total_excluding_tax": invoice.total_excluding_tax,
        "amount_due": invoice.total,
        "amount_overpaid": 0,
        "amount_paid": paid,
        "amount_remaining": invoice.total - paid,
        "amount_shipping": 0,
        "starting_balance": 0,
        "ending_balance": None if invoice.status == "draft" else 0,
        "pre_payment_credit_notes_amount": 0,
        "post_payment_credit_notes_amount": 0,
    }


def _collection(invoice: Invoice) -> Json:
    is_draft = invoice.status == "draft"
    finalized_at = None if is_draft else unix(invoice.finalizes_at)
    return {
        "attempt_count": 1 if invoice.status == "paid" else 0,
        "attempted": invoice.status == "paid",
        "auto_advance": is_draft,
        "automatic_tax": {"enabled": False, "disabled_reason": None, "liability": None, "status": None},
        "automatically_finalizes_at": unix(invoice.finalizes_at) if is_draft else None,
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
    shared = {"proration": False, "proration_details": {"credited_items": None}}
    if line.price is None:
        item = {"invoice_item": f"ii_{line.line_id[3:]}", "subscription": None, **shared}
        return {
            "type": "invoice_item_details",
            "invoice_item_details": item,
            "subscription_item_details": None,
        }
    item = {
        "invoice_item": None,
        "subscription": invoice.subscription,
        "subscription_item": line.price.item_id,
        **shared,
    }
    return {
        "type": "subscription_item_details",
        "invoice_item_details": None,
        "subscription_item_details": item,
    }


def _pricing(line: InvoiceLine) -> Json | None:
    if line.price is None:
        return None
    return {
        "type": "price_details",
        "price_details": {"price": line.price.price_id, "product": line.price.product},
        "unit_amount_decimal": decimal_text(line.price.unit_amount),
    }


def _discounts(amount: int, invoice: Invoice) -> list[Json]:
    return [{"amount": amount, "discount": invoice.discount_id}] if amount else []


def _credits(line: InvoiceLine) -> list[Json]:
    return [
        {
            "amount": movement.amount,
            "credit_balance_transaction": movement.movement_id,
            "type": "credit_balance_transaction",
        }
        for movement in line.credits
    ]


def _taxes(amount: int, taxable: int, invoice: Invoice) -> list[Json]:
    if not invoice.tax_percent:
        return []
    inclusive = invoice.tax_behavior == "inclusive"
    return [
        {
            "amount": amount,
            "tax_behavior": invoice.tax_behavior,
            "tax_rate_details": {"tax_rate": _tax_rate_id(inclusive=inclusive)},
            "taxability_reason": "standard_rated",
            "taxable_amount": taxable - amount if inclusive else taxable,
            "type": "tax_rate_details",
        }
    ]


def _tax_rate_id(*, inclusive: bool) -> str:
    return "txr_vat_inclusive" if inclusive else "txr_vat_exclusive"
