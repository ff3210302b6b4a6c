"""Ingestion and aggregation: events in, the value of a metric between two instants out.

Nothing here knows products, prices or contracts.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from itertools import accumulate
from typing import Literal

from parity_pipeline.sandbox.company import UsageEvent
from parity_pipeline.sandbox.metronome_side.units import EXACT

Aggregation = Literal["SUM", "COUNT", "LATEST", "MAX", "UNIQUE"]
GroupValues = tuple[str | None, ...]
"""One value for each key of a metric's group key; None where an event lacks the property."""


@dataclass(frozen=True)
class Series:
    """The values of some events in order of time, with running totals."""

    times: tuple[datetime, ...]
    values: tuple[Decimal, ...]
    totals: tuple[Decimal, ...]

    def value(self, aggregation: Aggregation, start: datetime, end: datetime) -> Decimal | None:
        """The aggregate over [start, end); None when nothing happened in it."""
        first, last = bisect_left(self.times, start), bisect_left(self.times, end)
        if first >= last:
            return None
        return _AGGREGATES[aggregation](self, first, last)


def _summed(series: Series, first: int, last: int) -> Decimal:
    before = series.totals[first - 1] if first else Decimal(0)
    return EXACT.subtract(series.totals[last - 1], before)


_AGGREGATES: dict[Aggregation, Callable[[Series, int, int], Decimal]] = {
    "SUM": _summed,
    "COUNT": lambda _, first, last: Decimal(last - first),
    "LATEST": lambda series, _, last: series.values[last - 1],
    "MAX": lambda series, first, last: max(series.values[first:last]),
    "UNIQUE": lambda series, first, last: Decimal(len(set(series.values[first:last]))),
}


def series_of(events: Iterable[UsageEvent]) -> Series:
    """The series of some events; of two at the same instant the later sent one counts as the later."""
    ordered = sorted(events, key=lambda event: event.at)
    values = tuple(event.value for event in ordered)
    with localcontext(EXACT):
        totals = tuple(accumulate(values))
    return Series(tuple(event.at for event in ordered), values, totals)


@dataclass(frozen=True)
class Usage:
    """What one customer used of one metric, as a whole and for each group of property values."""

    whole: Series
    groups: Mapping[GroupValues, Series]


class UsageStore:
    """All usage of one environment, by customer key and event name."""

    def __init__(self, events: Sequence[UsageEvent], group_keys: Mapping[str, tuple[str, ...]]) -> None:
        """Keep each event id once; `group_keys` names the metrics by event name, and what they group by."""
        matched: dict[tuple[str, str], list[UsageEvent]] = {}
        seen: set[str] = set()
        for event in events:
            if event.event_name in group_keys and event.event_id not in seen:
                seen.add(event.event_id)
                matched.setdefault((event.customer, event.event_name), []).append(event)
        self._usage = {owner: _grouped(found, group_keys[owner[1]]) for owner, found in matched.items()}

    def of(self, customer: str, event_name: str) -> Usage | None:
        """A customer's usage; None when there never was any."""
        return self._usage.get((customer, event_name))


def _grouped(events: Sequence[UsageEvent], keys: tuple[str, ...]) -> Usage:
    groups: dict[GroupValues, list[UsageEvent]] = {}
    for event in events:
        groups.setdefault(tuple(event.properties.get(key) for key in keys), []).append(event)
    return Usage(
        whole=series_of(events),
        groups={values: series_of(members) for values, members in groups.items()},
    )
