"""The sandbox in a process of its own, so that a benchmark measures only the side that asks."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from parity_pipeline.sandbox.disruptions import Asked, Disruption, Page
from parity_pipeline.sandbox.server import running_sandbox
from parity_pipeline.sandbox.world import build_world

AS_OF = datetime(2026, 6, 10, tzinfo=UTC)


@dataclass(frozen=True)
class Sent:
    """A request as the server saw it."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes

    @property
    def is_for_metronome(self) -> bool:
        """Which of the two servers it went to."""
        only_there = ("/v1/billable-metrics", "/v1/credit-types/list")
        return (
            self.method == "POST"
            or self.path in only_there
            or "only_archived" in self.query
            or self.path.startswith("/v1/customers/")
        )


@dataclass(frozen=True)
class Serving:
    """How the sandbox is to be served."""

    customers: int
    requests_per_second: int | None = None
    disruptions: tuple[Disruption, ...] = ()
    is_recording: bool = False


@dataclass
class Server:
    """A running sandbox: its variables, and what it was asked when it records."""

    variables: dict[str, str]
    pipe: "Connection[str, object]"

    def sent(self) -> Sequence[Sent]:
        """The requests so far."""
        self.pipe.send("sent")
        found = self.pipe.recv()
        return found if isinstance(found, list) else []


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


def _serve(how: Serving, folder: Path, pipe: "Connection[object, str]") -> None:
    seen: list[Sent] = []

    def record(asked: Asked, page: Page) -> Page:
        seen.append(Sent(asked.method, asked.path, dict(asked.query), asked.body))
        return page

    world = build_world(seed=7, as_of=AS_OF, customers=how.customers)
    recorder = (Disruption("", "changed", change=record),) if how.is_recording else ()
    with running_sandbox(
        world,
        folder=folder,
        disruptions=(*how.disruptions, *recorder),
        requests_per_second=how.requests_per_second,
    ) as sandbox:
        pipe.send(sandbox.variables())
        while pipe.recv() != "stop":
            pipe.send(seen)
