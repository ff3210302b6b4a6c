"""Pages of a Metronome environment of any size, made up as they are asked for.

Every customer is linked to the Stripe customer of its number and has a contract, an invoice with two lines, a
balance, and thirty days of usage in all and by group.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from benchmarks.recorded_stripe import DAY, END, START

_PAGE: Final = 100
_USD: Final = {"id": "usd", "name": "USD (cents)"}


def metronome_answer(path: str, params: Mapping[str, str], body: Mapping[str, Any], customers: int) -> bytes:
    """The page that Metronome gives where there are so many customers."""
    first = int(params.get("next_page", 0))
    if path == "/v1/customers":
        held = 0 if params["only_archived"] == "true" else customers
        return _page([_customer(each) for each in range(first, min(first + _PAGE, held))], first, held)
    if path == "/v1/usage":
        held = customers * len(_DAYS) if body["window_size"] == "DAY" else 0
        return _page([_usage(each) for each in range(first, min(first + _PAGE, held))], first, held)
    if path.startswith("/v1/customers/"):
        return _page([_invoice(path.split("/")[3])], 0, 1)
    if path in _OF_CUSTOMER:
        return _page(_OF_CUSTOMER[path](body["customer_id"]), 0, 1)
    return _page(_REFERENCE.get(path, []), 0, 1)


def _page(data: list[dict[str, Any]], first: int, held: int) -> bytes:
    following = str(first + _PAGE) if first + _PAGE < held else None
    return json.dumps({"data": data, "next_page": following}).encode()


def _text(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()


_DAYS: Final = [(_text(day), _text(day + DAY)) for day in range(START, END, DAY)]
_FROM, _UNTIL = _text(START), _text(END)


def _name(number: int) -> str:
    """As long as a real id."""
    return f"00000000-0000-4000-8000-{number:012d}"


def _customer(number: int) -> dict[str, Any]:
    return {"id": _name(number), "ingest_aliases": [f"cus_{number}"], "custom_fields": {}}


def _link(customer: str) -> list[dict[str, Any]]:
    stripe = {"stripe_customer_id": f"cus_{int(customer[-12:])}"}
    return [{"id": f"link-{customer}", "billing_provider": "stripe", "configuration": stripe}]


def _contract(customer: str) -> list[dict[str, Any]]:
    schedule = {"frequency": "MONTHLY", "billing_anchor_date": _FROM}
    return [
        {
            "id": f"contract-{customer}",
            "customer_id": customer,
            "starting_at": _FROM,
            "rate_card_id": "card",
            "usage_statement_schedule": schedule,
        }
    ]


def _balance(customer: str) -> list[dict[str, Any]]:
    item = {"amount": 100, "starting_at": _FROM, "ending_before": _UNTIL}
    return [
        {
            "id": f"balance-{customer}",
            "type": "CREDIT",
            "balance": 100,
            "access_schedule": {"schedule_items": [item], "credit_type": _USD},
            "ledger": [{"type": "CREDIT_SEGMENT_START", "amount": 100, "timestamp": _FROM}],
        }
    ]


def _invoice(customer: str) -> dict[str, Any]:
    line = {"name": "Calls", "total": 100, "credit_type": _USD, "type": "usage", "quantity": 100}
    return {
        "id": f"invoice-{customer}",
        "customer_id": customer,
        "type": "USAGE",
        "status": "FINALIZED",
        "credit_type": _USD,
        "total": 200,
        "line_items": [line | {"product_id": "product"}] * 2,
        "contract_id": f"contract-{customer}",
        "start_timestamp": _FROM,
        "end_timestamp": _UNTIL,
    }


def _usage(number: int) -> dict[str, Any]:
    customer, day = divmod(number, len(_DAYS))
    start, end = _DAYS[day]
    return {
        "customer_id": _name(customer),
        "billable_metric_id": "metric",
        "start_timestamp": start,
        "end_timestamp": end,
        "value": 7,
    }


def _groups(_: str) -> list[dict[str, Any]]:
    return [
        {"starting_on": start, "ending_before": end, "group": {"model": "small"}, "value": 7}
        for start, end in _DAYS
    ]


def _rate(_: str) -> list[dict[str, Any]]:
    return [{"product_id": "product", "list_rate": _FLAT, "starting_at": _FROM}]


_FLAT: Final = {"rate_type": "FLAT", "price": 1, "credit_type": _USD}
_STATE: Final = {"billable_metric_id": "metric", "pricing_group_key": ["model"]}
_OF_CUSTOMER: Final = {
    "/v1/getCustomerBillingProviderConfigurations": _link,
    "/v2/contracts/list": _contract,
    "/v1/contracts/customerBalances/list": _balance,
    "/v1/contracts/getContractRateSchedule": _rate,
    "/v1/usage/groups": _groups,
}
_REFERENCE: Final[dict[str, list[dict[str, Any]]]] = {
    "/v1/billable-metrics": [
        {"id": "metric", "name": "Calls", "aggregation_type": "SUM", "group_keys": [["model"]]}
    ],
    "/v1/contract-pricing/products/list": [
        {"id": "product", "type": "USAGE", "initial": _STATE, "current": _STATE}
    ],
    "/v1/contract-pricing/rate-cards/list": [{"id": "card", "name": "Card"}],
    "/v1/contract-pricing/rate-cards/getRateSchedule": [
        {"product_id": "product", "entitled": True, "rate": _FLAT, "starting_at": _FROM}
    ],
    "/v1/credit-types/list": [_USD],
}
