"""Credit notes as Stripe's API writes them: money given back on an invoice that was paid."""

from parity_pipeline.sandbox.stripe_side.amounts import unix
from parity_pipeline.sandbox.stripe_side.invoice_json import list_json, tax_json
from parity_pipeline.sandbox.stripe_side.invoices import CreditNote
from parity_pipeline.sandbox.stripe_side.shelf import Json


def credit_note_json(note: CreditNote) -> Json:
    """One credit note, with a single line that names no line of the invoice."""
    invoice, before_tax = note.invoice, note.amount - note.tax
    inclusive = invoice.tax_behavior == "inclusive"
    taxes = tax_json(note.tax, before_tax, invoice)
    subtotal = note.amount if inclusive else before_tax
    number = f"{invoice.invoice_id[3:].upper()}-CN-01"
    return {
        "id": note.note_id,
        "object": "credit_note",
        "amount": note.amount,
        "amount_shipping": 0,
        "created": unix(note.created_at),
        "currency": invoice.currency,
        "customer": invoice.customer,
        "customer_account": None,
        "customer_balance_transaction": None,
        "discount_amount": 0,
        "discount_amounts": [],
        "effective_at": unix(note.created_at),
        "invoice": invoice.invoice_id,
        "lines": list_json(f"/v1/credit_notes/{note.note_id}/lines", [_line_json(note, subtotal, taxes)]),
        "livemode": False,
        "memo": None,
        "metadata": {},
        "number": number,
        "out_of_band_amount": note.amount,
        "pdf": f"https://pay.example/credit_notes/{note.note_id}/pdf",
        "post_payment_amount": note.amount,
        "pre_payment_amount": 0,
        "pretax_credit_amounts": [],
        "reason": None,
        "refunds": [],
        "shipping_cost": None,
        "status": "issued",
        "subtotal": subtotal,
        "subtotal_excluding_tax": before_tax,
        "total": note.amount,
        "total_excluding_tax": before_tax,
        "total_taxes": taxes,
        "type": "post_payment",
        "voided_at": None,
    }


def _line_json(note: CreditNote, subtotal: int, taxes: list[Json]) -> Json:
    return {
        "id": f"cnli_{note.note_id[3:]}",
        "object": "credit_note_line_item",
        "amount": subtotal,
        "description": "Goodwill",
        "discount_amount": 0,
        "discount_amounts": [],
        "livemode": False,
        "metadata": {},
        "pretax_credit_amounts": [],
        "quantity": 1,
        "tax_rates": [],
        "taxes": taxes,
        "type": "custom_line_item",
        "unit_amount": subtotal,
        "unit_amount_decimal": str(subtotal),
    }
