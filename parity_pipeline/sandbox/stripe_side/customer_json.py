"""Customers and their discounts, as Stripe's API writes them."""

from collections.abc import Iterator
from dataclasses import dataclass

from parity_pipeline.sandbox import ids
from parity_pipeline.sandbox.facts import Customer
from parity_pipeline.sandbox.stripe_side.amounts import unix
from parity_pipeline.sandbox.stripe_side.catalogue_json import item_coupon_id, usage_coupon_id
from parity_pipeline.sandbox.stripe_side.names import discount_id, item_discount_id, item_id, subscription_id
from parity_pipeline.sandbox.stripe_side.shelf import Json
from parity_pipeline.sandbox.stripe_side.subscriptions import created_at


@dataclass(frozen=True, slots=True)
class Discount:
    """A coupon as it hangs on a subscription, or on one of its items; `start` in Unix seconds."""

    discount_id: str
    coupon: str
    customer: str
    subscription: str
    item: str | None
    start: int


def customer_json(customer: Customer) -> Json:
    """One customer."""
    return {
        "id": ids.stripe_customer(customer.key),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": unix(created_at(customer)),
        "currency": customer.currency,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "email": f"billing@{customer.key}.example",
        "invoice_prefix": customer.key,
        "livemode": False,
        "metadata": {
            "contact": f"contact@{customer.key}.example",
            "launch": "early" if customer.key.endswith("0") else "later",
        },
        "name": customer.name,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def discounts_of(customer: Customer) -> Iterator[Discount]:
    """The discounts of a customer's subscription: on all usage, and on items."""
    owner, subscription = ids.stripe_customer(customer.key), subscription_id(customer.key)
    start = unix(customer.started_at)
    whole = discount_id(customer)
    if whole is not None:
        coupon = usage_coupon_id(customer.discount_percent)
        yield Discount(whole, coupon, owner, subscription, None, start)
    for charge, percent in customer.item_discounts.items():
        own = item_discount_id(customer, charge)
        if own is not None:
            item = item_id(customer.key, charge)
            yield Discount(own, item_coupon_id(percent), owner, subscription, item, start)


def discount_json(discount: Discount) -> Json:
    """One discount, which only an expansion shows."""
    return {
        "id": discount.discount_id,
        "object": "discount",
        "checkout_session": None,
        "customer": discount.customer,
        "customer_account": None,
        "end": None,
        "invoice": None,
        "invoice_item": None,
        "promotion_code": None,
        "source": {"coupon": discount.coupon, "type": "coupon"},
        "start": discount.start,
        "subscription": None if discount.item else discount.subscription,
        "subscription_item": discount.item,
    }
