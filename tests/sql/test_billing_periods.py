"""Billing periods: which lines make one, how the two sides pair, what is shifted and what is out of scope."""

import metronome_objects as metronome
import pytest
import stripe_objects as stripe
from scene import Scene

PERIOD = ("presence", "period_start", "period_end", "expected_value", "actual_value", "status")


@pytest.fixture(autouse=True)
def _customer(scene: Scene) -> None:
    scene.customer("a")


def _totals(scene: Scene) -> list[tuple[object, ...]]:
    return scene.told("parity.invoice_totals", *PERIOD)


def test_a_line_counts_in_its_own_period(scene: Scene) -> None:
    """An invoice of November bills October's usage (Stripe T8): its own bounds say nothing."""
    scene.stripe_invoice("a", stripe.line(100, 100), period=stripe.NOVEMBER)
    scene.metronome_invoice("a", metronome.usage_line(100, 100))
    assert _totals(scene) == [
        ("both", stripe.instant("2026-10-01"), stripe.instant("2026-11-01"), 100, 100, "match")
    ]


def test_stripes_bounds_are_the_periods(scene: Scene) -> None:
    """Bounds that differ by seconds or hours are one period, named as Stripe names it."""
    span = ("2026-10-01T14:26:05", "2026-11-01T14:25:57")
    scene.stripe_invoice("a", stripe.line(100, 100, period=span))
    scene.metronome_invoice(
        "a", metronome.usage_line(100, 100), period=("2026-10-01T14:00:00", "2026-11-01T15:00:00")
    )
    start, end = stripe.instant("2026-10-01T14:26:05"), stripe.instant("2026-11-01T14:25:57")
    assert _totals(scene) == [("both", start, end, 100, 100, "match")]


@pytest.mark.parametrize(
    ("span", "status"),
    [
        (("2026-10-02", "2026-11-01"), "match"),
        (("2026-10-02T00:00:01", "2026-11-01"), "breach"),
        (("2026-10-01", "2026-11-02T01:00:00"), "breach"),
        (("2026-09-30", "2026-11-01"), "match"),
        (("2026-09-29T23:00:00", "2026-11-01"), "breach"),
    ],
)
def test_bounds_more_than_a_day_apart_are_a_breach(scene: Scene, span: tuple[str, str], status: str) -> None:
    """Equal amounts do not help: exactly a day is allowed, a second more is shifted."""
    scene.stripe_invoice("a", stripe.line(100, 100))
    scene.metronome_invoice("a", metronome.usage_line(100, 100), period=span)
    assert scene.told("parity.invoice_totals", "presence", "status") == [("both", status)]
    causes = scene.told("parity.findings", "cause", check_name="invoice_totals")
    assert causes == ([("period_shift",)] if status == "breach" else [])


def test_periods_pair_one_to_one_by_greatest_overlap(scene: Scene) -> None:
    """Anchors of the 10th against calendar months: each Stripe period takes the month it overlaps most."""
    spans = [("2026-09-10", "2026-10-10"), ("2026-10-10", "2026-11-10")]
    months = [stripe.SEPTEMBER, stripe.OCTOBER]
    for number, (span, month) in enumerate(zip(spans, months, strict=True), start=1):
        scene.stripe_invoice("a", stripe.line(number, number, period=span))
        scene.metronome_invoice("a", metronome.usage_line(number, number), period=month)
    found = scene.told("parity.invoice_totals", "period_start", "expected_value", "actual_value")
    assert found == [(stripe.instant("2026-09-10"), 1, 1), (stripe.instant("2026-10-10"), 2, 2)]


def test_a_period_that_lost_its_best_partner_takes_the_next(scene: Scene) -> None:
    """Two Stripe halves of October against one month and one late week: nobody is used twice."""
    scene.stripe_invoice("a", stripe.line(1, 1, period=("2026-10-01", "2026-10-20")))
    scene.stripe_invoice("a", stripe.line(2, 2, period=("2026-10-20", "2026-11-01")), id="in_second")
    scene.metronome_invoice("a", metronome.usage_line(1, 1))
    scene.metronome_invoice("a", metronome.usage_line(2, 2), period=("2026-10-25", "2026-11-01"))
    assert scene.told("parity.invoice_totals", "expected_value", "actual_value") == [(1, 1), (2, 2)]


def test_periods_that_do_not_overlap_stand_alone(scene: Scene) -> None:
    """September on one side and October on the other are two rows."""
    scene.stripe_invoice("a", stripe.line(100, 100, period=stripe.SEPTEMBER))
    scene.metronome_invoice("a", metronome.usage_line(100, 100))
    assert scene.told("parity.invoice_totals", "presence", "status") == [
        ("expected_only", "breach"),
        ("actual_only", "breach"),
    ]


def test_a_threshold_invoice_joins_the_period_that_it_is_a_part_of(scene: Scene) -> None:
    """500 billed on the 12th and 300 at the end of October are Metronome's 800 of the month."""
    part = stripe.line(500, 500, period=("2026-10-01", "2026-10-12"))
    scene.stripe_invoice("a", part, billing_reason="subscription_threshold")
    scene.stripe_invoice("a", stripe.line(300, 300, period=("2026-10-12", "2026-11-01")))
    scene.metronome_invoice("a", metronome.usage_line(800, 800))
    assert _totals(scene) == [
        ("both", stripe.instant("2026-10-01"), stripe.instant("2026-11-01"), 800, 800, "match")
    ]
    assert scene.told("parity.line_item_quantities", "expected_value", "actual_value") == [(800, 800)]


