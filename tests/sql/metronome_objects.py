"""Metronome's objects as its API sends them, with defaults: what a test says of one is what matters to it."""

from decimal import Decimal
from typing import Any

Json = dict[str, Any]
Span = tuple[str, str]

CENTS = {"id": "2714e483-4ff1-48e4-9e25-ac732e8f24f2", "name": "USD (cents)"}
OCTOBER: Span = ("2026-10-01", "2026-11-01")


def rfc(text: str) -> str:
    """A date or an instant as Metronome writes it."""
    return f"{text}Z" if "T" in text else f"{text}T00:00:00Z"


def unit(name: str) -> Json:
    """A credit type: `EUR` comes in whole units, `USD (cents)` in minor ones."""
    return {"id": f"ct_{name}", "name": name}


def metric(name: str, *event_types: str, aggregation: str = "SUM", **changes: object) -> Json:
    """A billable metric; its filter names its own name unless other event types are given."""
    return {
        "id": f"bm_{name}",
        "name": name,
        "aggregation_type": aggregation,
        "event_type_filter": {"in_values": list(event_types or (name,))},
        **changes,
    }


def product(
    name: str,
    *,
    metric: str | None = None,
    kind: str = "USAGE",
    updates: tuple[Json, ...] = (),
    **state: Any,
) -> Json:
    """A product; the state is what it was first, an update holds only what changed."""
    initial = {
        "name": name,
        "starting_at": rfc("2026-01-01"),
        "billable_metric_id": f"bm_{metric}" if metric else None,
        **state,
    }
    current = initial | {key: value for each in updates for key, value in each.items()}
    return {"id": f"p_{name}", "type": kind, "initial": initial, "current": current, "updates": list(updates)}


def contract(name: str, *, suffix: str = "", starts: str = "2026-01-01", **changes: object) -> Json:
    """A contract of customer `m_<name>` on the rate card, without an end."""
    return {
        "id": f"con_{name}{suffix}",
        "customer_id": f"m_{name}",
        "starting_at": rfc(starts),
        "rate_card_id": "rc_1",
        **changes,
    }


def rate(product: str, *, ends: str | None = None, starts: str = "2026-01-01", **values: str | None) -> Json:
    """A rate of one cent for a product and its pricing group values."""
    return {
        "product_id": f"p_{product}",
        "entitled": True,
        "list_rate": {"rate_type": "FLAT", "price": 1, "credit_type": CENTS},
        "starting_at": rfc(starts),
        "ending_before": rfc(ends) if ends else None,
        "pricing_group_values": values or None,
    }


def usage_line(
    total: Decimal | int | str,
    quantity: Decimal | int | str | None = None,
    *,
    product: str | None = "tokens",
    credit_type: Json = CENTS,
    **changes: object,
) -> Json:
    """A usage line of an invoice."""
    return {
        "name": product or "line",
        "type": "usage",
        "total": Decimal(total),
        "quantity": None if quantity is None else Decimal(quantity),
        "credit_type": credit_type,
        "product_id": f"p_{product}" if product else None,
        **changes,
    }


def applied(
    total: int | str,
    *,
    kind: str = "PREPAID",
    product: str | None = "tokens",
    **changes: Any,
) -> Json:
    """The line by which a commit or credit pays for usage; its total is negative."""
    return usage_line(
        total,
        product=product,
        **{
            "type": "applied_commit_or_credit",
            "applied_commit_or_credit": {"id": "commit_1", "type": kind},
            "commit_id": "commit_1",
            **changes,
        },
    )


def invoice(
    invoice_id: str,
    name: str,
    *lines: Json,
    period: Span = OCTOBER,
    status: str = "FINALIZED",
    credit_type: Json = CENTS,
    **changes: object,
) -> Json:
    """A usage invoice of `m_<name>`; its total is what its lines in its own unit come to."""
    total = sum(
        (
            each["total"]
            for each in lines
            if each["credit_type"] == credit_type
            and (each.get("applied_commit_or_credit") or {}).get("type") != "POSTPAID"
        ),
        Decimal(0),
    )
    return {
        "id": invoice_id,
        "customer_id": f"m_{name}",
        "contract_id": f"con_{name}",
        "type": "USAGE",
        "status": status,
        "credit_type": credit_type,
        "total": total,
        "line_items": list(lines),
        "start_timestamp": rfc(period[0]),
        "end_timestamp": rfc(period[1]),
        "issued_at": rfc(period[1]),
        **changes,
    }


def usage(name: str, metric: str, value: str | None, start: str, end: str) -> Json:
    """One customer's usage of a metric in one window."""
    return {
        "customer_id": f"m_{name}",
        "billable_metric_id": f"bm_{metric}",
        "start_timestamp": rfc(start),
        "end_timestamp": rfc(end),
        "value": None if value is None else Decimal(value),
    }
