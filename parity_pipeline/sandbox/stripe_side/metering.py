"""Stripe's meters: which events are counted, and what they add up to for a customer in a window.

What a meter says depends on when it is asked: events arrive late, and some are taken back.
"""

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from parity_pipeline.sandbox import ids
from parity_pipeline.sandbox.facts import Charge, Formula, UsageEvent
from parity_pipeline.sandbox.stripe_side.amounts import unix
from parity_pipeline.sandbox.world import Told

_IDENTIFIER_KEPT = timedelta(hours=24)
_ADJUSTABLE = timedelta(hours=24)


@dataclass(frozen=True)
class Bucket:
    """What a meter counted between two instants, `end` not included."""

    start: int
    end: int
    value: Decimal


@dataclass(frozen=True, slots=True)
class OddEvent:
    """An event that counts only from its late arrival on, or only until it was taken back."""

    at: int
    value: Decimal
    received: int
    cancelled: int | None

    def counts(self, known_at: int | None) -> bool:
        """Whether it counts when the meter is asked at an instant; None is now."""
        if known_at is None:
            return self.cancelled is None
        return self.received <= known_at and (self.cancelled is None or known_at < self.cancelled)


@dataclass(slots=True)
class Series:
    """One customer's events on one meter, in order of time; late and cancelled ones apart."""

    formula: Formula
    times: "array[int]" = field(default_factory=lambda: array("q"))
    values: list[Decimal] = field(default_factory=list)
    odd: list[OddEvent] = field(default_factory=list)

    def add(self, at: int, value: Decimal) -> None:
        """Count one event; events come in order of time."""
        self.times.append(at)
        self.values.append(value)

    def total(self, start: int, end: int, known_at: int | None = None) -> Decimal | None:
        """The value of a window as it was known then, or None when nothing had happened in it."""
        first, last = bisect_left(self.times, start), bisect_left(self.times, end)
        odd = [each for each in self.odd if start <= each.at < end and each.counts(known_at)]
        if first == last and not odd:
            return None
        if self.formula == "count":
            return Decimal(last - first + len(odd))
        if self.formula == "sum":
            return sum(self.values[first:last], Decimal(0)) + sum(each.value for each in odd)
        found = [(self.times[last - 1], self.values[last - 1])] if first < last else []
        return max([*found, *((each.at, each.value) for each in odd)], key=lambda each: each[0])[1]

    def buckets(self, start: int, end: int, seconds: int) -> list[Bucket]:
        """The windows of a length in which something happened, newest first, as they are known now."""
        first, last = bisect_left(self.times, start), bisect_left(self.times, end)
        times = {at - at % seconds for at in self.times[first:last]}
        times |= {each.at - each.at % seconds for each in self.odd if start <= each.at < end}
        found = [(opens, self.total(opens, opens + seconds)) for opens in sorted(times, reverse=True)]
        return [Bucket(opens, opens + seconds, value) for opens, value in found if value is not None]


@dataclass(frozen=True)
class Rejected:
    """An event that Stripe dropped after it had answered 200; `meter` is the event name of its meter."""

    event: UsageEvent
    code: str
    meter: str | None = None


@dataclass(frozen=True)
class Meters:
    """Everything that was counted, by customer key and event name."""

    series: dict[tuple[str, str], Series]
    rejected: tuple[Rejected, ...]

    def usage(
        self, customer: str, event_name: str, start: int, end: int, *, known_at: int | None = None
    ) -> Decimal:
        """The quantity that an invoice bills for a window, as it was known then; nothing is 0."""
        series = self.series.get((customer, event_name))
        return (series.total(start, end, known_at) if series else None) or Decimal(0)


def count_events(told: Told, now: datetime, *, is_sent: Callable[[str], bool] = bool) -> Meters:
    """Route what was received by now to its meter, as Stripe does.

    `is_sent` says whether a customer's events were sent to the account that the meters are of.
    """
    meters = _Router(told.charges.values())
    series: dict[tuple[str, str], Series] = {}
    rejected: list[Rejected] = []
    for event in _accepted(told.events, now):
        if not is_sent(event.customer):
            continue
        found = meters.route(event)
        if found is None:
            rejected.append(Rejected(event, "no_meter"))
            continue
        name, formula = found
        if event.customer not in told.customers:
            rejected.append(Rejected(event, "meter_event_customer_not_found", name))
        elif event.sent_value is not None and formula != "count":
            rejected.append(Rejected(event, "meter_event_invalid_value", name))
        else:
            place = (event.customer, name)
            if place not in series:
                series[place] = Series(formula)
            _count(series[place], event, now)
    return Meters(series, tuple(rejected))


def _accepted(events: Iterable[UsageEvent], now: datetime) -> Iterator[UsageEvent]:
    """What was received by now, in order of time; an identifier counts once within a day of its receipt."""
    received = [event for event in events if event.received_at <= now and event.at <= now]
    last_seen: dict[str, datetime] = {}
    dropped: set[int] = set()
    for event in sorted(received, key=lambda each: each.received_at):
        earlier = last_seen.get(event.event_id)
        if earlier is not None and event.received_at - earlier < _IDENTIFIER_KEPT:
            dropped.add(id(event))
        else:
            last_seen[event.event_id] = event.received_at
    received.sort(key=lambda each: each.at)
    return (event for event in received if id(event) not in dropped)


def _count(series: Series, event: UsageEvent, now: datetime) -> None:
    cancelled_at = event.cancelled_at
    if cancelled_at is not None and not (
        cancelled_at <= now and cancelled_at - event.received_at <= _ADJUSTABLE
    ):
        cancelled_at = None  # not yet, or too late for Stripe to take it back
    if cancelled_at is None and not event.late_by_seconds:
        series.add(unix(event.at), event.value)
        return
    cancelled = None if cancelled_at is None else unix(cancelled_at)
    series.odd.append(OddEvent(unix(event.at), event.value, unix(event.received_at), cancelled))


class _Router:
    """Which meter an event is for: the one of its name, or of its name and the value of its dimension."""

    def __init__(self, charges: Iterable[Charge]) -> None:
        self._by_event: dict[str, list[tuple[Charge, str]]] = defaultdict(list)
        for charge in charges:
            self._by_event[charge.event_name].append((charge, ids.stripe_event_name(charge)))

    def route(self, event: UsageEvent) -> tuple[str, Formula] | None:
        """The meter's event name and its formula."""
        for charge, name in self._by_event.get(event.event_name, ()):
            if charge.dimension is None or event.properties.get(charge.dimension) == charge.dimension_value:
                return name, charge.formula
        return None
