"""Stripe's objects as its API sends them, with defaults: what a test says of one is what matters to it."""

from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]
Span = tuple[str, str]

JULY: Span = ("2026-07-01", "2026-08-01")
SEPTEMBER: Span = ("2026-09-01", "2026-10-01")
OCTOBER: Span = ("2026-10-01", "2026-11-01")
NOVEMBER: Span = ("2026-11-01", "2026-12-01")


def unix(text: str) -> int:
    """The Unix time of a date or an instant in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def instant(text: str) -> datetime:
    """A date or an instant as the tables hold it: UTC without an offset."""
    return datetime.fromisoformat(text)


def meter(name: str, *, formula: str = "sum", **changes: object) -> Json:
    """A meter; its id is `mtr_` and its event name."""
    return {
        "id": f"mtr_{name}",
        "event_name": name,
        "status": "active",
        "default_aggregation": {"formula": formula},
        "created": unix("2026-01-01"),
        **changes,
    }


def price(name: str, *, meter: str | None = None, currency: str = "usd", **changes: object) -> Json:
    """A monthly price; metered when it names a meter, else licensed."""
    return {
        "id": f"price_{name}",
        "currency": currency,
        "product": f"prod_{name}",
        "billing_scheme": "per_unit",
        "unit_amount_decimal": "1",
        "recurring": {
            "interval": "month",
            "interval_count": 1,
            "usage_type": "metered" if meter else "licensed",
            "meter": f"mtr_{meter}" if meter else None,
        },
        **changes,
    }


def subscription(name: str, *prices: Json, status: str = "active", **changes: object) -> Json:
    """A subscription of customer `cus_<name>` to these prices, running since January."""
    return {
        "id": f"sub_{name}",
        "customer": f"cus_{name}",
        "status": status,
        "start_date": unix("2026-01-01"),
        "created": unix("2026-01-01"),
        "items": {
            "data": [
                {
                    "id": f"si_{name}_{each['id']}",
                    "price": each,
                    "current_period_start": unix("2026-11-01"),
                    "current_period_end": unix("2026-12-01"),
                }
                for each in prices
            ]
        },
        **changes,
    }


def line(
    amount: int,
    quantity: int | str = 0,
    *,
    price: str = "tokens",
    period: Span = OCTOBER,
    item: str = "si",
    **changes: object,
) -> Json:
    """A line of a subscription's own invoice; without a price known otherwise, it is metered usage."""
    return {
        "currency": "usd",
        "amount": amount,
        "subtotal": amount,
        "quantity": int(quantity) if str(quantity).isdigit() else 0,
        "quantity_decimal": str(quantity),
        "period": {"start": unix(period[0]), "end": unix(period[1])},
        "pricing": {"price_details": {"price": f"price_{price}", "product": f"prod_{price}"}},
        "parent": {
            "type": "subscription_item_details",
            "subscription_item_details": {"subscription_item": item, "proration": False},
        },
        **changes,
    }


def item_line(amount: int, **changes: Any) -> Json:
    """A line that comes from an invoice item, not from a subscription."""
    return line(amount, 1, parent={"type": "invoice_item_details"}, pricing=None, **changes)


def credit(amount: int) -> Json:
    """An application of a credit grant to a line."""
    return {"amount": amount, "type": "credit_balance_transaction", "credit_balance_transaction": "cbtxn_1"}


def coupon(amount: int) -> Json:
    """An application of a discount to a line, as the combined list has it."""
    return {"amount": amount, "type": "discount", "discount": "di_1"}


def inclusive_tax(amount: int) -> Json:
    """A tax that the amount of the line holds already."""
    return {"amount": amount, "tax_behavior": "inclusive"}


def invoice(
    invoice_id: str, name: str, *lines: Json, period: Span = OCTOBER, status: str = "paid", **changes: object
) -> Json:
    """The cycle invoice of `sub_<name>`; its total before tax is what its lines come to."""
    net = sum(
        each["subtotal"] - sum(part["amount"] for part in each.get("pretax_credit_amounts") or [])
        for each in lines
    )
    return {
        "id": invoice_id,
        "status": status,
        "currency": lines[0]["currency"] if lines else "usd",
        "customer": f"cus_{name}",
        "created": unix(period[1]),
        "billing_reason": "subscription_cycle",
        "parent": {
            "type": "subscription_details",
            "subscription_details": {"subscription": f"sub_{name}"},
        },
        "period_start": unix(period[0]),
        "period_end": unix(period[1]),
        "total": net,
        "total_excluding_tax": net,
        "status_transitions": {"finalized_at": unix(period[1])},
        "metadata": {},
        **changes,
    }


def summary(meter: str, value: str, start: str, end: str) -> Json:
    """One bucket of a customer's metered usage."""
    return {
        "id": "mtrusg_1",
        "meter": f"mtr_{meter}",
        "start_time": unix(start),
        "end_time": unix(end),
        "aggregated_value": value,
    }
