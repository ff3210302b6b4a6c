"""The rules that Stripe's documents leave open, read the one way and the other."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from parity_pipeline.sandbox.facts import Charge, Company, CreditPack, Customer, Tier, UsageEvent
from parity_pipeline.sandbox.readings import OTHER_READINGS, Readings
from parity_pipeline.sandbox.stripe_side.amounts import unix
from parity_pipeline.sandbox.stripe_side.api import stripe_app
from parity_pipeline.sandbox.world import Told, World

START, END = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
NOW = datetime(2026, 10, 3, tzinfo=UTC)
TENTH: dict[str, tuple[Tier, ...]] = {"usd": (Tier(None, Decimal("0.001")),)}
CHARGES = {
    "calls": Charge("calls", "calls", "sum", "per_unit", TENTH),
    "files": Charge("files", "files", "sum", "per_unit", TENTH),
}
LIKELY = "likely"
KEY = {"Authorization": "Bearer key"}


class _Client:
    """Asks an app as a client with the right key would, without a network."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    def get(self, path: str, params: dict[str, Any] | None = None) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
                return await client.get(path, params=params, headers=KEY)

        return asyncio.run(ask())


def _customer(key: str, *, credit: str = "0") -> Customer:
    pack = CreditPack(f"pack-{key}", "paid", Decimal(credit), START)
    return Customer(
        key,
        "Customer",
        "usd",
        START,
        ("calls", "files"),
        "billing_provider",
        discount_percent=Decimal(20),
        credits=(pack,) if pack.amount else (),
    )


def _client(name: str) -> _Client:
    """The API over two customers who made 45 calls each, hence 4.5 cents; the second one has a credit."""
    customers = {each.key: each for each in (_customer("00001"), _customer("00002", credit="0.01"))}
    at = datetime(2026, 9, 10, 12, tzinfo=UTC)
    events = [UsageEvent(f"e{key}", key, "calls", at, Decimal(45)) for key in customers]
    told = Told(CHARGES, customers, events)
    company = Company(1, NOW, START, START, CHARGES, customers)
    readings = OTHER_READINGS.get(f"stripe.{name}", Readings())
    world = World(company, told, told, NOW, readings=readings)
    return _Client(stripe_app(world, api_key="key"))


def _invoice(name: str, customer: str) -> dict[str, Any]:
    found: dict[str, Any] = _client(name).get(f"/v1/invoices/in_{customer}_001").json()
    return found


@pytest.mark.parametrize(("name", "amount"), [(LIKELY, 5), ("half_cents=even", 4)])
def test_half_a_cent(name: str, amount: int) -> None:
    """4.5 cents are 5, or 4, which is even."""
    assert _invoice(name, "00001")["lines"]["data"][0]["amount"] == amount


@pytest.mark.parametrize(("name", "total"), [(LIKELY, 3), ("totals_net_of_credit=False", 4)])
def test_credit_in_the_total(name: str, total: int) -> None:
    """5 less 1 of discount and 1 of credit: due are 3, whatever the total says."""
    invoice = _invoice(name, "00002")
    assert (invoice["total"], invoice["total_excluding_tax"], invoice["amount_due"]) == (total, 3, 3)


@pytest.mark.parametrize(("name", "lines"), [(LIKELY, 2), ("zero_usage_lines=False", 1)])
def test_items_without_usage(name: str, lines: int) -> None:
    """Files were not used."""
    assert len(_invoice(name, "00001")["lines"]["data"]) == lines


def test_pretax_credit_amounts_name_discounts() -> None:
    """A line and an invoice without credit list their discount of 1."""
    invoice = _invoice(LIKELY, "00001")
    discount = {"amount": 1, "discount": "di_00001", "type": "discount"}
    assert invoice["total_pretax_credit_amounts"] == [discount]
    assert [each["pretax_credit_amounts"] for each in invoice["lines"]["data"]] == [[discount], []]


def test_pretax_credit_amounts_are_null_without_credit() -> None:
    """Also on the line without credit of an invoice that has some."""
    name = "pretax_credit_amounts=null_without_credit"
    without, with_credit = _invoice(name, "00001"), _invoice(name, "00002")
    assert without["total_pretax_credit_amounts"] is None
    assert len(with_credit["total_pretax_credit_amounts"]) == 2
    assert [each["pretax_credit_amounts"] is None for each in with_credit["lines"]["data"]] == [False, True]


def _summaries(name: str, meter: str, **options: str) -> list[dict[str, Any]]:
    window = {"start_time": str(unix(START)), "end_time": str(unix(END))}
    asked = {"customer": "cus_00001", "limit": "100", **window}
    path = f"/v1/billing/meters/mtr_{meter}/event_summaries"
    found: list[dict[str, Any]] = _client(name).get(path, params=asked | options).json()["data"]
    return found


@pytest.mark.parametrize(("name", "days"), [(LIKELY, 1), ("empty_summaries=zero", 30)])
def test_windows_without_events(name: str, days: int) -> None:
    """September has 30 days, on one of which something happened."""
    found = _summaries(name, "calls", value_grouping_window="day")
    assert len(found) == days
    assert sum(each["aggregated_value"] for each in found) == 45


@pytest.mark.parametrize(("name", "windows"), [(LIKELY, 0), ("empty_summaries=zero", 1)])
def test_a_meter_without_events(name: str, windows: int) -> None:
    """One window over the whole month, with 0, or none."""
    assert [each["aggregated_value"] for each in _summaries(name, "files")] == [0.0] * windows


def test_the_order_of_summaries() -> None:
    """Newest first, or oldest first; the pages follow it."""
    newest = _summaries("empty_summaries=zero", "calls", value_grouping_window="day")
    starts = [each["start_time"] for each in newest]
    assert starts == sorted(starts, reverse=True)
    (hour,) = _summaries("summaries_order=oldest_first", "calls", value_grouping_window="hour")
    assert hour["start_time"] == unix(datetime(2026, 9, 10, 12, tzinfo=UTC))
