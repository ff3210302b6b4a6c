"""The lists that Stripe serves: path, objects, and the filters that each accepts."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Filter = Callable[[Json, str], bool]


@dataclass(frozen=True)
class Listing:
    """One list endpoint; `kind` is what an error message calls the objects."""

    path: str
    shelf: str
    kind: str
    filters: dict[str, Filter] = field(default_factory=dict)
    has_created: bool = True


def _same(*names: str) -> Filter:
    """Compare a field with the parameter, as text."""

    def compare(item: Json, wanted: str) -> bool:
        value: Any = item
        for name in names:
            value = (value or {}).get(name)
        return wanted == (str(value).lower() if isinstance(value, bool) else str(value))

    return compare


def _subscription_status(item: Json, wanted: str) -> bool:
    status: str = item["status"]
    if wanted == "all":
        return True
    return status in {"canceled", "incomplete_expired"} if wanted == "ended" else status == wanted


def _has_price(item: Json, wanted: str) -> bool:
    return any(each["price"]["id"] == wanted for each in item["items"]["data"])


LISTINGS = (
    Listing(
        "/v1/customers", "customers", "customer", {"email": _same("email"), "test_clock": _same("test_clock")}
    ),
    Listing("/v1/products", "products", "product", {"active": _same("active"), "type": _same("type")}),
    Listing(
        "/v1/prices",
        "prices",
        "price",
        {
            "active": _same("active"),
            "currency": _same("currency"),
            "product": _same("product"),
            "type": _same("type"),
            "recurring[interval]": _same("recurring", "interval"),
            "recurring[meter]": _same("recurring", "meter"),
            "recurring[usage_type]": _same("recurring", "usage_type"),
        },
    ),
    Listing("/v1/coupons", "coupons", "coupon"),
    Listing(
        "/v1/subscriptions",
        "subscriptions",
        "subscription",
        {
            "collection_method": _same("collection_method"),
            "price": _has_price,
            "status": _subscription_status,
            "test_clock": _same("test_clock"),
        },
    ),
    Listing("/v1/subscription_schedules", "subscription_schedules", "subscription schedule"),
    Listing(
        "/v1/invoices",
        "invoices",
        "invoice",
        {
            "collection_method": _same("collection_method"),
            "status": _same("status"),
            "subscription": _same("parent", "subscription_details", "subscription"),
        },
    ),
    Listing("/v1/credit_notes", "credit_notes", "credit note", {"invoice": _same("invoice")}),
    Listing("/v1/events", "events", "event", {"type": _same("type")}),
    Listing("/v1/billing/meters", "meters", "meter", {"status": _same("status")}, has_created=False),
    Listing("/v1/billing/credit_grants", "credit_grants", "credit grant", has_created=False),
)

WITH_CUSTOMER = frozenset(
    {"subscriptions", "subscription_schedules", "invoices", "credit_notes", "credit_grants"}
)
