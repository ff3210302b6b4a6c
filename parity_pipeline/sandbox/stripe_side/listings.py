"""The lists that Stripe serves: path, objects, and the filters that each accepts.

A filter says under which values an object is found, from what the object is made of.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from parity_pipeline.sandbox.stripe_side.errors import StripeError, lacking
from parity_pipeline.sandbox.stripe_side.shelf import Json, Values


@dataclass(frozen=True)
class Listing:
    """One list endpoint; `kind` is what an error message calls the objects.

    `unasked` is what a filter is when nobody asks; `required` must be asked for; `choices` are the values of
    filters that allow no others.
    """

    path: str
    shelf: str
    kind: str
    filters: Mapping[str, Values] = field(default_factory=dict)
    has_created: bool = True
    unasked: Mapping[str, str] = field(default_factory=dict)
    required: str | None = None
    choices: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def check(self, wanted: Mapping[str, str]) -> None:
        """Refuse what was asked for when it is too little, or no value of its filter."""
        if self.required is not None and self.required not in wanted:
            raise lacking(self.required)
        for name, allowed in self.choices.items():
            if wanted.get(name) not in (None, *allowed):
                message = f"Invalid {name}: must be one of {', '.join(sorted(allowed))}"
                raise StripeError(400, message, param=name)


def _same(*names: str) -> Values:
    """The value of a field, as text."""

    def values(item: Json) -> tuple[str, ...]:
        value: Any = item
        for name in names:
            value = (value or {}).get(name)
        return (str(value).lower() if isinstance(value, bool) else str(value),)

    return values


def _nothing(_: object) -> tuple[str, ...]:
    """No object has such a value."""
    return ()


def _automatically(_: object) -> tuple[str, ...]:
    return ("charge_automatically",)


_YES_OR_NO = frozenset({"true", "false"})
_INVOICE_STATES = frozenset({"draft", "open", "paid", "uncollectible", "void"})
_SUBSCRIPTION_CHOICES = frozenset(
    {"active", "past_due", "unpaid", "canceled", "incomplete", "incomplete_expired", "trialing", "paused"}
    | {"all", "ended"}
)
_NOT_CANCELED = "not_canceled"
_SUBSCRIPTION_STATES = {
    "canceled": ("canceled", "ended", "all"),
    "active": ("active", "all", _NOT_CANCELED),
    "trialing": ("trialing", "all", _NOT_CANCELED),
}

LISTINGS = (
    Listing(
        "/v1/customers",
        "customers",
        "customer",
        {"email": lambda each: (f"billing@{each.key}.example",), "test_clock": _nothing},
    ),
    Listing(
        "/v1/products",
        "products",
        "product",
        {"active": _same("active"), "type": _same("type")},
        choices={"active": _YES_OR_NO},
    ),
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
        choices={"active": _YES_OR_NO},
    ),
    Listing("/v1/coupons", "coupons", "coupon"),
    Listing(
        "/v1/subscriptions",
        "subscriptions",
        "subscription",
        {
            "collection_method": _automatically,
            "customer": lambda each: (each.customer_id,),
            "price": lambda each: each.prices,
            "status": lambda each: _SUBSCRIPTION_STATES[each.status],
            "test_clock": _nothing,
        },
        unasked={"status": _NOT_CANCELED},
        choices={"status": _SUBSCRIPTION_CHOICES},
    ),
    Listing(
        "/v1/subscription_schedules",
        "subscription_schedules",
        "subscription schedule",
        {"customer": lambda each: (each.customer_id,)},
    ),
    Listing(
        "/v1/invoices",
        "invoices",
        "invoice",
        {
            "collection_method": _automatically,
            "customer": lambda each: (each.customer,),
            "status": lambda each: (each.status,),
            "subscription": lambda each: (each.subscription,) if each.subscription else (),
        },
        choices={"status": _INVOICE_STATES},
    ),
    Listing(
        "/v1/credit_notes",
        "credit_notes",
        "credit note",
        {
            "customer": lambda each: (each.invoice.customer,),
            "invoice": lambda each: (each.invoice.invoice_id,),
        },
    ),
    Listing("/v1/events", "events", "event", {"type": _same("type")}),
    Listing(
        "/v1/billing/meters",
        "meters",
        "meter",
        {"status": _same("status")},
        has_created=False,
        unasked={"status": "active"},
        choices={"status": frozenset({"active", "inactive"})},
    ),
    Listing(
        "/v1/billing/credit_grants",
        "credit_grants",
        "credit grant",
        {"customer": lambda each: (each.customer_id,)},
        has_created=False,
    ),
    Listing(
        "/v1/billing/credit_balance_transactions",
        "credit_balance_transactions",
        "credit balance transaction",
        {
            "credit_grant": lambda each: (each.movement.grant_id,),
            "customer": lambda each: (each.customer_id,),
        },
        has_created=False,
        required="customer",
    ),
)
