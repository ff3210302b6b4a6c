"""Everything Stripe knows at the world's clock, worked out once from what it was told.

Values are kept; an object's JSON is made when somebody asks for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from parity_pipeline.sandbox import ids
from parity_pipeline.sandbox.facts import Customer
from parity_pipeline.sandbox.stripe_side.amounts import unix
from parity_pipeline.sandbox.stripe_side.billing import CustomerBilling
from parity_pipeline.sandbox.stripe_side.catalogue_json import Catalogue, catalogue
from parity_pipeline.sandbox.stripe_side.credit_json import (
    OwnedGrant,
    OwnedMovement,
    grant_json,
    movement_json,
)
from parity_pipeline.sandbox.stripe_side.credit_note_json import credit_note_json
from parity_pipeline.sandbox.stripe_side.credits import CreditAccount
from parity_pipeline.sandbox.stripe_side.customer_json import customer_json, discount_json, discounts_of
from parity_pipeline.sandbox.stripe_side.invoice_json import invoice_json
from parity_pipeline.sandbox.stripe_side.invoices import CreditNote, Invoice
from parity_pipeline.sandbox.stripe_side.metering import Meters, count_events
from parity_pipeline.sandbox.stripe_side.names import schedule_id
from parity_pipeline.sandbox.stripe_side.prices import PriceBook
from parity_pipeline.sandbox.stripe_side.pushed import pushed_invoice
from parity_pipeline.sandbox.stripe_side.schedule_json import schedule_json
from parity_pipeline.sandbox.stripe_side.shelf import Json, Shelf
from parity_pipeline.sandbox.stripe_side.subscription_json import subscription_json
from parity_pipeline.sandbox.stripe_side.subscriptions import (
    Subscription,
    created_at,
    earlier_plan,
    subscription,
)
from parity_pipeline.sandbox.world import PushedInvoice, World

_EARLIER_PLAN_EVERY = 10


@dataclass(frozen=True)
class Books:
    """What Stripe knows of one account, or of all.

    `invoices` are those that Stripe made, by customer key and in the order in which they were made; `pushed`
    those that Metronome asked for. `accounts` and `customers` are by Stripe's customer id.
    """

    world: World
    meters: Meters
    prices: PriceBook
    sold: Catalogue
    customers: dict[str, Customer] = field(default_factory=dict)
    accounts: dict[str, CreditAccount] = field(default_factory=dict)
    invoices: dict[str, list[Invoice]] = field(default_factory=dict)
    pushed: list[Invoice] = field(default_factory=list)
    credit_notes: list[CreditNote] = field(default_factory=list)
    shelves: dict[str, Shelf[Any]] = field(default_factory=dict)

    def find(self, object_id: str) -> Json | None:
        """Any object by its id."""
        for shelf in self.shelves.values():
            if object_id in shelf.place:
                return shelf.get(object_id)
        return None


def open_books(world: World, pushed: Sequence[PushedInvoice] = (), account: str | None = None) -> Books:
    """Bill every customer of an account, or of all accounts, until the world's clock."""
    now, told = world.now, world.stripe
    prices = PriceBook(told.charges)
    for each in told.customers.values():
        prices.add_all(each)
    sold = catalogue(told, prices, world.company.first_event_at)
    meters = count_events(told, now, is_sent=partial(_is_sent, world, account) if account else bool)
    books = Books(world, meters, prices, sold)
    subscriptions: list[Subscription] = []
    for number, customer in enumerate(told.customers.values()):
        if account in (None, customer.account) and created_at(customer) <= now:
            has_trial = number % _EARLIER_PLAN_EVERY == 0
            subscriptions += _open_customer(books, customer, has_trial=has_trial)
    books.pushed.extend(
        pushed_invoice(each)
        for each in pushed
        if ids.stripe_customer(each.customer) in books.customers and each.created_at <= now
    )
    books.shelves.update(
        {**_sold_shelves(sold), **_customer_shelves(books, subscriptions), **_bill_shelves(books)}
    )
    return books


def _is_sent(world: World, account: str, customer: str) -> bool:
    """Whether a customer's events were sent to this account; those of strangers go to the first one."""
    known = world.stripe.customers.get(customer) or world.company.customers.get(customer)
    return account == (known.account if known else world.company.accounts[0])


def _open_customer(books: Books, customer: Customer, *, has_trial: bool) -> list[Subscription]:
    """Bill one customer, and give the subscriptions that it has."""
    world, now, owner = books.world, books.world.now, ids.stripe_customer(customer.key)
    billing = CustomerBilling(
        customer, books.prices, books.meters, now, world.stripe_quirks, world.readings.stripe
    )
    invoices = billing.invoices()
    books.customers[owner] = customer
    books.accounts[owner] = billing.account
    books.invoices[customer.key] = invoices
    books.credit_notes.extend(billing.credit_notes)
    if customer.started_at > now:
        return []
    latest = invoices[-1].invoice_id if invoices else None
    trial = [earlier_plan(customer, books.prices)] if has_trial else []
    return [*trial, subscription(customer, books.prices, now, latest)]


def _sold_shelves(sold: Catalogue) -> dict[str, Shelf[Any]]:
    kinds = {"meters": sold.meters, "products": sold.products, "prices": sold.prices, "coupons": sold.coupons}
    return {
        name: Shelf(((each["id"], each["created"], each) for each in kind.values()), _as_it_is)
        for name, kind in kinds.items()
    }


def _customer_shelves(books: Books, subscriptions: list[Subscription]) -> dict[str, Shelf[Any]]:
    now, customers = books.world.now, books.customers
    billed = [each for each in subscriptions if not each.is_earlier_plan]
    planned = [each for each in billed if each.customer.price_change]
    discounts = [found for each in billed for found in discounts_of(each.customer)]
    return {
        "customers": Shelf(
            ((owner, unix(created_at(each)), each) for owner, each in customers.items()), customer_json
        ),
        "subscriptions": Shelf(
            ((each.subscription_id, unix(each.started_at), each) for each in subscriptions),
            partial(subscription_json, books.sold.prices, now=now),
        ),
        "subscription_schedules": Shelf(
            ((schedule_id(each.customer), unix(each.started_at), each) for each in planned),
            partial(schedule_json, books.prices, now=now),
        ),
        "discounts": Shelf(((each.discount_id, each.start, each) for each in discounts), discount_json),
    }


def _bill_shelves(books: Books) -> dict[str, Shelf[Any]]:
    invoices = [*(each for made in books.invoices.values() for each in made), *books.pushed]
    grants = [
        OwnedGrant(grant, owner) for owner, account in books.accounts.items() for grant in account.grants
    ]
    movements = [
        OwnedMovement(move, owner, account.grants[0].currency)
        for owner, account in books.accounts.items()
        for move in account.movements
    ]
    to_json = partial(invoice_json, books.customers, readings=books.world.readings.stripe)
    return {
        "invoices": Shelf(((each.invoice_id, unix(each.created_at), each) for each in invoices), to_json),
        "credit_notes": Shelf(
            ((each.note_id, unix(each.created_at), each) for each in books.credit_notes), credit_note_json
        ),
        "credit_grants": Shelf(
            ((each.grant.grant_id, unix(each.grant.effective_at), each) for each in grants), grant_json
        ),
        "credit_balance_transactions": Shelf(
            ((each.movement.movement_id, unix(each.movement.at), each) for each in movements), movement_json
        ),
    }


def _as_it_is(item: Json) -> Json:
    return item
