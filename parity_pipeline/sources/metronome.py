"""Which listings of Metronome a run needs, besides rates and usage, and what it learns from them."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Final

import msgspec
from metronome import Omit

from parity_pipeline.errors import ExtractionError, NotFoundError
from parity_pipeline.periods import Window
from parity_pipeline.sources.metronome_api import MetronomeApi
from parity_pipeline.sources.metronome_invoice_records import Balance, Invoice
from parity_pipeline.sources.metronome_records import (
    BillableMetric,
    BillingConfiguration,
    Contract,
    CreditType,
    Customer,
    Product,
    RateCard,
)
from parity_pipeline.sources.notes import Notes
from parity_pipeline.sources.paging import for_each
from parity_pipeline.sources.resources import Resource, metronome_resource
from parity_pipeline.sources.sink import Lander

# The longest billing period is a year; invoices are found by the start of theirs (trap T15: pad and filter).
INVOICE_REACH: Final = timedelta(days=370)


class Claim(msgspec.Struct, frozen=True, array_like=True):
    """What may be the id of a Stripe customer (a link, a custom field, an alias), and who names it."""

    claimed: str
    customer: str


class MetronomeFacts:
    """What the listings tell about rates and usage: filled by MetronomeLists."""

    def __init__(self, notes: Notes) -> None:
        self.customers = notes.keys()
        self.archived = notes.keys()
        self.claims = notes.facts(Claim, lambda claim: claim.claimed)
        self.metrics: dict[str, BillableMetric] = {}
        self.products: list[Product] = []
        self.rate_cards: list[str] = []
        self.contracts = notes.facts(Contract, lambda contract: contract.customer_id)


class MetronomeLists:
    """Reads and lands every listing; use once, customers first."""

    def __init__(self, api: MetronomeApi, lander: Lander, window: Window) -> None:
        self.facts = MetronomeFacts(lander.notes)
        self._api = api
        self._v1 = api.client.v1
        self._v2 = api.client.v2
        self._lander = lander
        self._window = window

    async def customers(self) -> None:
        """Customers, in two passes because the listing shows active or archived ones."""
        resource = metronome_resource("customers")
        listed = self._v1.customers.with_raw_response.list
        for only_archived in (False, True):
            ask = partial(by_next_page, listed, limit=100, only_archived=only_archived)
            async for page in self._api.pages("GET /v1/customers", Customer, ask):
                self._lander.append(resource, page)
                self.facts.customers.update(each.id for each in page)
                self.facts.archived.update(each.id for each in page if each.archived_at is not None)
                self.facts.claims.update(claim for each in page for claim in _claims(each))
        self._finish(resource)

    async def billing_configurations(self) -> None:
        """The links of every customer to billing providers."""
        await self._of_each_customer("billing_configurations", self._billing_configurations)

    async def billable_metrics(self) -> None:
        """Billable metrics, archived or not."""
        resource = metronome_resource("billable_metrics")
        ask = partial(
            by_next_page, self._v1.billable_metrics.with_raw_response.list, limit=100, include_archived=True
        )
        async for page in self._api.pages("GET /v1/billable-metrics", BillableMetric, ask):
            self._lander.append(resource, page)
            self.facts.metrics.update((metric.id, metric) for metric in page)
        self._finish(resource)

    async def products(self) -> None:
        """Products, archived or not."""
        resource = metronome_resource("products")
        ask = partial(
            by_next_page, self._v1.contracts.products.with_raw_response.list, limit=100, archive_filter="ALL"
        )
        async for page in self._api.pages("POST /v1/contract-pricing/products/list", Product, ask):
            self._lander.append(resource, page)
            self.facts.products.extend(page)
        self._finish(resource)

    async def rate_cards(self) -> None:
        """Rate cards; their rates are read by metronome_rates.py."""
        resource = metronome_resource("rate_cards")
        ask = partial(by_next_page, self._v1.contracts.rate_cards.with_raw_response.list, limit=100, body={})
        try:
            async for page in self._api.pages("POST /v1/contract-pricing/rate-cards/list", RateCard, ask):
                self._lander.append(resource, page)
                self.facts.rate_cards.extend(card.id for card in page)
        except NotFoundError as error:
            self._finish(resource, note=f"not offered: {error}")
        else:
            self._finish(resource)

    async def credit_types(self) -> None:
        """Currencies and custom pricing units."""
        resource = metronome_resource("credit_types")
        ask = partial(by_next_page, self._v1.pricing_units.with_raw_response.list, limit=100)
        try:
            async for page in self._api.pages("GET /v1/credit-types/list", CreditType, ask):
                self._lander.append(resource, page)
        except NotFoundError as error:
            self._finish(resource, note=f"not offered: {error}")
        else:
            self._finish(resource)

    async def contracts(self) -> None:
        """The contracts of every customer, archived or not."""
        await self._of_each_customer("contracts", self._contracts)

    async def invoices(self) -> None:
        """The invoices of every customer whose period may reach into the window."""
        await self._of_each_customer("invoices", self._invoices)

    async def balances(self) -> None:
        """The commits and credits of every customer, with their ledgers."""
        await self._of_each_customer("balances", self._balances)

    async def _of_each_customer(self, name: str, read: Callable[[Resource, str], Awaitable[None]]) -> None:
        resource = metronome_resource(name)
        found, archived, absent = 0, 0, ""

        async def read_one(customer: str) -> None:
            nonlocal found, archived, absent
            try:
                await read(resource, customer)
                found += 1
            except NotFoundError as error:
                # Nobody could check whether archived customers can be asked; both answers are accepted.
                if customer in self.facts.archived:
                    archived += 1
                elif resource.required:
                    raise
                else:
                    absent = absent or str(error)

        await for_each(self.facts.customers, read_one, at_once=self._api.at_once)
        if absent and found:
            raise ExtractionError(absent)  # offered to some, so it is offered
        notes = [f"not offered: {absent}"] if absent else []
        notes += [f"archived customers not found: {archived}"] if archived else []
        self._finish(resource, note="; ".join(notes) or None)

    async def _billing_configurations(self, resource: Resource, customer: str) -> None:
        async def ask(_: str | Omit) -> object:
            return await self._v1.customers.with_raw_response.retrieve_billing_configurations(
                customer_id=customer, include_archived=True
            )

        listing = f"POST /v1/getCustomerBillingProviderConfigurations (customer {customer})"
        async for page in self._api.loose_pages(listing, BillingConfiguration, ask):
            self._lander.append(resource, page, context=(customer,))
            self.facts.claims.update(
                Claim(link.configuration.stripe_customer_id, customer)
                for link in page
                if link.configuration is not None and link.configuration.stripe_customer_id
            )

    async def _contracts(self, resource: Resource, customer: str) -> None:
        async def ask(cursor: str | Omit) -> object:
            return await self._v2.contracts.with_raw_response.list(
                customer_id=customer, include_archived=True, include_balance=False, limit=20, cursor=cursor
            )

        async for page in self._api.loose_pages(
            f"POST /v2/contracts/list (customer {customer})", Contract, ask
        ):
            self._lander.append(resource, page)
            self.facts.contracts.update(page)

    async def _invoices(self, resource: Resource, customer: str) -> None:
        ask = partial(
            by_next_page,
            self._v1.customers.invoices.with_raw_response.list,
            customer_id=customer,
            sort="date_desc",
            limit=100,
            starting_on=self._window.start - INVOICE_REACH,
        )
        as_of = self._window.as_of
        async for page in self._api.pages(f"GET /v1/customers/{customer}/invoices", Invoice, ask):
            begun = [
                invoice
                for invoice in page
                if invoice.start_timestamp is None or invoice.start_timestamp < as_of
            ]
            self._lander.append(resource, begun, requests=1)

    async def _balances(self, resource: Resource, customer: str) -> None:
        ask = partial(
            by_next_page,
            self._v1.contracts.with_raw_response.list_balances,
            customer_id=customer,
            include_archived=True,
            include_balance=True,
            include_contract_balances=True,
            include_ledgers=True,
            limit=25,
        )
        listing = f"POST /v1/contracts/customerBalances/list (customer {customer})"
        async for page in self._api.pages(listing, Balance, ask):
            self._lander.append(resource, page, context=(customer,))

    def _finish(self, resource: Resource, *, note: str | None = None) -> None:
        self._lander.finish(resource, watermark=self._window.as_of, note=note)


def _claims(customer: Customer) -> Iterator[Claim]:
    for alias in customer.ingest_aliases or ():
        yield Claim(alias, customer.id)
    fields = msgspec.json.decode(str(customer.custom_fields or "{}"), type=dict[str, str | None])
    if named := fields.get("stripe_customer_id"):
        yield Claim(named, customer.id)


async def by_next_page(
    listed: Callable[..., Awaitable[object]],
    cursor: str | Omit,
    **params: object,
) -> object:
    """Ask one of the SDK's listings for the page at a cursor."""
    return await listed(next_page=cursor, **params)
