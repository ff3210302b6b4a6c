"""Invoices that Metronome asked Stripe to create: one line, no subscription, Metronome's id as metadata."""

from datetime import timedelta
from decimal import Decimal

from parity_pipeline.sandbox import ids
from parity_pipeline.sandbox.stripe_side.invoices import Invoice, InvoiceLine
from parity_pipeline.sandbox.world import PushedInvoice

_CLIENT_ID = "5f0f0c1e-6a3b-4f0c-9d6e-0c5b7d1f2a3b"
_FINALIZATION = timedelta(hours=1)


def pushed_invoice(pushed: PushedInvoice) -> Invoice:
    """The invoice as Stripe holds it, waiting for payment."""
    line = InvoiceLine(
        line_id=f"il_{pushed.stripe_invoice_id.removeprefix('in_')}_001",
        description="Usage",
        amount=pushed.amount_minor_units,
        quantity=Decimal(1),
        start=pushed.created_at,
        end=pushed.created_at,
    )
    return Invoice(
        invoice_id=pushed.stripe_invoice_id,
        customer=ids.stripe_customer(pushed.customer),
        currency=pushed.currency,
        reason="manual",
        status="open",
        created_at=pushed.created_at,
        finalizes_at=pushed.created_at + _FINALIZATION,
        period_start=pushed.created_at,
        period_end=pushed.created_at,
        lines=(line,),
        metadata=(
            ("metronome_invoice_id", pushed.metronome_invoice_id),
            ("client_id", _CLIENT_ID),
            ("environment", "sandbox"),
        ),
    )
