"""The sandbox in a process of its own, so that a benchmark measures only the side that asks.

A question that was asked before is answered from memory, so that the work of pretending costs nothing.
"""

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parity_pipeline.sandbox.disruptions import Disrupted, Disruption
from parity_pipeline.sandbox.metronome_side.api import metronome_app
from parity_pipeline.sandbox.server import METRONOME_TOKEN, STRIPE_KEY, write_configuration
from parity_pipeline.sandbox.serving import served_together
from parity_pipeline.sandbox.stripe_side.admission import RateLimit
from parity_pipeline.sandbox.stripe_side.api import stripe_app
from parity_pipeline.sandbox.stripe_side.errors import StripeError
from parity_pipeline.sandbox.world import build_world
from parity_pipeline.sources.guard import METRONOME_READS, STRIPE_READS, Guard, Read

AS_OF = datetime(2026, 6, 10, tzinfo=UTC)
_BASE: Final = "http://sandbox"


@dataclass(frozen=True)
class Sent:
    """A request as the server saw it; `is_for_metronome` tells to which of the two servers it came."""

    method: str
    path: str
    query: str
    body: bytes
    is_for_metronome: bool


@dataclass(frozen=True)
class Serving:
    """How the sandbox is to be served."""

    customers: int
    disruptions: tuple[Disruption, ...] = ()


@dataclass
class Server:
    """A running sandbox: its variables, what it was asked, and the limits that it enforces from now on."""

    variables: dict[str, str]
    pipe: "Connection[object, object]"

    def sent(self) -> Sequence[Sent]:
        """The different requests so far."""
        self.pipe.send("sent")
        found = self.pipe.recv()
        return found if isinstance(found, list) else []

    def holding(self) -> int:
        """How many of the different answers so far held anything."""
        self.pipe.send("holding")
        found = self.pipe.recv()
        return found if isinstance(found, int) else 0

    def limit(self, requests_per_second: int | None) -> None:
        """Refuse what is above so many requests in any second, or a quarter of them at one endpoint."""
        self.pipe.send(requests_per_second)
        self.pipe.recv()


@contextmanager
def serving(how: Serving, folder: Path) -> Iterator[Server]:
    """Serve it in another process until the block ends."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(how, folder, theirs))
    process.start()
    try:
        variables = ours.recv()
        yield Server(variables, ours)
    finally:
        ours.send("stop")
        process.join(timeout=30)


@dataclass
class _Remembered:
    """An app that works out each answer once, and refuses what comes too fast."""

    app: ASGIApp
    is_for_metronome: bool
    reads: tuple[Read, ...]
    limit: RateLimit = field(default_factory=lambda: RateLimit(None, time.monotonic))
    answers: dict[Sent, list[Message]] = field(default_factory=dict)

    @property
    def holding(self) -> int:
        """How many answers are no empty listing."""
        bodies = (b"".join(one.get("body", b"") for one in each) for each in self.answers.values())
        return sum(not re.search(rb'"data": ?\[\]', body) for body in bodies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self.limit.check(Guard(_BASE, self.reads).endpoint(scope["method"], _BASE + scope["path"]))
        except StripeError as refused:
            headers = [(name.lower().encode(), text.encode()) for name, text in refused.headers.items()]
            await send({"type": "http.response.start", "status": 429, "headers": headers})
            await send({"type": "http.response.body", "body": b"{}"})
            return
        body, is_open = b"", True
        while is_open:
            message = await receive()
            body += message.get("body", b"")
            is_open = message.get("more_body", False)
        query = scope["query_string"].decode()
        asked = Sent(scope["method"], scope["path"], query, body, self.is_for_metronome)
        if asked not in self.answers:
            self.answers[asked] = await self._answer(scope, body)
        for message in self.answers[asked]:
            await send(message)

    async def _answer(self, scope: Scope, body: bytes) -> list[Message]:
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        async def replay() -> Message:
            await asyncio.sleep(0)
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, replay, keep)
        return messages


def _serve(how: Serving, folder: Path, pipe: "Connection[object, object]") -> None:
    world = build_world(seed=7, as_of=AS_OF, customers=how.customers)
    config = write_configuration(world, folder)
    stripe = _Remembered(stripe_app(world, api_key=STRIPE_KEY), is_for_metronome=False, reads=STRIPE_READS)
    metronome = _Remembered(
        metronome_app(world, token=METRONOME_TOKEN), is_for_metronome=True, reads=METRONOME_READS
    )
    apps = [(Disrupted(each, how.disruptions), 0) for each in (stripe, metronome)]
    with served_together(*apps) as urls:
        pipe.send(
            {
                "STRIPE_API_KEY": STRIPE_KEY,
                "STRIPE_API_BASE": urls[0],
                "METRONOME_BEARER_TOKEN": METRONOME_TOKEN,
                "METRONOME_BASE_URL": urls[1],
                "PARITY_CONFIG": str(config),
            }
        )
        while (wish := pipe.recv()) != "stop":
            if wish == "sent":
                pipe.send([*stripe.answers, *metronome.answers])
                continue
            if wish == "holding":
                pipe.send(stripe.holding + metronome.holding)
                continue
            for each in (stripe, metronome):
                each.limit = RateLimit(wish if isinstance(wish, int) else None, time.monotonic)
            pipe.send("limited")
