"""When a row is judged at all: both invoices final, and a day past the period's end."""

from collections.abc import Callable

import metronome_objects as metronome
import pytest
import stripe_objects as stripe
from scene import Scene


def _october(scene: Scene, *, stripe_status: str = "paid", metronome_status: str = "FINALIZED") -> None:
    scene.customer("a")
    scene.stripe_invoice("a", stripe.line(100, 100), status=stripe_status)
    scene.metronome_invoice("a", metronome.usage_line(100, 100), status=metronome_status)


@pytest.mark.parametrize("status", ["open", "paid", "uncollectible"])
def test_a_final_stripe_invoice_is_judged(scene: Scene, status: str) -> None:
    """An uncollectible invoice was billed all the same."""
    _october(scene, stripe_status=status)
    assert scene.told("parity.invoice_totals", "status") == [("match",)]


def test_a_stripe_draft_is_pending(scene: Scene) -> None:
    """Whatever it says now, it may still change."""
    _october(scene, stripe_status="draft")
    assert scene.told("parity.invoice_totals", "status") == [("pending",)]
    assert scene.told("parity.line_item_quantities", "status") == [("pending",)]


def test_a_metronome_draft_is_pending(scene: Scene) -> None:
    """Within the grace period the Metronome side still moves (T13)."""
    _october(scene, metronome_status="DRAFT")
    assert scene.told("parity.invoice_totals", "status") == [("pending",)]


def test_one_draft_of_two_invoices_makes_the_period_pending(scene: Scene) -> None:
    """Two contracts bill one period; one of the invoices is not final."""
    _october(scene)
    scene.metronome_invoice("a", metronome.usage_line(5, 5), status="DRAFT")
    assert scene.told("parity.invoice_totals", "actual_value", "status") == [(105, "pending")]


@pytest.mark.parametrize(
    ("as_of", "status"),
    [("2026-11-01T23:59:59", "pending"), ("2026-11-02", "match"), ("2026-11-02T00:00:01", "match")],
)
def test_a_period_settles_24_hours_after_its_end(
    make_scene: Callable[..., Scene], as_of: str, status: str
) -> None:
    """Both invoices are final early; the row still waits for the settling hours, their end included."""
    made = make_scene(as_of=as_of)
    _october(made)
    assert made.told("parity.invoice_totals", "status") == [(status,)]


def test_the_settling_hours_are_a_setting(make_scene: Callable[..., Scene]) -> None:
    """With 48 hours the second of November is too early."""
    made = make_scene(as_of="2026-11-02")
    made.setting(thresholds__settling_hours="48")
    _october(made)
    assert made.told("parity.invoice_totals", "status") == [("pending",)]


def test_the_running_period_is_pending(scene: Scene) -> None:
    """Metronome already shows a draft of November; Stripe has no invoice yet."""
    scene.customer("a")
    scene.metronome_invoice("a", metronome.usage_line(7, 7), period=stripe.NOVEMBER, status="DRAFT")
    assert scene.told("parity.invoice_totals", "presence", "period_start", "status") == [
        ("actual_only", stripe.instant("2026-11-01"), "pending")
    ]


def test_a_threshold_invoice_of_the_running_period_is_pending(scene: Scene) -> None:
    """It bills a part of November and joins Metronome's draft of the whole month."""
    scene.customer("a")
    part = stripe.line(500, 500, period=("2026-11-01", "2026-11-05"))
    scene.stripe_invoice("a", part, billing_reason="subscription_threshold")
    scene.metronome_invoice("a", metronome.usage_line(700, 700), period=stripe.NOVEMBER, status="DRAFT")
    columns = ("presence", "period_start", "period_end", "status")
    (row,) = scene.told("parity.invoice_totals", *columns)
    assert row[0] == "both"
    assert row[3] == "pending"
