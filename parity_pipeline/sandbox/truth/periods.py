"""Billing periods: the ones that were agreed, and which of one side's is which of the other's.

What is billed for a period is not decided here. Half-open, UTC.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from parity_pipeline.sandbox.facts import Customer

APART: Final = timedelta(days=1)
"""Bounds that lie further apart than this are another period."""


@dataclass(frozen=True, order=True, slots=True)
class Span:
    """From `start` up to, not including, `end`."""

    start: datetime
    end: datetime

    def overlap(self, other: "Span") -> timedelta:
        """How much time both have in common; negative when they are apart."""
        return min(self.end, other.end) - max(self.start, other.start)

    def holds(self, moment: datetime) -> bool:
        """Whether an instant lies in it."""
        return self.start <= moment < self.end

    def is_apart_from(self, other: "Span") -> bool:
        """Whether a bound differs by more than a day."""
        return abs(self.start - other.start) > APART or abs(self.end - other.end) > APART

    def whole_days(self) -> "Span | None":
        """The whole UTC days in it; None when there is none."""
        start = midnight(self.start + timedelta(days=1) - timedelta(microseconds=1))
        end = midnight(self.end)
        return Span(start, end) if start < end else None


def billing_cycles(customer: Customer, until: datetime) -> Iterator[Span]:
    """The agreed billing periods that start before `until`, oldest first; the last one is cut at the end."""
    months = 12 if customer.interval == "year" else 1
    number = 0
    while True:
        start = _months_later(customer.started_at, number * months)
        end = _months_later(customer.started_at, (number + 1) * months)
        if customer.ended_at is not None:
            end = min(end, customer.ended_at)
        if start >= min(until, end):
            return
        yield Span(start, end)
        number += 1


def paired(ours: Iterable[Span], theirs: Iterable[Span]) -> list[tuple[Span | None, Span | None]]:
    """One to one by greatest overlap; what is left over stands alone. Of equal overlaps the earlier wins."""
    left, right = sorted(set(ours)), sorted(set(theirs))
    overlaps = ((one.overlap(other), one, other) for one in left for other in right)
    candidates = sorted(
        (each for each in overlaps if each[0] > timedelta(0)), key=lambda each: (-each[0], *each[1:])
    )
    pairs: list[tuple[Span | None, Span | None]] = []
    for _, one, other in candidates:
        if one in left and other in right:
            left.remove(one)
            right.remove(other)
            pairs.append((one, other))
    return [*pairs, *((one, None) for one in left), *((None, other) for other in right)]


def midnight(moment: datetime) -> datetime:
    """The first instant of a UTC day."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def hour_of(moment: datetime) -> datetime:
    """The first instant of an hour."""
    return moment.replace(minute=0, second=0, microsecond=0)


def holding(cycles: Sequence[Span], moment: datetime) -> Span | None:
    """The period that an instant lies in."""
    return next((cycle for cycle in cycles if cycle.holds(moment)), None)


def _months_later(moment: datetime, months: int) -> datetime:
    index = moment.year * 12 + moment.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))
