"""Which listings of Stripe a run needs, besides usage (see stripe_usage.py), and what it learns from them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

import msgspec

from parity_pipeline.errors import ExtractionError, NotFoundError
from parity_pipeline.periods import Window, to_unix
from parity_pipeline.sources.notes import NotedFacts, NotedKeys, Notes
from parity_pipeline.sources.paging import for_each
from parity_pipeline.sources.resources import Resource, stripe_resource
from parity_pipeline.sources.sink import Lander
from parity_pipeline.sources.stripe_api import StripeApi
from parity_pipeline.sources.stripe_invoice_records import (
    CreditBalanceTransaction,
    CreditGrant,
    InvoiceLine,
    InvoiceStatus,
    LineParent,
    Period,
    Pricing,
    WholeInvoice,
)
from parity_pipeline.sources.stripe_records import (
    Customer,
    Meter,
    Price,
    Subscription,
    SubscriptionItem,
    SubscriptionItems,
)

# An invoice is created at or after the start of the periods that it bills; the pad covers clocks and edges.
INVOICE_PAD: Final = timedelta(days=3)


class InvoiceState(msgspec.Struct, frozen=True):
    """Of a landed invoice whether it was final."""

    id: str
    status: InvoiceStatus | None = None


class LandedLine(msgspec.Struct, frozen=True):
    """Of a landed line what tells about usage."""

    invoice_id: str
    period: Period
    parent: LineParent | None = None
    pricing: Pricing | None = None


class ItemFact(msgspec.Struct, frozen=True, order=True, array_like=True):
    """A subscription item: whose, on which meter, and its current period in Unix seconds."""

    customer: str
    meter: str
    start: int | None
    end: int | None


class LineFact(msgspec.Struct, frozen=True, order=True, array_like=True):
    """A line that a subscription item made: whose, at which price, and its period in Unix seconds."""

    customer: str
    price: str
    start: int
    end: int


class _LongInvoice(msgspec.Struct, frozen=True, array_like=True):
    """An invoice that holds more lines than came along."""

    id: str
    customer: str | None


class StripeFacts:
    """What the listings tell about usage: filled by StripeLists, read by stripe_usage.py."""

    def __init__(self, notes: Notes) -> None:
        self.customers = notes.keys()
        self.meters: dict[str, Meter] = {}
        self.price_meters: dict[str, str] = {}
        self.items = notes.facts(ItemFact, lambda item: item.customer)
        self.lines = notes.facts(LineFact, lambda line: line.customer)


class StripeLists:
    """Reads and lands every listing; use once."""

    def __init__(self, api: StripeApi, lander: Lander, window: Window) -> None:
        self.facts = StripeFacts(lander.notes)
        self._api = api
        self._lander = lander
        self._window = window
        self._created = {"gte": to_unix(window.start - INVOICE_PAD), "lt": to_unix(window.as_of)}

    async def customers(self) -> None:
        """All customers; deleted ones are not listed."""
        resource = stripe_resource("customers")
        async for page in self._api.pages("/v1/customers", Customer):
            self._lander.append(resource, page.records)
            self.facts.customers.update(customer.id for customer in page.records)
        self._finish(resource)

    async def subscriptions(self) -> None:
        """Subscriptions in any status, with all their items."""
        resource = stripe_resource("subscriptions")
        params = {"status": "all", "expand": ["data.discounts"]}
        async for page in self._api.pages("/v1/subscriptions", Subscription, **params):
            requests = 1
            whole = []
            for subscription in page.records:
                if subscription.items.has_more:
                    items, asked = await self._items(subscription)
                    requests += asked
                    listed = SubscriptionItems(data=items)
                    whole.append(msgspec.structs.replace(subscription, items=listed))
                else:
                    whole.append(subscription)
            self._lander.append(resource, whole, requests=requests)
            self.facts.items.update(fact for subscription in whole for fact in _item_facts(subscription))
        self._finish(resource)

    async def prices(self) -> None:
        """Prices with their tiers; the bare listing holds active and inactive ones."""
        resource = stripe_resource("prices")
        async for page in self._api.pages("/v1/prices", Price, expand=["data.tiers"]):
            self._lander.append(resource, page.records)
            for price in page.records:
                if price.recurring is not None and price.recurring.meter is not None:
                    self.facts.price_meters[price.id] = price.recurring.meter
        self._finish(resource)

    async def meters(self) -> None:
        """Meters of both statuses, each asked for by itself."""
        resource = stripe_resource("meters")
        for status in ("active", "inactive"):
            async for page in self._api.pages("/v1/billing/meters", Meter, status=status):
                self._lander.append(resource, page.records)
                self.facts.meters.update((meter.id, meter) for meter in page.records)
        self._finish(resource)

    async def subscription_schedules(self) -> None:
        """Subscription schedules, where the account has them."""
        await self._optional("subscription_schedules", "/v1/subscription_schedules", {})

    async def products(self) -> None:
        """Products."""
        await self._optional("products", "/v1/products", {})

    async def coupons(self) -> None:
        """Coupons."""
        await self._optional("coupons", "/v1/coupons", {})

    async def credit_notes(self) -> None:
        """Credit notes of the window."""
        await self._optional("credit_notes", "/v1/credit_notes", {"created": self._created})

    async def invoices(self) -> None:
        """Invoices of the window with all their lines."""
        resource = stripe_resource("invoices")
        long = self._lander.notes.facts(_LongInvoice, lambda invoice: invoice.id)
        async for page in self._api.pages("/v1/invoices", WholeInvoice, created=self._created):
            self._lander.append(resource, [invoice.bare for invoice in page.records])
            for invoice in page.records:
                self._embedded_lines(invoice, long)
        self._finish(resource)
        known = await self._known_lines(long)
        await for_each(
            (each for each in long if each.id not in known), self._lines, at_once=self._api.at_once
        )
        self._finish(stripe_resource("invoice_lines"))

    async def credits(self) -> None:
        """Credit grants, then the transactions of each customer that has one."""
        resource = stripe_resource("credit_grants")
        holders, unlisted = self._lander.notes.keys(), 0
        async for page in self._api.pages("/v1/billing/credit_grants", CreditGrant):
            self._lander.append(resource, page.records)
            holders.update(grant.customer for grant in page.records if grant.customer is not None)
        self._finish(resource)

        async def read(customer: str) -> None:
            nonlocal unlisted
            try:
                await self._transactions(customer)
            except NotFoundError:
                # Nobody could check whether deleted customers can be asked; both answers are accepted.
                if customer in self.facts.customers:
                    raise
                unlisted += 1

        await for_each(holders, read, at_once=self._api.at_once)
        note = f"deleted customers not found: {unlisted}" if unlisted else None
        self._finish(stripe_resource("credit_balance_transactions"), note=note)

    async def _transactions(self, customer: str) -> None:
        resource = stripe_resource("credit_balance_transactions")
        path = "/v1/billing/credit_balance_transactions"
        async for page in self._api.pages(path, CreditBalanceTransaction, customer=customer):
            self._lander.append(resource, page.records, context=(customer,))

    def _embedded_lines(self, invoice: WholeInvoice, long: NotedFacts[_LongInvoice]) -> None:
        """Land the lines that came along; an invoice with more of them is to be asked for its lines."""
        if invoice.lines.has_more:
            long.add(_LongInvoice(invoice.id, invoice.customer))
            return
        resource = stripe_resource("invoice_lines")
        self._lander.append(resource, invoice.lines.data, context=(invoice.id,), requests=0)
        self._learn_lines(invoice.lines.data, customer=invoice.customer)

    async def _known_lines(self, long: NotedFacts[_LongInvoice]) -> NotedKeys:
        """Land the lines that an earlier pull read of invoices that were final then: they cannot change."""
        final = self._lander.notes.keys()
        for each in self._lander.known(stripe_resource("invoices"), InvoiceState):
            if each.status != "draft" and each.id in long.keys:
                final.add(each.id)

        def learn(line: LandedLine) -> None:
            for invoice in long.of(line.invoice_id):
                self._learn_lines([line], customer=invoice.customer)

        known = await self._lander.reuse(
            stripe_resource("invoice_lines"), final, lambda line: line.invoice_id, LandedLine, learn
        )
        self._api.count_spared("GET /v1/invoices/{id}/lines", len(known))
        return known

    async def _lines(self, invoice: _LongInvoice) -> None:
        resource = stripe_resource("invoice_lines")
        async for page in self._api.pages(f"/v1/invoices/{invoice.id}/lines", InvoiceLine):
            self._lander.append(resource, page.records, context=(invoice.id,))
            self._learn_lines(page.records, customer=invoice.customer)

    async def _items(self, subscription: Subscription) -> tuple[list[SubscriptionItem], int]:
        path, items, requests = "/v1/subscription_items", list[SubscriptionItem](), 0
        async for page in self._api.pages(path, SubscriptionItem, subscription=subscription.id):
            items.extend(page.records)
            requests += 1
        embedded = {item.id for item in subscription.items.data}
        # The subscription says that there are more than it holds: its own and another must be there.
        if not embedded < {item.id for item in items}:
            raise ExtractionError(
                f"stripe GET {path}: the items of {subscription.id} are not all listed; run again"
            )
        return items, requests

    async def _optional(self, name: str, path: str, params: Mapping[str, object]) -> None:
        resource = stripe_resource(name)
        try:
            async for page in self._api.pages(path, resource.record, **params):
                self._lander.append(resource, page.records)
        except NotFoundError as error:
            self._finish(resource, note=f"not offered: {error}")
        else:
            self._finish(resource)

    def _learn_lines(self, lines: Sequence[InvoiceLine | LandedLine], *, customer: str | None) -> None:
        if customer:
            self.facts.lines.update(_line_facts(lines, customer))

    def _finish(self, resource: Resource, *, note: str | None = None) -> None:
        self._lander.finish(resource, watermark=self._window.as_of, note=note)


def _item_facts(subscription: Subscription) -> Iterator[ItemFact]:
    for item in subscription.items.data:
        recurring = item.price.recurring
        if subscription.customer and recurring is not None and recurring.meter is not None:
            yield ItemFact(
                subscription.customer, recurring.meter, item.current_period_start, item.current_period_end
            )


def _line_facts(lines: Iterable[InvoiceLine | LandedLine], customer: str) -> set[LineFact]:
    found = set()
    for line in lines:
        is_of_item = line.parent is not None and line.parent.subscription_item_details is not None
        details = line.pricing.price_details if line.pricing is not None else None
        if is_of_item and details is not None and details.price is not None:
            found.add(LineFact(customer, details.price, line.period.start, line.period.end))
    return found
