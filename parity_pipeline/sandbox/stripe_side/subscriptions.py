"""A customer's subscriptions as they stand at an instant: status, items and prices. Values only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from parity_pipeline.sandbox import ids
from parity_pipeline.sandbox.facts import Customer
from parity_pipeline.sandbox.stripe_side.names import item_id, subscription_id
from parity_pipeline.sandbox.stripe_side.periods import begun_periods, has_left, months_after
from parity_pipeline.sandbox.stripe_side.prices import PriceBook, fee_price

_EARLIER_PLAN_MONTHS = 3


@dataclass(frozen=True, slots=True)
class Item:
    """One subscription item; `charge` is the charge's key, or "fee"."""

    item_id: str
    charge: str
    price_id: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription. The period is the one that its items name."""

    subscription_id: str
    customer: Customer
    status: Literal["active", "trialing", "canceled"]
    started_at: datetime
    items: tuple[Item, ...]
    period: tuple[datetime, datetime]
    ended_at: datetime | None = None
    trial: tuple[datetime, datetime] | None = None
    latest_invoice: str | None = None
    is_earlier_plan: bool = False

    @property
    def customer_id(self) -> str:
        """Stripe's id of the customer."""
        return ids.stripe_customer(self.customer.key)

    @property
    def prices(self) -> tuple[str, ...]:
        """The ids of its prices."""
        return tuple(item.price_id for item in self.items)


def created_at(customer: Customer) -> datetime:
    """When a customer was created: with the trial of an earlier plan, months before the subscription."""
    return months_after(customer.started_at, -_EARLIER_PLAN_MONTHS)


def subscription(
    customer: Customer, prices: PriceBook, now: datetime, latest_invoice: str | None
) -> Subscription:
    """The subscription that bills this customer."""
    last = begun_periods(customer, now)[-1]
    gone, trial_ends = has_left(customer, now), customer.trial_ends_at
    trialing = trial_ends is not None and now < trial_ends
    return Subscription(
        subscription_id=subscription_id(customer.key),
        customer=customer,
        status="canceled" if gone else "trialing" if trialing else "active",
        started_at=customer.started_at,
        items=items_at(customer, prices, min(now, customer.ended_at or now)),
        period=(last.start, last.whole_end),
        ended_at=customer.ended_at if gone else None,
        trial=(customer.started_at, trial_ends) if trial_ends else None,
        latest_invoice=latest_invoice,
    )


def earlier_plan(customer: Customer, prices: PriceBook) -> Subscription:
    """A trial of an earlier plan that ended when the real subscription began; it was never billed."""
    began, ended = created_at(customer), customer.started_at
    charge = customer.charges[0]
    price = prices.starting(charge, customer)
    return Subscription(
        subscription_id=f"{subscription_id(customer.key)}_trial",
        customer=customer,
        status="canceled",
        started_at=began,
        items=(Item(item_id(customer.key, "trial"), charge, price.price_id),),
        period=(began, months_after(began, 1)),
        ended_at=ended,
        trial=(began, ended),
        is_earlier_plan=True,
    )


def items_at(customer: Customer, prices: PriceBook, at: datetime) -> tuple[Item, ...]:
    """The items of the customer's subscription, with the prices that hold at an instant."""
    found: list[Item] = []
    for charge in customer.charges:
        price, later = prices.starting(charge, customer), prices.changed(charge, customer)
        if later is not None and customer.price_change is not None and customer.price_change.at <= at:
            price = later
        found.append(Item(item_id(customer.key, charge), charge, price.price_id))
    fee = fee_price(customer, at)
    if fee is not None:
        found.append(Item(item_id(customer.key, "fee"), "fee", fee.price_id))
    return tuple(found)
