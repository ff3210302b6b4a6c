"""Stripe's meters in the sandbox: what counts, and what it adds up to."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from parity_pipeline.sandbox.facts import Charge, Customer, Tier, UsageEvent
from parity_pipeline.sandbox.stripe_side.amounts import unix
from parity_pipeline.sandbox.stripe_side.metering import Bucket, Meters, count_events
from parity_pipeline.sandbox.world import Told

DAY = datetime(2026, 9, 1, tzinfo=UTC)
LATER = datetime(2026, 10, 1, tzinfo=UTC)
FREE: dict[str, tuple[Tier, ...]] = {"usd": (Tier(None, Decimal(0)),)}
CHARGES = {
    "calls": Charge("calls", "calls", "sum", "per_unit", FREE),
    "mails": Charge("mails", "mails", "count", "per_unit", FREE),
    "disk": Charge("disk", "disk", "last", "per_unit", FREE),
    "gpu_a": Charge("gpu_a", "gpu", "sum", "per_unit", FREE, dimension="kind", dimension_value="a"),
}
CUSTOMER = Customer("00001", "Customer", "usd", DAY, tuple(CHARGES), "billing_provider")


def _event(number: int, name: str, value: str, hours: int, **properties: str) -> UsageEvent:
    return UsageEvent(
        f"e{number}", "00001", name, DAY + timedelta(hours=hours), Decimal(value), dict(properties)
    )


def _count(*events: UsageEvent) -> Meters:
    return count_events(Told(CHARGES, {"00001": CUSTOMER}, list(events)), LATER)


def _day(meters: Meters, name: str) -> Decimal:
    return meters.usage("00001", name, unix(DAY), unix(DAY + timedelta(days=1)))


def test_each_formula_makes_its_own_value() -> None:
    """The same two values are 12, 2 and 5 by sum, count and last."""
    meters = _count(
        *(_event(number, name, "7", 1) for number, name in enumerate(("calls", "mails", "disk"))),
        *(_event(number, name, "5", 2) for number, name in enumerate(("calls", "mails", "disk"), start=10)),
    )
    assert [_day(meters, name) for name in ("calls", "mails", "disk")] == [12, 2, 5]


def test_a_window_leaves_its_end_out() -> None:
    """An event at midnight belongs to the day that begins."""
    assert _day(_count(_event(1, "calls", "3", 0), _event(2, "calls", "4", 24)), "calls") == 3


def test_a_dimension_value_has_a_meter_of_its_own() -> None:
    """Events of another value reach no meter and are reported."""
    meters = _count(_event(1, "gpu", "3", 1, kind="a"), _event(2, "gpu", "4", 1, kind="b"))
    assert _day(meters, "gpu_a") == 3
    assert [each.code for each in meters.rejected] == ["no_meter"]


def test_an_identifier_counts_once_within_a_day_and_again_later() -> None:
    """Stripe keeps identifiers for 24 hours."""
    again = _event(1, "calls", "3", 23)
    later = _event(1, "calls", "3", 24)
    assert _day(_count(_event(1, "calls", "3", 0), again), "calls") == 3
    assert _count(_event(1, "calls", "3", 0), later).usage("00001", "calls", 0, 2**40) == 6


def test_an_unknown_customer_is_reported() -> None:
    """The event is accepted and then dropped."""
    meters = count_events(Told(CHARGES, {}, [_event(1, "calls", "3", 1)]), LATER)
    assert [each.code for each in meters.rejected] == ["meter_event_customer_not_found"]


def test_buckets_are_newest_first_and_empty_ones_are_absent() -> None:
    """Events on the first and the third day make two buckets."""
    meters = _count(_event(1, "calls", "3", 1), _event(2, "calls", "4", 50), _event(3, "calls", "5", 51))
    start = unix(DAY)
    assert meters.series["00001", "calls"].buckets(start, start + 86400 * 5, 86400) == [
        Bucket(start + 172800, start + 259200, Decimal(9)),
        Bucket(start, start + 86400, Decimal(3)),
    ]
