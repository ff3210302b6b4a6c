"""Stripe's meters: which events are counted, and what they add up to for a customer in a window."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from parity_pipeline.sandbox import ids
from parity_pipeline.sandbox.company import Charge, Formula, UsageEvent
from parity_pipeline.sandbox.stripe_side.amounts import unix
from parity_pipeline.sandbox.world import Told

_IDENTIFIER_KEPT = timedelta(hours=24)


@dataclass(frozen=True)
class Bucket:
    """What a meter counted between two instants, `end` not included."""

    start: int
    end: int
    value: Decimal


@dataclass
class Series:
    """One customer's events on one meter, in order of time, with a running total."""

    formula: Formula
    times: list[int] = field(default_factory=list)
    values: list[Decimal] = field(default_factory=list)
    running: list[Decimal] = field(default_factory=lambda: [Decimal(0)])

    def add(self, at: int, value: Decimal) -> None:
        """Count one event; events come in order of time."""
        self.times.append(at)
        self.values.append(value)
        self.running.append(self.running[-1] + (1 if self.formula == "count" else value))

    def total(self, start: int, end: int) -> Decimal | None:
        """The value of a window, or None when nothing happened in it."""
        first, last = bisect_left(self.times, start), bisect_left(self.times, end)
        if first == last:
            return None
        return self.values[last - 1] if self.formula == "last" else self.running[last] - self.running[first]

    def buckets(self, start: int, end: int, seconds: int) -> list[Bucket]:
        """The windows of a length in which something happened, newest first."""
        first, last = bisect_left(self.times, start), bisect_left(self.times, end)
        starts = sorted({at - at % seconds for at in self.times[first:last]}, reverse=True)
        found = [(opens, self.total(opens, opens + seconds)) for opens in starts]
        return [Bucket(opens, opens + seconds, value) for opens, value in found if value is not None]


@dataclass(frozen=True)
class Rejected:
    """An event that Stripe dropped after it had answered 200."""

    event: UsageEvent
    code: str


@dataclass(frozen=True)
class Meters:
    """Everything that was counted, by customer key and event name."""

    series: dict[tuple[str, str], Series]
    rejected: tuple[Rejected, ...]

    def usage(self, customer: str, event_name: str, start: int, end: int) -> Decimal:
        """The quantity that an invoice bills for a window; nothing is 0."""
        series = self.series.get((customer, event_name))
        return (series.total(start, end) if series else None) or Decimal(0)


def count_events(told: Told) -> Meters:
    """Route each event to its meter, as Stripe does: same identifier within a day counts once."""
    by_event = _charges_by_event(told.charges.values())
    series: dict[tuple[str, str], Series] = {}
    rejected: list[Rejected] = []
    last_seen: dict[str, UsageEvent] = {}
    for event in sorted(told.events, key=lambda each: each.at):
        earlier = last_seen.get(event.event_id)
        if earlier is not None and event.at - earlier.at < _IDENTIFIER_KEPT:
            continue
        last_seen[event.event_id] = event
        charge = _charge_for(event, by_event)
        if event.customer not in told.customers:
            rejected.append(Rejected(event, "meter_event_customer_not_found"))
        elif charge is None:
            rejected.append(Rejected(event, "no_meter"))
        else:
            place = (event.customer, ids.stripe_event_name(charge))
            series.setdefault(place, Series(charge.formula)).add(unix(event.at), event.value)
    return Meters(series, tuple(rejected))


def _charges_by_event(charges: Iterable[Charge]) -> dict[str, list[Charge]]:
    by_event: dict[str, list[Charge]] = defaultdict(list)
    for charge in charges:
        by_event[charge.event_name].append(charge)
    return by_event


def _charge_for(event: UsageEvent, by_event: dict[str, list[Charge]]) -> Charge | None:
    for charge in by_event.get(event.event_name, ()):
        if charge.dimension is None or event.properties.get(charge.dimension) == charge.dimension_value:
            return charge
    return None
