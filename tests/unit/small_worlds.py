"""Worlds of one or two customers and a handful of events, and their true rows in a form that reads well."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from parity_pipeline.sandbox.facts import Company, Customer, UsageEvent
from parity_pipeline.sandbox.price_list import charges
from parity_pipeline.sandbox.truth.rows import TruthRow
from parity_pipeline.sandbox.truth.world_truth import truth_rows
from parity_pipeline.sandbox.world import Told, World
from parity_pipeline.setting_sections import Thresholds

START = datetime(2026, 4, 1, tzinfo=UTC)
AS_OF = datetime(2026, 6, 10, tzinfo=UTC)

Sides = tuple[str | None, str | None, str]
"""Expected, actual and status."""


def at(month: int, day: int, hour: int = 12, minute: int = 0) -> datetime:
    """An instant of 2026 in UTC, at noon unless told otherwise."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def person(key: str = "1", **facts: Any) -> Customer:
    """A customer who pays in dollars for API calls (0.2 cents each) since March the first."""
    plain = Customer(
        key=key, name=key, currency="usd", started_at=at(3, 1, 0), charges=("api_calls",), link="custom_field"
    )
    return replace(plain, **facts)


def used(
    when: datetime, value: str, name: str = "api_calls", *, by: str = "1", **properties: str
) -> UsageEvent:
    """One event; API calls come from the region `us`."""
    if name == "api_calls":
        properties = {"region": "us", **properties}
    return UsageEvent(f"{by}-{name}-{when}-{value}", by, name, when, Decimal(value), properties)


def world(people: Iterable[Customer], *events: UsageEvent, now: datetime = AS_OF) -> World:
    """A world in which both vendors were told the same."""
    customers = {each.key: each for each in people}
    company = Company(1, AS_OF, at(3, 1, 0), START, charges(), customers)
    return World(
        company,
        Told(charges(), dict(customers), list(events)),
        Told(charges(), dict(customers), list(events)),
        now,
    )


def rows(of: World, check: str, settings: Thresholds | None = None) -> list[TruthRow]:
    """A check's rows in order of their grain."""
    found = [row for row in truth_rows(of, settings=settings) if row.grain.check == check]
    return sorted(found, key=lambda row: str((row.grain.meter, row.grain.period_start, row.grain.usage_date)))


def sides(of: World, check: str, settings: Thresholds | None = None) -> list[Sides]:
    """Expected, actual and status of a check's rows."""
    return [(text(row.expected), text(row.actual), row.status) for row in rows(of, check, settings)]


def text(value: Decimal | None) -> str | None:
    """A value without its trailing zeros."""
    return None if value is None else f"{value.normalize():f}"


def plain_world() -> World:
    """1,001 calls in April, 500 in May, 30 in June."""
    return world([person()], used(at(4, 10), "1001"), used(at(5, 3), "500"), used(at(6, 5), "30"))
