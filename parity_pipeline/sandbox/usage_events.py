"""What the pretend company's customers used, event by event, and how the application sent it."""

import math
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from parity_pipeline.sandbox.facts import Charge, Company, Customer, UsageEvent

_A_DAY = {"storage_gb": 0.3, "messages": 6.0}
_TYPICAL_DAY = 1.4
_TYPICAL_VALUE = {
    "api_calls": 2000,
    "tokens": 900_000,
    "minutes": 90,
    "gpu_seconds": 1500,
    "storage_gb": 400,
    "bandwidth_gb": 40,
}
_REGIONS = ("us", "eu", "ap")
_TEAMS = ("red", "green", "blue")
_BUSY_FROM = 2000
"""From so many customers on, each is given fewer events, so that a large company stays in memory."""
_ODD_EVERY = 60
"""One event in so many is late, sent twice, taken back or malformed."""
_QUIET_EDGE = timedelta(days=4)


def usage_events(company: Company) -> Iterator[UsageEvent]:
    """Every event up to `as_of`, customer by customer and in order of time for each meter."""
    thinning = min(1.0, _BUSY_FROM / max(1, len(company.customers))) ** 0.75
    for customer in company.customers.values():
        chance = random.Random(f"{company.seed}:usage:{customer.key}")
        size = min(math.exp(chance.gauss(0, 1.3)), 60.0)  # a few customers are huge, most are small
        for key in customer.charges:
            if company.charges[key].beside is None:
                yield from _charge_events(company, customer, company.charges[key], size, thinning, chance)


def stray_events(company: Company) -> Iterator[UsageEvent]:
    """Events of a customer whom no vendor knows, and of a kind that nobody bills."""
    at = company.parallel_start + timedelta(days=9, hours=13)
    if at < company.as_of:
        yield UsageEvent("evt-stray-1", "nobody", "api_calls", at, Decimal(12), {"region": "us"})
        yield UsageEvent("evt-stray-2", next(iter(company.customers)), "unknown_thing", at, Decimal(1))


def _charge_events(
    company: Company, customer: Customer, charge: Charge, size: float, thinning: float, chance: random.Random
) -> Iterator[UsageEvent]:
    busy = math.sqrt(size) if charge.formula != "count" else size
    per_day = _A_DAY.get(charge.event_name, _TYPICAL_DAY) * min(busy, 5.0) * thinning
    end = company.as_of if customer.ended_at is None else min(company.as_of, customer.ended_at)
    moment, number = customer.started_at, 0
    while True:
        moment += timedelta(seconds=max(1, round(chance.expovariate(per_day) * 86400)))
        if moment >= end:
            return
        if _at_an_odd_edge(customer, moment):
            continue
        number += 1
        event = UsageEvent(
            event_id=f"evt-{customer.key}-{charge.key}-{number:06d}",
            customer=customer.key,
            event_name=charge.event_name,
            at=moment,
            value=_value(charge, size, chance),
            properties=_properties(charge, chance),
        )
        if chance.randrange(_ODD_EVERY) or not _far_from_edges(customer, moment, end):
            yield event
        else:
            yield from _sent_oddly(event, charge, chance)


def _at_an_odd_edge(customer: Customer, moment: datetime) -> bool:
    """Whether Metronome, which cuts at whole hours, would count it in another period than Stripe."""
    anchor = customer.started_at
    return (anchor.minute, anchor.second) != (0, 0) and moment.hour == anchor.hour


def _far_from_edges(customer: Customer, moment: datetime, end: datetime) -> bool:
    """Whether it may come days later and still be in time for its invoice, on both sides."""
    is_monthly = customer.started_at.day == 1 and customer.interval == "month" and not customer.billed_early
    return is_monthly and 3 <= moment.day <= 22 and moment + _QUIET_EDGE < end


def _sent_oddly(event: UsageEvent, charge: Charge, chance: random.Random) -> Iterator[UsageEvent]:
    """The event late, twice, or taken back; or beside one whose value is no number."""
    kind = chance.choice(("late", "twice", "cancelled", "malformed"))
    if kind == "late":
        yield replace(event, late_by_seconds=chance.randrange(60, 3 * 86400))
        return
    yield event
    if kind == "twice":
        yield replace(event, late_by_seconds=chance.randrange(1, 600))
    elif kind == "cancelled" and charge.formula == "sum":
        taken_back = event.at + timedelta(minutes=chance.randrange(1, 90))
        yield replace(event, event_id=f"{event.event_id}-x", cancelled_at=taken_back)
    elif kind == "malformed" and charge.formula == "sum":
        yield replace(event, event_id=f"{event.event_id}-m", sent_value="n/a")


def _value(charge: Charge, size: float, chance: random.Random) -> Decimal:
    if charge.formula == "count":
        return Decimal(1)
    typical = _TYPICAL_VALUE[charge.event_name] * math.sqrt(size) * math.exp(chance.gauss(0, 0.6))
    if charge.event_name == "minutes":
        return Decimal(max(1, round(typical * 10))) / 10
    return Decimal(max(1, round(typical)))


def _properties(charge: Charge, chance: random.Random) -> dict[str, str]:
    properties: dict[str, str] = {}
    if charge.dimension is not None and charge.dimension_value is not None:
        properties[charge.dimension] = charge.dimension_value
    if charge.varies_by is not None:
        properties[charge.varies_by] = chance.choice(_REGIONS)
    if charge.split_by is not None:
        properties[charge.split_by] = chance.choice(_TEAMS)
    return properties
