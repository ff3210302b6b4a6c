"""Where the readers put what they read; the landing implements it, they know only this."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from parity_pipeline.sources.ledger import RequestCount
from parity_pipeline.sources.records import Record
from parity_pipeline.sources.resources import Resource


class Sink(Protocol):
    """Takes records page by page."""

    def append(
        self,
        resource: Resource,
        records: Sequence[Record],
        *,
        account: str,
        context: tuple[str, ...] = (),
        requests: int = 1,
    ) -> None:
        """Keep one page and the number of requests it took."""

    def finish(
        self, resource: Resource, *, account: str, watermark: datetime, note: str | None = None
    ) -> int:
        """All of a resource up to the watermark has been read; returns its rows."""

    def close(self, *, requests: Sequence[RequestCount] = (), error: str | None = None) -> None:
        """Nothing more comes; with an error the pull is incomplete."""


@dataclass(frozen=True)
class Lander:
    """A sink for one account that tells how far it is."""

    sink: Sink
    account: str
    on_progress: Callable[[str], None] | None = None

    def append(
        self,
        resource: Resource,
        records: Sequence[Record],
        *,
        context: tuple[str, ...] = (),
        requests: int = 1,
    ) -> None:
        """Keep one page."""
        self.sink.append(resource, records, account=self.account, context=context, requests=requests)

    def finish(self, resource: Resource, *, watermark: datetime, note: str | None = None) -> None:
        """All of a resource has been read."""
        rows = self.sink.finish(resource, account=self.account, watermark=watermark, note=note)
        if self.on_progress is not None:
            self.on_progress(f"{resource.key}: {rows} rows" + (f" ({note})" if note else ""))
