"""The books of the whole environment: every customer's contracts, balances and invoices.

A customer's books are kept when they are first asked for. Also the invoices that were pushed into Stripe
although they should not have been.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import localcontext
from functools import cached_property, lru_cache

from parity_pipeline.sandbox.facts import Customer
from parity_pipeline.sandbox.ids import metronome_customer, metronome_id
from parity_pipeline.sandbox.metronome_side.catalogue import Catalogue, build_catalogue
from parity_pipeline.sandbox.metronome_side.clerk import Clerk, CustomerBooks
from parity_pipeline.sandbox.metronome_side.contracts import Contract
from parity_pipeline.sandbox.metronome_side.credits import Balance
from parity_pipeline.sandbox.metronome_side.ingestion import UsageStore
from parity_pipeline.sandbox.metronome_side.invoices import Invoice
from parity_pipeline.sandbox.metronome_side.units import EXACT
from parity_pipeline.sandbox.world import PushedInvoice, World

_KEPT = 4096
"""The books of so many customers are kept; those of others are made again when asked for."""


class Books:
    """Everything that Metronome made of what it was told. The world must not change any more."""

    def __init__(self, world: World) -> None:
        """Sorts the events; nothing is rated before it is asked for."""
        quirks = world.metronome_quirks
        self.catalogue: Catalogue = build_catalogue(world.metronome.charges, quirks)
        group_keys = {metric.event_name: metric.group_key for metric in self.catalogue.metrics}
        self.usage = UsageStore(world.metronome.events, group_keys, world.now)
        self.customers: Mapping[str, Customer] = {
            metronome_customer(key): customer
            for key, customer in world.metronome.customers.items()
            if key not in quirks.absent_customers and customer.started_at <= world.now
        }
        """The customers by Metronome's id, as far as they have come."""
        self._world = world
        self._clerk = Clerk(world, self.catalogue, self.usage)
        self._made = lru_cache(_KEPT)(self._keep)

    def of(self, customer_id: str) -> CustomerBooks:
        """The books of one customer; an unknown id is a KeyError."""
        return self._made(customer_id)

    def broken_down(self, customer_id: str, cuts: frozenset[datetime]) -> tuple[Invoice, ...]:
        """The invoices of a customer as they would be now, their lines cut at these instants."""
        with localcontext(EXACT):
            return replace(self._clerk, cuts=cuts).books_of(self.customers[customer_id]).invoices

    @property
    def invoices(self) -> Mapping[str, tuple[Invoice, ...]]:
        """By Metronome's customer id, in order of issue; each customer's are made when looked at."""
        return _InvoicesByCustomer(self)

    @property
    def contracts(self) -> tuple[Contract, ...]:
        """All contracts, customer by customer."""
        return tuple(contract for each in self.customers for contract in self.of(each).contracts)

    @property
    def balances(self) -> tuple[Balance, ...]:
        """All commits and credits, customer by customer."""
        return tuple(balance for each in self.customers for balance in self.of(each).balances)

    def _keep(self, customer_id: str) -> CustomerBooks:
        kept = self._plain(customer_id)
        if customer_id != self._regenerated:
            return kept
        return replace(kept, invoices=_with_one_regenerated(kept.invoices))

    def _plain(self, customer_id: str) -> CustomerBooks:
        with localcontext(EXACT):
            return self._clerk.books_of(self.customers[customer_id])

    @cached_property
    def _regenerated(self) -> str | None:
        """The last customer without credit had an invoice voided and made again, as happens in life."""
        for customer_id, customer in reversed(list(self.customers.items())):
            if customer.credits or customer.committed_spend:
                continue
            if len(_final(self._plain(customer_id).invoices)) >= 2:
                return customer_id
        return None


class _InvoicesByCustomer(Mapping[str, tuple[Invoice, ...]]):
    """A view of the books."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def __getitem__(self, customer_id: str) -> tuple[Invoice, ...]:
        return self._books.of(customer_id).invoices

    def __iter__(self) -> Iterator[str]:
        return iter(self._books.customers)

    def __len__(self) -> int:
        return len(self._books.customers)


def keep_books(world: World) -> Books:
    """The books of a world; they are written as they are read."""
    return Books(world)


def pushed_invoices(world: World) -> list[PushedInvoice]:
    """The invoices that reached Stripe, as it was asked to create them; `customer` is the customer key."""
    books = keep_books(world) if world.metronome_quirks.pushed_invoices else None
    if books is None:
        return []
    ids = [metronome_customer(key) for key in sorted(world.metronome_quirks.pushed_invoices)]
    invoices = (invoice for each in ids if each in books.customers for invoice in books.of(each).invoices)
    return [invoice.pushed for invoice in invoices if invoice.pushed]


def _final(invoices: Sequence[Invoice]) -> list[Invoice]:
    return [each for each in invoices if each.type == "USAGE" and each.status == "FINALIZED"]


def _with_one_regenerated(invoices: Sequence[Invoice]) -> tuple[Invoice, ...]:
    """The last but one final invoice is void, and there again under another id."""
    voided = _final(invoices)[-2]
    again = replace(voided, id=metronome_id("invoice", voided.id, "regenerated"), regenerated_from=voided.id)
    changed = [replace(each, status="VOID") if each is voided else each for each in invoices]
    return tuple(sorted([*changed, again], key=lambda each: (each.issued_at, each.id)))
