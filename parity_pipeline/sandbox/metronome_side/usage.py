"""Aggregation: the value of a metric between two instants, as a whole and by group values.

Nothing here knows products, prices or contracts, or how events come in.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from functools import cached_property
from itertools import accumulate
from typing import Literal

from parity_pipeline.sandbox.metronome_side.units import EXACT

Aggregation = Literal["SUM", "COUNT", "LATEST", "MAX", "UNIQUE"]
GroupValues = tuple[str | None, ...]
"""One value for each key of a group key; None where an event lacks the property."""


@dataclass(frozen=True, slots=True)
class Record:
    """An event that was taken in. `value` is None where something else than a number was sent."""

    at: datetime
    received_at: datetime
    value: Decimal | None
    properties: Mapping[str, str]


@dataclass(frozen=True)
class Series:
    """The values of some events in order of time, with running totals."""

    times: tuple[datetime, ...]
    values: tuple[Decimal | None, ...]
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


def _numbers(series: Series, first: int, last: int) -> list[Decimal]:
    return [value for value in series.values[first:last] if value is not None]


_AGGREGATES: dict[Aggregation, Callable[[Series, int, int], Decimal | None]] = {
    "SUM": _summed,
    "COUNT": lambda _, first, last: Decimal(last - first),
    "LATEST": lambda *window: next(reversed(_numbers(*window)), None),
    "MAX": lambda *window: max(_numbers(*window), default=None),
    "UNIQUE": lambda series, first, last: Decimal(len(set(series.values[first:last]))),
}


def series_of(records: Iterable[Record]) -> Series:
    """The series of some records; of two at the same instant the later received one counts as the later."""
    ordered = sorted(records, key=lambda record: (record.at, record.received_at))
    values = tuple(record.value for record in ordered)
    with localcontext(EXACT):
        totals = tuple(accumulate(value or Decimal(0) for value in values))
    return Series(tuple(record.at for record in ordered), values, totals)


class Usage:
    """What one customer used of one metric; `keys` are all the properties that it can be told apart by."""

    def __init__(self, records: Sequence[Record], keys: tuple[str, ...]) -> None:
        """Nothing is added up before it is asked for."""
        self._records = records
        self._keys = keys
        self._grouped: dict[tuple[str, ...], Mapping[GroupValues, Series]] = {}

    @cached_property
    def whole(self) -> Series:
        """All of it."""
        return series_of(self._records)

    @property
    def groups(self) -> Mapping[GroupValues, Series]:
        """By the values of all the keys together."""
        return self.by(self._keys)

    def by(self, keys: tuple[str, ...]) -> Mapping[GroupValues, Series]:
        """By the values of some keys together, in that order."""
        if keys not in self._grouped:
            found: dict[GroupValues, list[Record]] = {}
            for record in self._records:
                found.setdefault(tuple(record.properties.get(key) for key in keys), []).append(record)
            self._grouped[keys] = {values: series_of(members) for values, members in found.items()}
        return self._grouped[keys]

    def known_at(self, moment: datetime) -> "Usage":
        """What had been received by then of everything that had happened."""
        if not any(record.at < moment < record.received_at for record in self._late):
            return self
        return Usage([record for record in self._records if record.received_at <= moment], self._keys)

    @cached_property
    def _late(self) -> list[Record]:
        return [record for record in self._records if record.received_at > record.at]
