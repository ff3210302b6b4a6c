"""Everything Stripe knows, worked out once from what it was told, and kept as lists to page through."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from parity_pipeline.sandbox import ids
from parity_pipeline.sandbox.company import Customer
from parity_pipeline.sandbox.stripe_side.billing import CustomerBilling
from parity_pipeline.sandbox.stripe_side.catalogue_json import Catalogue, catalogue
from parity_pipeline.sandbox.stripe_side.credits import CreditAccount
from parity_pipeline.sandbox.stripe_side.customer_json import (
    canceled_subscription_json,
    customer_json,
    discount_json,
    grant_json,
    movement_json,
    subscription_json,
)
from parity_pipeline.sandbox.stripe_side.invoice_json import invoice_json, line_json
from parity_pipeline.sandbox.stripe_side.invoices import Invoice
from parity_pipeline.sandbox.stripe_side.metering import Meters, count_events
from parity_pipeline.sandbox.stripe_side.pushed import pushed_invoice
from parity_pipeline.sandbox.stripe_side.shelf import Shelf
from parity_pipeline.sandbox.world import PushedInvoice, World

Json = dict[str, Any]
_TRIAL_EVERY = 10


@dataclass(frozen=True)
class Books:
    """The objects of each kind, and what is needed to answer what is no plain list."""

    world: World
    meters: Meters
    shelves: dict[str, Shelf]
    movements: dict[str, Shelf]
    lines: dict[str, list[Json]]
    accounts: dict[str, CreditAccount]
    customers: dict[str, Customer]
    objects: dict[str, Json]
    expand_only: dict[str, Json]


def open_books(world: World, pushed: Sequence[PushedInvoice]) -> Books:
    """Count, rate, bill and write down everything."""
    told = world.stripe
    meters = count_events(told)
    sold = catalogue(told, world.company.first_event_at)
    kinds: dict[str, list[Json]] = defaultdict(list)
    kinds |= {
        name: list(getattr(sold, name).values()) for name in ("meters", "products", "prices", "coupons")
    }
    lines: dict[str, list[Json]] = {}
    accounts: dict[str, CreditAccount] = {}
    for customer in told.customers.values():
        billing = CustomerBilling(told, world.stripe_quirks, meters, customer, world.company.as_of)
        invoices = billing.invoices()
        accounts[ids.stripe_customer(customer.key)] = billing.account
        _write_invoices(invoices, customer, kinds, lines)
        _write_customer(world, customer, sold, kinds, invoices)
        kinds["credit_grants"] += [grant_json(grant, customer) for grant in billing.account.grants]
    for each in pushed:
        invoice = pushed_invoice(each)
        _write_invoices([invoice], told.customers[invoice.customer.removeprefix("cus_")], kinds, lines)
    movements = {
        owner: [movement_json(move, account.grants[0].currency) for move in account.movements]
        for owner, account in accounts.items()
    }
    everything = [*kinds.values(), *movements.values()]
    return Books(
        world=world,
        meters=meters,
        shelves={name: Shelf(items) for name, items in kinds.items()},
        movements={owner: Shelf(items) for owner, items in movements.items()},
        lines=lines,
        accounts=accounts,
        customers={ids.stripe_customer(each.key): each for each in told.customers.values()},
        objects={item["id"]: item for items in everything for item in items},
        expand_only=sold.expand_only,
    )


def _write_invoices(
    invoices: list[Invoice], customer: Customer, kinds: dict[str, list[Json]], lines: dict[str, list[Json]]
) -> None:
    for invoice in invoices:
        kinds["invoices"].append(invoice_json(invoice, customer))
        lines[invoice.invoice_id] = [line_json(line, invoice) for line in invoice.lines]


def _write_customer(
    world: World, customer: Customer, sold: Catalogue, kinds: dict[str, list[Json]], invoices: list[Invoice]
) -> None:
    latest = invoices[-1].invoice_id if invoices else None
    subscription = subscription_json(customer, world.stripe, sold.prices, world.company.as_of, latest)
    if len(kinds["customers"]) % _TRIAL_EVERY == 0:
        price = subscription["items"]["data"][0]["price"]
        kinds["subscriptions"].append(canceled_subscription_json(customer, price))
    kinds["customers"].append(customer_json(customer))
    kinds["subscriptions"].append(subscription)
    if customer.discount_percent:
        kinds["discounts"].append(discount_json(customer))
