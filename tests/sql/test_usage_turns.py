"""Customers whose usage was not asked in this run: what of them counts, and what waits."""

from collections.abc import Callable
from datetime import date, datetime

import metronome_objects as metronome
import pytest
import stripe_objects as stripe
from scene import Scene

ROWS = ("stripe_customer_id", "usage_date", "presence", "status")


def _days(scene: Scene, name: str) -> list[tuple[object, object]]:
    """Day of the month and status of each usage row of a customer."""
    rows = scene.told("parity.event_ingestion", "usage_date", "status", stripe_customer_id=f"cus_{name}")
    return [(day.day, status) for day, status in rows if isinstance(day, date)]


def test_only_what_had_settled_when_it_was_read_counts(scene: Scene) -> None:
    """As of 10 November: asked then, the 8th is settled; asked up to the 9th, the 7th is the last that is.

    Stripe was not asked about the 9th: Metronome's usage of it stands alone and is no difference.
    """
    for name in ("now", "before"):
        scene.customer(name)
        for day in ("2026-11-07", "2026-11-08"):
            scene.metered(name, "5", "7", day=day)
        scene.metered(name, "7" if name == "now" else None, "7", day="2026-11-09")
    scene.put_off("before", "2026-11-09")
    assert _days(scene, "now") == [(7, "breach"), (8, "breach"), (9, "pending")]
    assert _days(scene, "before") == [(7, "breach"), (8, "pending"), (9, "pending")]


def test_missing_is_not_zero(scene: Scene) -> None:
    """Never read: everything that Metronome has waits. Read, and without usage then: it is a difference."""
    for name in ("never", "read"):
        scene.customer(name)
        scene.metered(name, None, "7")
    scene.put_off("never", None)
    scene.put_off("read", "2026-11-09")
    assert scene.told("parity.event_ingestion", *ROWS) == [
        ("cus_never", date(2026, 10, 5), "actual_only", "pending"),
        ("cus_read", date(2026, 10, 5), "actual_only", "breach"),
    ]


@pytest.mark.parametrize(
    ("known_until", "read_at", "status"),
    [
        ("2026-11-09", "2026-11-09T02:00:00", "breach"),  # a day old
        ("2026-11-08", "2026-11-08T14:00:00", "pending"),  # 48 hours of days
        ("2026-11-09", "2026-11-08T14:00:00", "breach"),  # read 36 hours before two o'clock
        ("2026-11-09", "2026-11-08T13:59:59", "pending"),  # a second more
        ("2026-11-10", "2026-10-01T00:00:00", "pending"),  # a run of this day, long ago
    ],
)
def test_what_is_too_old_is_pending(scene: Scene, known_until: str, read_at: str, status: str) -> None:
    """With 36 hours, counted from the last day that was asked about, and from the reading of this run."""
    scene.customer("a")
    scene.metered("a", "5", "7")
    scene.put_off("a", known_until, read_at=read_at)
    assert _days(scene, "a") == [(5, status)]


def test_the_greatest_age_is_a_setting(scene: Scene) -> None:
    """Three days of turns need 48 hours."""
    scene.setting(gate__max_age_hours="48")
    scene.customer("a")
    scene.metered("a", "5", "7")
    scene.put_off("a", "2026-11-08")
    assert _days(scene, "a") == [(5, "breach")]


def test_an_aged_difference_keeps_its_customer_out_of_parity(scene: Scene) -> None:
    """Rows wait either way; who differed is not in parity, who did not is pending, and both are counted."""
    for name, actual in (("equal", "5"), ("differs", "7"), ("waived", "7"), ("fresh", "5"), ("never", "5")):
        scene.customer(name)
        scene.billed(name, 100, 100)
        scene.metered(name, "5" if name != "never" else None, actual)
    for name in ("equal", "differs", "waived"):
        scene.put_off(name, "2026-11-07")
    scene.put_off("never", None)
    scene.waive("event_ingestion", customer="cus_waived")
    assert {status for *_, status in scene.told("parity.event_ingestion", *ROWS)} == {"pending", "match"}
    assert scene.told("parity.customer_status", "stripe_customer_id", "status") == [
        ("cus_differs", "not_in_parity"),
        ("cus_equal", "pending"),
        ("cus_fresh", "in_parity"),
        ("cus_never", "pending"),
        ("cus_waived", "pending"),
    ]
    assert scene.rows("parity.usage_turns") == [
        {
            "account": "default",
            "put_off_customers": 4,
            "never_read_customers": 1,
            "aged_customers": 3,
            "aged_rows": 3,
            "differing_customers": 1,
            "oldest_known_until": datetime(2026, 11, 7),  # UTC, as the column holds it
            "oldest_read_at": datetime(2026, 11, 7, 2),
        }
    ]


