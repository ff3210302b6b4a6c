"""CPU of a page of 100 invoices with ten lines each: as the pipeline reads it, and by the SDK's objects."""

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import stripe
from pydantic import SecretStr

from parity_pipeline.landing_writer import LandingWriter
from parity_pipeline.periods import Window
from parity_pipeline.sources.guard import STRIPE_READS
from parity_pipeline.sources.journal import Journal, Purpose
from parity_pipeline.sources.limits import Limits
from parity_pipeline.sources.sink import Lander
from parity_pipeline.sources.stripe import StripeLists
from parity_pipeline.sources.stripe_api import StripeAccess, StripeApi
from parity_pipeline.sources.transport import ReadOnlyTransport

PAGES = 20
BASE = "http://vendor.test"
WINDOW = Window(datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 6, 10, tzinfo=UTC))


def cpu_by_page() -> Iterator[str]:
    """A line each for the pipeline with its journal, without it, and for the SDK's objects."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal", Purpose.of("pages"), now=datetime.now(UTC))
        with_journal = _ours(Path(folder) / "one", journal)
        journal.close()
        without = _ours(Path(folder) / "two", None)
    typed = _typed()
    yield f"CPU a page of 100 invoices: {with_journal:.1f} ms, {without:.1f} ms without the journal,"
    yield f"  {typed:.1f} ms by the SDK's typed auto-pagination, {typed / with_journal:.1f} times as much"


def _page(number: int) -> bytes:
    data = [_invoice(f"in_{number}_{each}") for each in range(100)]
    return json.dumps(
        {"object": "list", "url": "/v1/invoices", "data": data, "has_more": number + 1 < PAGES}
    ).encode()


def _served() -> httpx.MockTransport:
    pages = {f"in_{number - 1}_99" if number else "": _page(number) for number in range(PAGES)}
    return httpx.MockTransport(
        lambda request: httpx.Response(200, content=pages[request.url.params.get("starting_after", "")])
    )


def _ours(folder: Path, journal: Journal | None) -> float:
    transport = ReadOnlyTransport(
        source="stripe", base_url=BASE, reads=STRIPE_READS, limits=Limits(16), inner=_served()
    )

    async def run() -> None:
        api = StripeApi(StripeAccess(SecretStr("rk_test_1"), BASE), transport, journal=journal)
        writer = LandingWriter(folder, "bench", WINDOW)
        await StripeLists(api, Lander(writer, "default"), WINDOW).invoices()
        await api.aclose()

    began = time.process_time()
    asyncio.run(run())
    return (time.process_time() - began) / PAGES * 1000


def _typed() -> float:
    client = stripe.StripeClient(
        "rk_test_1", base_addresses={"api": BASE}, http_client=_SdkClient(httpx.Client(transport=_served()))
    )
    began = time.process_time()
    seen = sum(1 for _ in client.v1.invoices.list(params={"limit": 100}).auto_paging_iter())
    seconds = time.process_time() - began
    if seen != PAGES * 100:
        raise SystemExit(f"the SDK saw {seen} invoices instead of {PAGES * 100}")
    return seconds / PAGES * 1000


class _SdkClient(stripe.HTTPClient):
    """The SDK's door to HTTP."""

    name = "httpx"

    def __init__(self, client: httpx.Client) -> None:
        super().__init__()
        self._client = client

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,  # noqa: ANN401  # the SDK's signature
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        """Send one request."""
        answer = self._client.request(method.upper(), url, headers=dict(headers or {}), content=post_data)
        return answer.text, answer.status_code, answer.headers


def _invoice(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "object": "invoice",
        "status": "paid",
        "currency": "usd",
        "customer": "cus_1",
        "customer_email": "a@b.example",
        "created": 1_770_000_000,
        "billing_reason": "subscription_cycle",
        "period_start": 1_769_000_000,
        "period_end": 1_770_000_000,
        "total": 1000,
        "lines": {
            "object": "list",
            "has_more": False,
            "data": [_line(f"il_{name}_{each}") for each in range(10)],
        },
    }


def _line(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "object": "line_item",
        "currency": "usd",
        "amount": 100,
        "description": "1,000 calls at $0.001 each",
        "quantity": 1000,
        "period": {"start": 1_769_000_000, "end": 1_770_000_000},
        "pricing": {
            "type": "price_details",
            "price_details": {"price": "price_1", "product": "prod_1"},
            "unit_amount_decimal": "0.1",
        },
        "parent": {
            "type": "subscription_item_details",
            "subscription_item_details": {"subscription_item": "si_1", "subscription": "sub_1"},
        },
        "metadata": {},
        "discount_amounts": [],
        "taxes": [],
    }
