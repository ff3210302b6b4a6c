"""The peak of memory when a Stripe account of any size is read from pages below the transport.

Every customer has a subscription with one metered item, an invoice with two lines, and thirty days of usage.
"""

import asyncio
import json
import multiprocessing
import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from parity_pipeline.landing import read_manifest
from parity_pipeline.landing_writer import LandingWriter
from parity_pipeline.periods import Window
from parity_pipeline.sources.guard import STRIPE_READS
from parity_pipeline.sources.journal import Journal, Purpose
from parity_pipeline.sources.limits import Limits
from parity_pipeline.sources.sink import Lander
from parity_pipeline.sources.stripe import StripeLists
from parity_pipeline.sources.stripe_api import StripeAccess, StripeApi
from parity_pipeline.sources.stripe_usage import StripeUsage
from parity_pipeline.sources.transport import ReadOnlyTransport

BASE = "http://vendor.test"
WINDOW = Window(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 31, tzinfo=UTC))
START, END = 1_777_593_600, 1_780_185_600
DAY = 86_400


def recorded_memory(customers: int) -> str:
    """A line with the peak of a process that reads so many customers."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (customers,))


def _measured(customers: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        cpu = time.process_time()
        rows, requests = asyncio.run(_read(Path(folder), customers))
        cpu = time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"{customers} customers of Stripe from recorded pages: {rows} rows, {requests} requests, "
        f"{cpu:.0f} s of CPU, peak {peak:.0f} MB beside {before:.0f} MB before"
    )


async def _read(folder: Path, customers: int) -> tuple[int, int]:
    transport = ReadOnlyTransport(
        source="stripe",
        base_url=BASE,
        reads=STRIPE_READS,
        limits=Limits(16),
        inner=httpx.MockTransport(lambda request: _answer(request, customers)),
    )
    journal = Journal(folder / "journal", Purpose.of("recorded"), now=datetime.now(UTC))
    api = StripeApi(StripeAccess(SecretStr("rk_test_1"), BASE), transport, journal=journal)
    writer = LandingWriter(folder / "run", "recorded", WINDOW)
    lander = Lander(writer, "default", read_at=journal.began_at)
    lists, named = StripeLists(api, lander, WINDOW), asyncio.Future[list[str]]()
    named.set_result([])
    for read in (lists.customers, lists.subscriptions, lists.prices, lists.meters, lists.invoices):
        await read()
    await StripeUsage(api, lander, WINDOW).summaries(lists.facts, named, named)
    await api.aclose()
    writer.close()
    journal.drop()
    return sum(each.rows for each in read_manifest(writer.folder).resources), sum(
        each.requests for each in transport.ledger.counts()
    )


def _answer(request: httpx.Request, customers: int) -> httpx.Response:
    path, params = request.url.path, request.url.params
    if path.endswith("/event_summaries"):
        days = range(START, END, DAY)
        return _page([_bucket(params["customer"], day) for day in days], has_more=False)
    if path == "/v1/billing/meters":
        return _page([_METER] if params["status"] == "active" else [], has_more=False)
    if path == "/v1/prices":
        return _page([_PRICE], has_more=False)
    kind = {"/v1/customers": _customer, "/v1/subscriptions": _subscription, "/v1/invoices": _invoice}[path]
    last = params.get("starting_after")
    first = int(last.partition("_")[2]) + 1 if last else 0
    numbers = range(first, min(first + 100, customers))
    return _page([kind(number) for number in numbers], has_more=first + 100 < customers)


def _page(data: list[dict[str, Any]], *, has_more: bool) -> httpx.Response:
    return httpx.Response(200, content=json.dumps({"data": data, "has_more": has_more}).encode())


_PRICE: dict[str, Any] = {
    "id": "price_1",
    "active": True,
    "billing_scheme": "per_unit",
    "created": 1,
    "currency": "usd",
    "product": "prod_1",
    "type": "recurring",
    "unit_amount_decimal": "1",
    "recurring": {"interval": "month", "interval_count": 1, "usage_type": "metered", "meter": "meter_1"},
}
_METER: dict[str, Any] = {
    "id": "meter_1",
    "event_name": "calls",
    "status": "active",
    "created": 1,
    "default_aggregation": {"formula": "sum"},
}


def _customer(number: int) -> dict[str, Any]:
    return {"id": f"cus_{number}", "created": 1, "currency": "usd", "metadata": {}}


def _subscription(number: int) -> dict[str, Any]:
    item = {
        "id": f"si_{number}",
        "created": 1,
        "price": _PRICE,
        "current_period_start": START,
        "current_period_end": END,
    }
    return {
        "id": f"sub_{number}",
        "status": "active",
        "customer": f"cus_{number}",
        "currency": "usd",
        "created": 1,
        "start_date": 1,
        "billing_cycle_anchor": 1,
        "items": {"data": [item], "has_more": False},
    }


def _invoice(number: int) -> dict[str, Any]:
    lines = [
        {
            "id": f"il_{number}_{each}",
            "currency": "usd",
            "amount": 100,
            "quantity": 100,
            "period": {"start": START, "end": END},
            "pricing": {"price_details": {"price": "price_1", "product": "prod_1"}},
            "parent": {
                "type": "subscription_item_details",
                "subscription_item_details": {"subscription_item": f"si_{number}"},
            },
            "metadata": {},
        }
        for each in range(2)
    ]
    return {
        "id": f"in_{number}",
        "status": "paid",
        "currency": "usd",
        "customer": f"cus_{number}",
        "created": START,
        "period_start": START,
        "period_end": END,
        "total": 200,
        "lines": {"data": lines, "has_more": False},
    }


def _bucket(customer: str, start: int) -> dict[str, Any]:
    return {
        "id": f"mtrusg_{customer}_{start}",
        "meter": "meter_1",
        "start_time": start,
        "end_time": start + DAY,
        "aggregated_value": 7,
    }
