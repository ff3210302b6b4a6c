"""Ingestion: which events Metronome took in by now, each once, and what it made of the odd ones.

What the taken-in events add up to is in usage.py.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from parity_pipeline.sandbox.facts import UsageEvent
from parity_pipeline.sandbox.metronome_side.usage import Record, Usage

DEDUPLICATION = timedelta(days=34)
"""How long a transaction id is remembered."""

_KEPT = 8192
"""The aggregated usage of so many customers and metrics is kept; more is added up again when asked for."""


class UsageStore:
    """All usage of one environment, by customer key and event name, as it is known at one instant."""

    def __init__(
        self, events: Iterable[UsageEvent], group_keys: Mapping[str, tuple[str, ...]], now: datetime
    ) -> None:
        """`group_keys` names the metrics by event name, and the properties they group by."""
        self._group_keys = group_keys
        self._now = now
        self._matched: dict[str, dict[str, list[UsageEvent]]] = {}
        for event in events:
            if event.event_name in group_keys and event.received_at <= now:
                by_name = self._matched.setdefault(event.customer, {})
                by_name.setdefault(event.event_name, []).append(event)
        self._made = lru_cache(_KEPT)(self._make)

    def of(self, customer: str, event_name: str) -> Usage | None:
        """A customer's usage; None when there never was any."""
        return self._made(customer, event_name) if event_name in self.used_by(customer) else None

    def used_by(self, customer: str) -> Iterable[str]:
        """The event names that a customer has sent."""
        return self._matched.get(customer, {}).keys()

    def _make(self, customer: str, event_name: str) -> Usage:
        events = self._matched[customer][event_name]
        return Usage(list(taken_in(events, self._now)), self._group_keys[event_name])


def taken_in(events: Sequence[UsageEvent], now: datetime) -> Iterator[Record]:
    """What is kept of one customer's events of one name.

    A transaction id that was taken in less than 34 days ago is dropped. An event that the application takes
    back is followed by a correction: the negative value at the same time, with a transaction id of its own.
    """
    first_seen: dict[str, datetime] = {}
    for event in sorted(events, key=lambda each: each.received_at):
        received_at = event.received_at
        seen = first_seen.get(event.event_id)
        if seen is not None and received_at - seen < DEDUPLICATION:
            continue
        first_seen[event.event_id] = received_at
        value = event.value if event.sent_value is None else None
        yield Record(event.at, received_at, value, event.properties)
        if event.cancelled_at is not None and event.cancelled_at <= now and value is not None:
            yield Record(event.at, event.cancelled_at, -value, event.properties)
