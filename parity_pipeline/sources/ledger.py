"""How many requests went to each endpoint, and what they cost; counted by the transport."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from parity_pipeline.sources.resources import Source


@dataclass(frozen=True)
class RequestCount:
    """The requests to one endpoint; `requests` includes the repeated ones."""

    source: Source
    endpoint: str
    requests: int
    retries: int
    throttled: int
    bytes: int
    waited_seconds: Decimal
    account: str = ""
    """The account, or the Metronome environment, as the landing names it."""
    resumed: int = 0
    """Questions that a pull which was cut short had answered."""
    spared: int = 0
    """Questions that an earlier landing answered."""
    planned: int | None = None
    """Requests that were foreseen; None when there was no plan."""

    @classmethod
    def none(cls, *, account: str, source: Source, endpoint: str) -> "RequestCount":
        """No request went to this endpoint."""
        return cls(source, endpoint, 0, 0, 0, 0, Decimal(0), account)


@dataclass
class _Tally:
    requests: int = 0
    retries: int = 0
    throttled: int = 0
    bytes: int = 0
    waited_seconds: float = 0.0
    resumed: int = 0
    spared: int = 0


class Ledger:
    """Counts by endpoint, an endpoint being the template of its path."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._tallies: defaultdict[str, _Tally] = defaultdict(_Tally)

    def count_request(self, endpoint: str, *, is_retry: bool) -> None:
        """One request leaves."""
        tally = self._tallies[endpoint]
        tally.requests += 1
        tally.retries += int(is_retry)

    def count_answer(self, endpoint: str, *, status: int, size: int) -> None:
        """One answer arrived in full."""
        tally = self._tallies[endpoint]
        tally.bytes += size
        tally.throttled += int(status == 429)

    def count_resumed(self, endpoint: str) -> None:
        """One question was answered by the journal."""
        self._tallies[endpoint].resumed += 1

    def count_spared(self, endpoint: str, questions: int) -> None:
        """So many questions were answered by an earlier landing."""
        self._tallies[endpoint].spared += questions

    def count_wait(self, endpoint: str, seconds: float) -> None:
        """Time spent waiting for a free slot or before a retry."""
        self._tallies[endpoint].waited_seconds += seconds

    def counts(self) -> list[RequestCount]:
        """All endpoints in order."""
        return [
            RequestCount(
                source=self._source,
                endpoint=endpoint,
                requests=tally.requests,
                retries=tally.retries,
                throttled=tally.throttled,
                bytes=tally.bytes,
                waited_seconds=Decimal(f"{tally.waited_seconds:.6f}"),
                resumed=tally.resumed,
                spared=tally.spared,
            )
            for endpoint, tally in sorted(self._tallies.items())
        ]
