"""Pages of a Stripe account of any size, made up as they are asked for.

Every customer has a subscription with one metered item, an invoice with two lines, and thirty days of usage.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

START, END = 1_777_593_600, 1_780_185_600
DAY = 86_400


def stripe_answer(path: str, params: Mapping[str, str], customers: int) -> bytes:
    """The page that Stripe gives where there are so many customers."""
    if path.endswith("/event_summaries"):
        days = range(START, END, DAY)
        return _page([_bucket(params["customer"], day) for day in days], has_more=False)
    if path == "/v2/core/events":
        return b'{"data": [], "next_page_url": null}'
    if path == "/v1/billing/meters":
        return _page([_METER] if params["status"] == "active" else [], has_more=False)
    if path == "/v1/prices":
        return _page([_PRICE], has_more=False)
    if path not in _BY_CUSTOMER:
        return _page([], has_more=False)
    last = params.get("starting_after")
    first = int(last.partition("_")[2]) + 1 if last else 0
    numbers = range(first, min(first + 100, customers))
    return _page([_BY_CUSTOMER[path](number) for number in numbers], has_more=first + 100 < customers)


def _page(data: list[dict[str, Any]], *, has_more: bool) -> bytes:
    return json.dumps({"data": data, "has_more": has_more}).encode()


_PRICE: dict[str, Any] = {
    "id": "price_1",
    "active": True,
    "billing_scheme": "per_unit",
    "created": 1,
    "currency": "usd",
    "product": "prod_1",
    "type": "recurring",
    "unit_amount_decimal": "1",
    "recurring": {"interval": "month", "interval_count": 1, "usage_type": "metered", "meter": "meter_1"},
}
_METER: dict[str, Any] = {
    "id": "meter_1",
    "event_name": "calls",
    "status": "active",
    "created": 1,
    "default_aggregation": {"formula": "sum"},
}


def _customer(number: int) -> dict[str, Any]:
    return {"id": f"cus_{number}", "created": 1, "currency": "usd", "metadata": {}}


def _subscription(number: int) -> dict[str, Any]:
    item = {
        "id": f"si_{number}",
        "created": 1,
        "price": _PRICE,
        "current_period_start": START,
        "current_period_end": END,
    }
    return {
        "id": f"sub_{number}",
        "status": "active",
        "customer": f"cus_{number}",
        "currency": "usd",
        "created": 1,
        "start_date": 1,
        "billing_cycle_anchor": 1,
        "items": {"data": [item], "has_more": False},
    }


def _invoice(number: int) -> dict[str, Any]:
    lines = [
        {
            "id": f"il_{number}_{each}",
            "currency": "usd",
            "amount": 100,
            "quantity": 100,
            "period": {"start": START, "end": END},
            "pricing": {"price_details": {"price": "price_1", "product": "prod_1"}},
            "parent": {
                "type": "subscription_item_details",
                "subscription_item_details": {"subscription_item": f"si_{number}"},
            },
            "metadata": {},
        }
        for each in range(2)
    ]
    return {
        "id": f"in_{number}",
        "status": "paid",
        "currency": "usd",
        "customer": f"cus_{number}",
        "created": START,
        "period_start": START,
        "period_end": END,
        "total": 200,
        "lines": {"data": lines, "has_more": False},
    }


def _bucket(customer: str, start: int) -> dict[str, Any]:
    return {
        "id": f"mtrusg_{customer}_{start}",
        "meter": "meter_1",
        "start_time": start,
        "end_time": start + DAY,
        "aggregated_value": 7,
    }


_BY_CUSTOMER: Final = {
    "/v1/customers": _customer,
    "/v1/subscriptions": _subscription,
    "/v1/invoices": _invoice,
}
