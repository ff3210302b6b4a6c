"""Invoices as the API shows them."""

from parity_pipeline.sandbox.metronome_side.catalogue_json import credit_type_json
from parity_pipeline.sandbox.metronome_side.invoices import Invoice
from parity_pipeline.sandbox.metronome_side.lines import Line, TierPosition
from parity_pipeline.sandbox.metronome_side.units import credit_type
from parity_pipeline.sandbox.metronome_side.wire import Json, plain
from parity_pipeline.sandbox.world import PushedInvoice

_PRODUCT_TYPES = {
    "USAGE": "UsageProductListItem",
    "SUBSCRIPTION": "SubscriptionProductListItem",
    "FIXED": "FixedProductListItem",
}


def invoice_json(invoice: Invoice, *, skip_zero_lines: bool = False, line_types: bool = True) -> Json:
    """An invoice with all its lines, which name their type unless `line_types` is off."""
    currency = invoice.contract.currency
    shown: Json = {
        "id": invoice.id,
        "customer_id": invoice.contract.customer_id,
        "contract_id": invoice.contract.id,
        "type": invoice.type,
        "status": invoice.status,
        "credit_type": credit_type_json(credit_type(currency)),
        "total": plain(invoice.total),
        "issued_at": invoice.issued_at,
        "line_items": [
            _line_json(line, has_type=line_types)
            for line in invoice.lines
            if not (skip_zero_lines and line.quantity == 0)
        ],
        "contract_custom_fields": {},
        "customer_custom_fields": {},
        "custom_fields": {},
    }
    if invoice.period is not None:
        shown |= {"start_timestamp": invoice.period.start, "end_timestamp": invoice.period.end}
    if invoice.regenerated_from is not None:
        shown["regenerated_from_invoice_id"] = invoice.regenerated_from
    if invoice.pushed is not None:
        shown["external_invoice"] = _external_json(invoice.pushed)
    return shown


def _line_json(line: Line, *, has_type: bool) -> Json:
    shown: Json = {"type": line.type} if has_type else {}
    shown |= {
        "name": line.name,
        "total": plain(line.total),
        "credit_type": credit_type_json(line.unit),
        "starting_at": line.starts_at,
        "ending_before": line.ends_at,
    }
    optional: Json = {
        "quantity": None if line.quantity is None else plain(line.quantity),
        "unit_price": None if line.unit_price is None else plain(line.unit_price),
        "pricing_group_values": dict(line.values) or None,
        "presentation_group_values": dict(line.presented) or None,
        "tier": None if line.tier is None else _tier_json(line.tier),
    }
    shown |= {name: value for name, value in optional.items() if value is not None}
    return shown | _product_part(line) | _balance_part(line)


def _product_part(line: Line) -> Json:
    if line.product is None:
        return {}
    shown: Json = {
        "product_id": line.product.id,
        "product_type": _PRODUCT_TYPES[line.product.kind],
        "product_tags": [],
        "product_custom_fields": {},
    }
    if line.subscription_id is not None:
        shown |= {"subscription_id": line.subscription_id, "is_prorated": line.is_prorated}
    return shown


def _balance_part(line: Line) -> Json:
    """The commit or credit that a line names: the covered line and the one that takes it off again."""
    if line.balance is None:
        return {}
    shown: Json = {
        "commit_id": line.balance.id,
        "commit_segment_id": line.balance.segment_id,
        "commit_type": "PostpaidCommit" if line.balance.kind == "POSTPAID" else "PrepaidCommit",
    }
    if line.type == "applied_commit_or_credit":
        shown["applied_commit_or_credit"] = {
            "id": line.balance.id,
            "type": line.balance.kind,
            "access_type": "SPEND",
        }
    return shown


def _tier_json(tier: TierPosition) -> Json:
    shown: Json = {"level": tier.level, "starting_at": format(plain(tier.starts_at), "f")}
    if tier.size is not None:
        shown["size"] = format(plain(tier.size), "f")
    return shown


def _external_json(pushed: PushedInvoice) -> Json:
    return {
        "billing_provider_type": "stripe",
        "invoice_id": pushed.stripe_invoice_id,
        "issued_at_timestamp": pushed.created_at,
        "external_status": "FINALIZED",
    }
