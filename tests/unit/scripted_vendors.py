"""A vendor whose answers a test writes down, behind the real SDKs and transport; and a sink in memory."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from parity_pipeline.periods import Window
from parity_pipeline.sources.answered import Answered
from parity_pipeline.sources.guard import METRONOME_READS, STRIPE_READS
from parity_pipeline.sources.ledger import RequestCount
from parity_pipeline.sources.limits import Limits
from parity_pipeline.sources.metronome_api import MetronomeAccess, MetronomeApi
from parity_pipeline.sources.records import Record
from parity_pipeline.sources.resources import Resource
from parity_pipeline.sources.sink import Lander
from parity_pipeline.sources.stripe_api import StripeAccess, StripeApi
from parity_pipeline.sources.transport import ReadOnlyTransport, Timing

WINDOW = Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 3, 12, tzinfo=UTC))
BASE = "http://vendor.test"


@dataclass(frozen=True)
class Asked:
    """A request as the vendor saw it."""

    method: str
    path: str
    query: dict[str, str]
    body: dict[str, Any]


Answer = Callable[[Asked], Any]


@dataclass
class ScriptedVendor:
    """Answers by a function from the request to a JSON value, bytes, or (status, JSON value)."""

    answer: Answer
    asked: list[Asked] = field(default_factory=list)

    def app(self) -> Starlette:
        """The vendor as an app."""
        return Starlette(routes=[Route("/{path:path}", self._serve, methods=["GET", "POST"])])

    async def _serve(self, request: Request) -> Response:
        raw = await request.body()
        asked = Asked(
            request.method, request.url.path, dict(request.query_params), json.loads(raw) if raw else {}
        )
        self.asked.append(asked)
        said = self.answer(asked)
        status, said = said if isinstance(said, tuple) else (200, said)
        content = said if isinstance(said, bytes) else json.dumps(said).encode()
        return Response(content, status_code=status, media_type="application/json")


@dataclass
class MemorySink:
    """Keeps what was read, by resource name."""

    rows: defaultdict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    contexts: defaultdict[str, list[tuple[str, ...]]] = field(default_factory=lambda: defaultdict(list))
    notes: dict[str, str | None] = field(default_factory=dict)

    def append(
        self,
        resource: Resource,
        records: Sequence[Record],
        *,
        account: str,
        context: tuple[str, ...] = (),
        requests: int = 1,
    ) -> None:
        """Keep a page."""
        assert (account, requests >= 0) == ("default", True)
        self.rows[resource.name] += records
        self.contexts[resource.name] += [context] * len(records)

    def finish(
        self, resource: Resource, *, account: str, watermark: datetime, note: str | None = None
    ) -> int:
        """Remember that a resource was read in full."""
        assert (account, watermark.tzinfo) == ("default", UTC)
        self.notes[resource.name] = note
        return len(self.rows[resource.name])

    def answered(self, resource: Resource, answered: Answered, *, account: str) -> None:
        """Nothing is remembered."""

    def close(self, *, requests: Sequence[RequestCount] = (), error: str | None = None) -> None:
        """Nothing to close."""


def lander(sink: MemorySink) -> Lander:
    """The way into a sink."""
    return Lander(sink, "default")


def read_stripe(
    vendor: ScriptedVendor,
    work: Callable[[StripeApi], Coroutine[Any, Any, None]],
    *,
    max_pages: int = 50,
    metadata_keys: tuple[str, ...] = (),
) -> None:
    """Do some reading from a scripted Stripe."""

    async def run() -> None:
        api = StripeApi(
            StripeAccess(SecretStr("rk_test_1"), BASE, metadata_keys=metadata_keys),
            _transport("stripe", vendor),
            max_pages=max_pages,
        )
        try:
            await work(api)
        finally:
            await api.aclose()

    asyncio.run(run())


def read_metronome(
    vendor: ScriptedVendor, work: Callable[[MetronomeApi], Coroutine[Any, Any, None]], *, max_pages: int = 50
) -> None:
    """Do some reading from a scripted Metronome."""

    async def run() -> None:
        api = MetronomeApi(
            MetronomeAccess(SecretStr("token-1"), BASE),
            _transport("metronome", vendor),
            max_pages=max_pages,
        )
        try:
            await work(api)
        finally:
            await api.aclose()

    asyncio.run(run())


def _transport(source: Any, vendor: ScriptedVendor) -> ReadOnlyTransport:
    async def no_sleep(_: float) -> None:
        return

    return ReadOnlyTransport(
        source=source,
        base_url=BASE,
        reads=STRIPE_READS if source == "stripe" else METRONOME_READS,
        limits=Limits(concurrent=4),
        inner=httpx.ASGITransport(vendor.app()),
        timing=Timing(sleep=no_sleep),
    )
