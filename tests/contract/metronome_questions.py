"""A pretend Metronome with everything in it that has a shape, and a question to each of its endpoints."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpx
from starlette.applications import Starlette

from parity_pipeline.sandbox.ids import metronome_customer, metronome_metric, metronome_product
from parity_pipeline.sandbox.metronome_side.activity_api import LOW_BALANCE
from parity_pipeline.sandbox.metronome_side.api import metronome_app
from parity_pipeline.sandbox.metronome_side.catalogue import rate_card_id
from parity_pipeline.sandbox.world import World, build_world

Json = dict[str, Any]
AS_OF = datetime(2026, 7, 20, tzinfo=UTC)


@cache
def pretend_world() -> World:
    """A company with every kind of customer and every quirk that has a shape of its own."""
    world = build_world(seed=7, as_of=AS_OF, accounts=2)
    quirks = world.metronome_quirks
    quirks.auto_recharge.add("00002")
    quirks.spend_threshold.add("00004")
    quirks.claimed_twice.add("00001")
    quirks.pushed_invoices |= set(world.company.customers)
    quirks.second_contract.add("00005")
    quirks.contract_ends_at["00006"] = datetime(2026, 7, 5, tzinfo=UTC)
    for key, customer in world.metronome.customers.items():
        packs = tuple(replace(pack, amount=pack.amount * 100) for pack in customer.credits)
        world.metronome.customers[key] = replace(customer, credits=packs)  # some of it must be left over
    return world


@cache
def pretend_app() -> Starlette:
    """The API over it."""
    return metronome_app(pretend_world(), token="t")


def ask(method: str, path: str, body: Json | None = None, query: Json | None = None) -> Any:
    """The JSON that one request is answered with."""

    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(pretend_app())
        headers = {"Authorization": "Bearer t"}
        async with httpx.AsyncClient(transport=transport, base_url="http://m", headers=headers) as client:
            return await client.request(method, path, json=body, params=query)

    response = asyncio.run(once())
    assert response.status_code == 200, response.text
    return response.json()


@dataclass(frozen=True)
class Question:
    """One request: its name in the SDK (if it has one), its path in the spec, and what fills that."""

    sdk: str | None
    method: str
    spec_path: str
    values: Mapping[str, str] = field(default_factory=dict)
    body: Json | None = None
    query: Json | None = None

    def answer(self) -> Any:
        """What the sandbox says."""
        return ask(self.method, self.spec_path.format(**self.values), self.body, self.query)


_DAYS = {"starting_on": "2026-06-01T00:00:00Z", "ending_before": "2026-06-08T00:00:00Z"}
_PRICING = "/v1/contract-pricing"


def questions() -> Iterator[Question]:
    """A question to every endpoint, and about every customer."""
    yield from _catalogue_questions()
    yield from _usage_questions()
    yield Question("v1.customers.list", "GET", "/v1/customers")
    yield Question("v1.customers.list", "GET", "/v1/customers", query={"only_archived": "true"})
    yield Question("v1.audit_logs.list", "GET", "/v1/auditLogs")
    yield Question("v1.services.list", "GET", "/v1/services")
    yield Question(
        "v1.settings.billing_providers.list", "POST", "/v1/listConfiguredBillingProviders", body={}
    )
    for key in pretend_world().company.customers:
        yield from _customer_questions(key)


def _catalogue_questions() -> Iterator[Question]:
    metric = metronome_metric(pretend_world().company.charges["gpu_a100"])
    product = metronome_product(pretend_world().company.charges["tokens"])
    archived = {"include_archived": "true"}
    yield Question("v1.billable_metrics.list", "GET", "/v1/billable-metrics", query=archived)
    path = "/v1/billable-metrics/{billable_metric_id}"
    yield Question(None, "GET", path, {"billable_metric_id": metric})
    yield Question("v1.pricing_units.list", "GET", "/v1/credit-types/list")
    products = {"archive_filter": "ALL"}
    yield Question("v1.contracts.products.list", "POST", f"{_PRICING}/products/list", body=products)
    yield Question(None, "POST", f"{_PRICING}/products/get", body={"id": product})
    yield Question("v1.contracts.rate_cards.list", "POST", f"{_PRICING}/rate-cards/list", body={})
    name = {"schedule_name": "discounts"}
    yield Question(
        None,
        "POST",
        f"{_PRICING}/rate-cards/getNamedSchedule",
        body={"rate_card_id": rate_card_id("eur")} | name,
    )
    for card in ("eur", "usd-credits"):
        card_id, at = rate_card_id(card), "2026-06-01T00:00:00Z"
        yield Question(None, "POST", f"{_PRICING}/rate-cards/get", body={"id": card_id})
        yield Question(
            "v1.contracts.rate_cards.rates.list",
            "POST",
            f"{_PRICING}/rate-cards/getRates",
            body={"rate_card_id": card_id, "at": at},
        )
        yield Question(
            "v1.contracts.rate_cards.retrieve_rate_schedule",
            "POST",
            f"{_PRICING}/rate-cards/getRateSchedule",
            body={"rate_card_id": card_id, "starting_at": at},
        )


def _usage_questions() -> Iterator[Question]:
    world = pretend_world()
    gpu = metronome_metric(world.company.charges["gpu_a100"])
    user = next(key for key, each in world.company.customers.items() if "gpu_a100" in each.charges)
    by = [{"id": gpu, "group_by": {"key": "gpu"}}]
    yield Question("v1.usage.list", "POST", "/v1/usage", body=_DAYS | {"window_size": "DAY"})
    body = _DAYS | {"window_size": "NONE", "billable_metrics": by}
    yield Question("v1.usage.list", "POST", "/v1/usage", body=body)
    body = _DAYS | {
        "window_size": "none",
        "customer_id": metronome_customer(user),
        "billable_metric_id": gpu,
        "group_key": ["gpu"],
    }
    yield Question("v1.usage.list_with_groups", "POST", "/v1/usage/groups", body=body)
    sent = [event.event_id for event in world.metronome.events[:3]]
    yield Question(
        "v1.usage.search", "POST", "/v1/events/search", body={"transactionIds": [*sent, "evt-stray-1"]}
    )


def _customer_questions(key: str) -> Iterator[Question]:
    customer_id = metronome_customer(key)
    own = {"customer_id": customer_id}
    flags = {
        **own,
        "include_ledgers": True,
        "include_balance": True,
        "include_contract_balances": True,
        "include_contract_commits": True,
    }
    contract_id = ask("POST", "/v2/contracts/list", own)["data"][0]["id"]
    of_contract, name = own | {"contract_id": contract_id}, {"schedule_name": "discounts"}
    for sdk, path, body in (
        ("v2.contracts.list", "/v2/contracts/list", flags),
        ("v2.contracts.retrieve", "/v2/contracts/get", flags | of_contract),
        ("v1.contracts.list_balances", "/v1/contracts/customerBalances/list", flags),
        ("v1.contracts.get_net_balance", "/v1/contracts/customerBalances/getNetBalance", own),
        ("v1.customers.commits.list", "/v1/contracts/customerCommits/list", flags),
        ("v1.customers.credits.list", "/v1/contracts/customerCredits/list", flags),
        (
            "v1.customers.retrieve_billing_configurations",
            "/v1/getCustomerBillingProviderConfigurations",
            own,
        ),
        ("v1.contracts.retrieve_rate_schedule", "/v1/contracts/getContractRateSchedule", of_contract),
        ("v1.customers.alerts.list", "/v1/customer-alerts/list", own),
        ("v1.customers.alerts.retrieve", "/v1/customer-alerts/get", own | {"alert_id": LOW_BALANCE}),
        (None, "/v1/customers/getNamedSchedule", own | name),
        (None, "/v1/contracts/getNamedSchedule", of_contract | name),
        (None, "/v1/contracts/listNamedSchedules", of_contract),
    ):
        yield Question(sdk, "POST", path, body=body)
    yield Question("v1.customers.retrieve", "GET", "/v1/customers/{customer_id}", own)
    path = "/v1/customers/{customer_id}/billable-metrics"
    yield Question("v1.customers.list_billable_metrics", "GET", path, own)
    path = "/v1/customers/{customer_id}/invoices"
    yield Question("v1.customers.invoices.list", "GET", path, own)
    yield Question("v1.customers.invoices.list_breakdowns", "GET", f"{path}/breakdowns", own, query=_DAYS)
    for invoice in ask("GET", path.format(**own))["data"][:1]:
        one = own | {"invoice_id": invoice["id"]}
        yield Question("v1.customers.invoices.retrieve", "GET", f"{path}/{{invoice_id}}", one)