def test_a_threshold_invoice_alone_ends_where_the_next_period_begins(scene: Scene) -> None:
    """October's cycle invoice is not there; the subscription stands in November, so the part is October's."""
    part = stripe.line(500, 500, period=("2026-10-01", "2026-10-12"))
    scene.stripe_invoice("a", part, billing_reason="subscription_threshold")
    scene.metronome_invoice("a", metronome.usage_line(500, 500))
    assert _totals(scene) == [
        ("both", stripe.instant("2026-10-01"), stripe.instant("2026-11-01"), 500, 500, "match")
    ]


def test_two_invoices_of_one_side_add_up(scene: Scene) -> None:
    """Two subscriptions with one period, and two Metronome contracts with one period."""
    tokens = stripe.price("tokens", meter="tokens")
    scene.add("stripe/subscriptions", stripe.subscription("a", tokens, id="sub_second"))
    scene.stripe_invoice("a", stripe.line(100, 100))
    second = {"type": "subscription_details", "subscription_details": {"subscription": "sub_second"}}
    scene.stripe_invoice("a", stripe.line(50, 50), parent=second)
    for amount in (70, 80):
        scene.metronome_invoice("a", metronome.usage_line(amount, amount))
    assert scene.told("parity.invoice_totals", "expected_value", "actual_value") == [(150, 150)]


def test_lines_of_one_invoice_make_one_period(scene: Scene) -> None:
    """A price change on the 15th splits the lines, not the period."""
    scene.stripe_invoice(
        "a",
        stripe.line(100, 100, period=("2026-10-01", "2026-10-15")),
        stripe.line(200, 100, period=("2026-10-15", "2026-11-01")),
    )
    scene.metronome_invoice("a", metronome.usage_line(300, 200))
    assert _totals(scene) == [
        ("both", stripe.instant("2026-10-01"), stripe.instant("2026-11-01"), 300, 300, "match")
    ]


def test_with_scope_all_licensed_lines_make_a_period_ahead(scene: Scene) -> None:
    """The invoice of 1 November bills October's usage and November's fee."""
    scene.setting(parallel_run__scope="all")
    scene.add("stripe/prices", stripe.price("base"))
    scene.stripe_invoice(
        "a", stripe.line(100, 100), stripe.line(5000, 1, price="base", period=stripe.NOVEMBER)
    )
    assert scene.told("parity.invoice_totals", "period_start", "expected_value", "status") == [
        (stripe.instant("2026-10-01"), 100, "breach"),
        (stripe.instant("2026-11-01"), 5000, "pending"),
    ]


def test_a_period_that_began_before_the_parallel_run_is_excluded_and_counted(scene: Scene) -> None:
    """A period from 20 August to 20 September reaches into the window and is named on both sides."""
    span = ("2026-08-20", "2026-09-20")
    scene.stripe_invoice("a", stripe.line(100, 100, period=span))
    scene.metronome_invoice("a", metronome.usage_line(90, 90), period=span)
    for table in ("parity.invoice_totals", "parity.line_item_quantities"):
        assert scene.rows(table) == []
    named = scene.told("control.exclusions", "reason", "count", "amount")
    assert ("period_began_before_parallel_run_in_stripe", 1, 100) in named
    assert ("period_began_before_parallel_run_in_metronome", 1, 90) in named


def test_a_period_over_before_the_parallel_run_is_nothing(scene: Scene) -> None:
    """July is neither compared nor counted."""
    scene.stripe_invoice("a", stripe.line(100, 100, period=stripe.JULY))
    assert scene.rows("parity.invoice_totals") == []
    assert scene.rows("control.exclusions") == []


def test_an_annual_interval_that_cannot_settle_is_named(scene: Scene) -> None:
    """A customer billed once a year has no settled period in the parallel run."""
    yearly = {"interval": "year", "interval_count": 1, "usage_type": "metered", "meter": "mtr_tokens"}
    price = stripe.price("yearly", meter="tokens", recurring=yearly)
    scene.add("stripe/prices", price)
    scene.stripe_customer("y", status=None)
    scene.add("stripe/subscriptions", stripe.subscription("y", price))
    reason = "billing_interval_longer_than_parallel_run"
    assert scene.told("control.exclusions", "count", reason=reason) == [(1,)]


def test_customers_there_at_the_start_need_settled_cycles(scene: Scene) -> None:
    """Of two customers who were there one has a settled period; a later one is not asked."""
    scene.setting(gate__settled_share="0.5")
    scene.customer("b")
    scene.stripe_customer("late", start_date=stripe.unix("2026-09-02"))
    scene.billed("a", 100, 100)
    columns = ("eligible_customers", "customers_with_cycles", "is_met")
    assert scene.told("parity.cycle_coverage", *columns) == [(2, 1, True)]