def test_without_turns_there_is_no_row(scene: Scene) -> None:
    """Everybody was asked."""
    scene.customer("a")
    assert scene.rows("parity.usage_turns") == scene.rows("control.usage_ages") == []


def test_a_period_counts_that_had_settled_when_it_was_read(scene: Scene) -> None:
    """Seats do not add up: October was asked about on 9 November, and November only up to then."""
    scene.catalogue("seats", formula="last", aggregation="LATEST")
    scene.customer("a")
    price = stripe.price("seats", meter="seats")
    scene.add("stripe/subscriptions", stripe.subscription("a", price, id="sub_seats"))
    scene.stripe_invoice("a", stripe.line(7, 7, price="seats"))
    october, november = stripe.OCTOBER, ("2026-11-01", "2026-11-10")
    bucket = stripe.summary("seats", "7", *october)
    scene.add("stripe/meter_event_summaries", bucket, context=("cus_a", "none"))
    for span in (october, november):
        scene.add("metronome/usage", metronome.usage("a", "seats", "8", *span), context=("none",))
    scene.put_off("a", "2026-11-09")
    assert scene.told("parity.event_ingestion", "period_end", "presence", "status") == [
        (stripe.instant("2026-11-01"), "both", "breach"),
        (stripe.instant("2026-11-10"), "actual_only", "pending"),
    ]


@pytest.mark.parametrize(
    ("known_until", "covered", "status"),
    [
        ("2026-11-09", True, "match"),  # only the last day is unknown, and it counts for everybody
        ("2026-11-08", True, "pending"),
        (None, True, "pending"),
        (None, False, "breach"),  # more usage would not find a contract
    ],
)
def test_a_contract_that_covers_what_is_known(
    scene: Scene, known_until: str | None, covered: bool, status: str
) -> None:
    """There may be usage on a day that nobody asked about, so what matches waits; what lacks one does not."""
    scene.setting(gate__max_age_hours="100")
    if covered:
        scene.customer("a")
    else:
        scene.stripe_customer("a")
        scene.metronome_customer("a", stripe_id="cus_a")
    scene.put_off("a", known_until)
    assert scene.told("parity.contract_coverage", "status") == [(status,)]


PERIOD = ("2026-10-01", "2026-11-01T00:30:00")


@pytest.mark.parametrize(
    ("known_until", "actual", "status"),
    [
        ("2026-11-09", 95, "within_tolerance"),
        ("2026-11-09", 80, "breach"),
        ("2026-11-02", 95, "pending"),  # the hour had not settled
        (None, 95, "pending"),
        (None, 80, "pending"),
        (None, 100, "match"),  # the hour does not matter
    ],
)
def test_an_hour_at_the_edge_that_nobody_asked_about(
    make_scene: Callable[..., Scene], known_until: str | None, actual: int, status: str
) -> None:
    """Stripe's period ends at half past midnight, Metronome's at midnight; six were used in that hour."""
    made = make_scene()
    made.customer("a")
    made.stripe_invoice("a", stripe.line(100, 100, period=PERIOD))
    made.metronome_invoice("a", metronome.usage_line(actual, actual), period=stripe.OCTOBER)
    if known_until == "2026-11-09":
        hour = stripe.summary("tokens", "6", "2026-11-01T00:00:00", "2026-11-01T01:00:00")
        made.add("stripe/meter_event_summaries", hour, context=("cus_a", "hour"))
    made.put_off("a", known_until)
    assert made.told("parity.line_item_quantities", "status") == [(status,)]


def test_days_that_nobody_asked_about_explain_nothing(make_scene: Callable[..., Scene]) -> None:
    """Five are missing on the 5th; of the 31st, which Stripe was not asked about, nothing is told.

    Asked about, that day would hold what Stripe's invoice lacks, or show that it was taken back.
    """
    made = make_scene(as_of="2026-11-03")
    made.setting(gate__max_age_hours="100")
    made.customer("a")
    made.billed("a", 100, 95)
    made.metered("a", "60", "55")
    made.metered("a", None, "40", day="2026-10-31")
    made.put_off("a", "2026-10-31")
    rows = made.told("parity.findings", "check_name", "usage_date", "cause", "variance")
    assert [row for row in rows if row[0] != "invoice_totals"] == [
        ("event_ingestion", date(2026, 10, 5), "events_missing", -5),
        ("line_item_quantities", None, "events_missing", -5),
    ]
