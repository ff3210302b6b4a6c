"""Event ingestion: days and periods, absent sides, floats, and which days are compared at all."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import metronome_objects as metronome
import pytest
import stripe_objects as stripe
from scene import Scene

# Customer, Stripe's and Metronome's usage of a day; presence, variance, status.
CASES = [
    ("equal", "1000", "1000", "both", "0", "match"),
    ("inside", "1000", "1005", "both", "5", "within_tolerance"),
    ("on_bound", "990", "1000", "both", "10", "within_tolerance"),
    ("outside", "990", "1000.000000000001", "both", "10.000000000001", "breach"),
    ("stripe_only", "3", None, "expected_only", "-3", "breach"),
    ("metronome_only", None, "3", "actual_only", "3", "breach"),
    ("zero_against_some", "0", "3", "both", "3", "breach"),
    # Floats carry 15 significant digits: the sixteenth says nothing, the fifteenth does.
    ("sixteenth_digit", "1234567890123456", "1234567890123455", "both", "-1", "match"),
    ("fifteenth_digit", "1234567890123450", "1234567890123460", "both", "10", "within_tolerance"),
    ("float_sum", "0.3", "0.30000000000000004", "both", "0", "match"),
]


@pytest.fixture(scope="module")
def a_day(make_scene: Callable[..., Scene]) -> Scene:
    """One customer a case with usage on 5 October."""
    made = make_scene()
    for name, expected, actual, *_ in CASES:
        made.customer(str(name))
        made.metered(str(name), expected, actual)
    return made


@pytest.mark.parametrize("case", CASES, ids=[str(case[0]) for case in CASES])
def test_a_row_has_its_presence_variance_and_status(a_day: Scene, case: tuple[str, ...]) -> None:
    """Without an allowance; a side that says nothing is absent, a side that says 0 is not."""
    name, _, _, presence, variance, status = case
    (row,) = a_day.told(
        "parity.event_ingestion",
        *("meter", "usage_date", "presence", "variance", "status"),
        stripe_customer_id=f"cus_{name}",
    )
    assert row == ("tokens", date(2026, 10, 5), presence, Decimal(variance), status)


def test_days_on_which_neither_side_saw_usage_are_no_rows(scene: Scene) -> None:
    """Zero on both sides, zero on one side, and null are all no usage."""
    scene.customer("a")
    scene.metered("a", "0", "0")
    scene.metered("a", "0", None, day="2026-10-06")
    scene.metered("a", None, None, day="2026-10-07")
    assert scene.rows("parity.event_ingestion") == []


def test_a_day_is_pending_until_24_hours_after_its_end(make_scene: Callable[..., Scene]) -> None:
    """At noon of 10 November the 8th is settled (it ended 36 h ago), the 9th is not (12 h)."""
    made = make_scene(as_of="2026-11-10T12:00:00")
    made.customer("a")
    for day in ("2026-11-08", "2026-11-09"):
        made.metered("a", "5", "7", day=day)
    assert made.told("parity.event_ingestion", "usage_date", "status") == [
        (date(2026, 11, 8), "breach"),
        (date(2026, 11, 9), "pending"),
    ]


def test_exactly_24_hours_after_the_end_is_settled(scene: Scene) -> None:
    """At midnight of 10 November the 8th ended exactly 24 h ago."""
    scene.customer("a")
    scene.metered("a", "5", "7", day="2026-11-08")
    assert scene.told("parity.event_ingestion", "status") == [("breach",)]


def test_only_days_inside_the_parallel_run_are_compared(scene: Scene) -> None:
    """The last day of August is before the start, 10 November is not before as_of."""
    scene.customer("a")
    for day in ("2026-08-31", "2026-09-01", "2026-11-09", "2026-11-10"):
        scene.metered("a", "5", "5", day=day)
    days = [row["usage_date"] for row in scene.rows("parity.event_ingestion")]
    assert days == [date(2026, 9, 1), date(2026, 11, 9)]


def test_days_before_a_metric_start_are_not_compared(scene: Scene) -> None:
    """A billable metric sees no events older than itself."""
    scene.links = type(scene.links)(metric_starts=(("bm_tokens", date(2026, 10, 5)),))
    scene.customer("a")
    for day in ("2026-10-04", "2026-10-05"):
        scene.metered("a", "5", "5", day=day)
    assert scene.told("parity.event_ingestion", "usage_date") == [(date(2026, 10, 5),)]


def test_a_last_meter_is_compared_once_a_period(scene: Scene) -> None:
    """LATEST does not add up over days (T9, T10): one row for the same whole days, no daily rows."""
    scene.catalogue("seats", formula="last", aggregation="LATEST")
    scene.customer("a")
    span = ("2026-10-01", "2026-11-01")
    scene.stripe_invoice("a", stripe.line(7, 7, price="seats"))
    scene.add("stripe/meter_event_summaries", stripe.summary("seats", "7", *span), context=("cus_a", "none"))
    scene.add("metronome/usage", metronome.usage("a", "seats", "8", *span), context=("none",))
    scene.metered("a", "3", "9", meter="seats")
    columns = ("meter", "period_start", "period_end", "usage_date", "variance", "status")
    assert scene.told("parity.event_ingestion", *columns) == [
        ("seats", stripe.instant("2026-10-01"), stripe.instant("2026-11-01"), None, 1, "breach")
    ]


def test_the_unit_is_the_meter(scene: Scene) -> None:
    """Two meters of one day are two rows; nothing is summed across them."""
    scene.catalogue("images")
    scene.customer("a")
    scene.metered("a", "5", "6")
    scene.metered("a", "6", "5", meter="images")
    assert scene.told("parity.event_ingestion", "meter", "variance") == [("images", -1), ("tokens", 1)]


def _seats(scene: Scene, name: str = "seats") -> None:
    """Customer a has a subscription to a `last` meter, which is in November, beside that to tokens."""
    scene.catalogue(name, formula="last", aggregation="LATEST")
    price = stripe.price(name, meter=name)
    scene.add("stripe/subscriptions", stripe.subscription("a", price, id=f"sub_{name}"))


def _used(scene: Scene, value: str, span: tuple[str, str], *, name: str = "a", meter: str = "seats") -> None:
    """What Metronome says of a whole period."""
    scene.add("metronome/usage", metronome.usage(name, meter, value, *span), context=("none",))


PERIODS = ("meter", "period_start", "period_end", "presence", "variance", "status")


def test_a_period_that_no_invoice_names_is_compared(scene: Scene) -> None:
    """Billed to 15 September and now in November: Stripe was asked about the days between, and saw none."""
    scene.customer("a")
    _seats(scene)
    scene.stripe_invoice("a", stripe.line(7, 7, price="seats", period=("2026-08-15", "2026-09-15")))
    _used(scene, "8", ("2026-09-15", "2026-11-01"))
    _used(scene, "9", stripe.OCTOBER)  # somebody else's period
    assert scene.told("parity.event_ingestion", *PERIODS) == [
        ("seats", stripe.instant("2026-09-15"), stripe.instant("2026-11-01"), "actual_only", 8, "breach")
    ]


def test_periods_that_overlap_leave_no_gap(scene: Scene) -> None:
    """Half months inside a month: nothing lies between the last of them and November."""
    scene.customer("a")
    _seats(scene)
    for span in (stripe.OCTOBER, ("2026-10-01", "2026-10-15"), ("2026-10-15", "2026-10-20")):
        scene.stripe_invoice("a", stripe.line(7, 7, price="seats", period=span))
    _used(scene, "8", ("2026-10-20", "2026-11-01"))
    assert scene.told("parity.event_ingestion", *PERIODS) == []


def test_a_meter_is_compared_only_in_periods_that_it_was_asked_for(scene: Scene) -> None:
    """October is a period of seats; disks are billed from the 20th of September on."""
    scene.customer("a")
    _seats(scene)
    _seats(scene, "disks")
    scene.stripe_invoice("a", stripe.line(7, 7, price="seats"))
    scene.stripe_invoice("a", stripe.line(7, 7, price="disks", period=("2026-08-20", "2026-09-20")))
    for meter in ("seats", "disks"):
        _used(scene, "8", stripe.OCTOBER, meter=meter)
    assert scene.told("parity.event_ingestion", "meter", "variance") == [("seats", 8)]


def test_an_unlinked_customers_own_periods_stand_alone(scene: Scene) -> None:
    """October as a whole, November until as_of; a period of nobody's is left out."""
    scene.customer("a")
    _seats(scene)
    scene.metronome_customer("u")
    scene.metronome_invoice("u", metronome.usage_line(7, 7, product="seats"))
    running = {"period": stripe.NOVEMBER, "status": "DRAFT"}
    scene.metronome_invoice("u", metronome.usage_line(7, 7, product="seats"), **running)
    for span in (stripe.OCTOBER, ("2026-11-01", "2026-11-10"), ("2026-10-15", "2026-11-10")):
        _used(scene, "8", span, name="u")
    assert scene.told("parity.event_ingestion", *PERIODS) == [
        ("seats", stripe.instant("2026-10-01"), stripe.instant("2026-11-01"), "actual_only", 8, "breach"),
        ("seats", stripe.instant("2026-11-01"), stripe.instant("2026-11-10"), "actual_only", 8, "pending"),
    ]
