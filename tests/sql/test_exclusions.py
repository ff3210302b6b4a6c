"""What is left out of the comparison is named, counted and has its amount."""

import metronome_objects as metronome
import pytest
import stripe_objects as stripe
from scene import Scene

EXCLUDED = ("reason", "currency", "count", "amount")


def _excluded(scene: Scene) -> set[tuple[object, ...]]:
    return set(scene.told("control.exclusions", *EXCLUDED))


def test_a_clean_company_excludes_nothing(scene: Scene) -> None:
    """Metered usage on both sides inside the window leaves nothing out."""
    scene.customer("a")
    scene.billed("a", 100, 100)
    assert scene.rows("control.exclusions") == []


def test_both_sides_of_an_early_period_are_named(scene: Scene) -> None:
    """Stripe's bounds decide: its period began early, so Metronome's September is left out with it."""
    scene.customer("a")
    span = ("2026-08-31T22:00:00", "2026-09-30T22:00:00")
    scene.stripe_invoice("a", stripe.line(100, 100, period=span))
    scene.metronome_invoice("a", metronome.usage_line(90, 90), period=stripe.SEPTEMBER)
    assert scene.rows("parity.invoice_totals") == []
    assert _excluded(scene) == {
        ("period_began_before_parallel_run_in_stripe", "usd", 1, 100),
        ("period_began_before_parallel_run_in_metronome", "usd", 1, 90),
    }


def test_what_is_compared_is_not_named_as_left_out(scene: Scene) -> None:
    """Metronome's period began two hours before the parallel run, Stripe's with it: that is compared."""
    scene.customer("a")
    scene.stripe_invoice("a", stripe.line(100, 100, period=stripe.SEPTEMBER))
    scene.metronome_invoice(
        "a", metronome.usage_line(100, 100), period=("2026-08-31T22:00:00", "2026-09-30T22:00:00")
    )
    assert scene.told("parity.invoice_totals", "status") == [("match",)]
    assert scene.rows("control.exclusions") == []


def test_customers_already_on_metronome_are_counted_as_customers(scene: Scene) -> None:
    """Two customers with three lines in the window are 2, with what those lines come to."""
    for name in ("a", "b"):
        scene.stripe_customer(name, status=None)
        scene.metronome_customer(name, stripe_id=f"cus_{name}")
        scene.metronome_invoice(name, metronome.usage_line(700, 7))
    scene.metronome_invoice("a", metronome.usage_line(300, 3), period=stripe.SEPTEMBER)
    scene.metronome_invoice("a", metronome.usage_line(9000, 9), period=("2026-07-01", "2026-08-01"))
    assert _excluded(scene) == {("customer_already_on_metronome", "usd", 2, 1700)}


@pytest.mark.parametrize("scope", ["usage", "all"])
def test_a_scheduled_invoice_is_named_in_every_scope(scene: Scene, scope: str) -> None:
    """It has no service period to be paired by, so it is compared in none."""
    scene.setting(parallel_run__scope=scope)
    scene.customer("a")
    scene.metronome_invoice(
        "a", metronome.usage_line(5000, 1), type="SCHEDULED", start_timestamp=None, end_timestamp=None
    )
    assert scene.rows("parity.invoice_totals") == []
    assert _excluded(scene) == {("scheduled_metronome_invoice", "usd", 1, 5000)}


def test_with_scope_all_fixed_charges_are_compared(scene: Scene) -> None:
    """Licensed lines in Stripe and subscription lines in Metronome count, and are not named as left out."""
    scene.setting(parallel_run__scope="all")
    scene.add("stripe/prices", stripe.price("base"))
    scene.add("metronome/products", metronome.product("base", kind="SUBSCRIPTION"))
    scene.customer("a")
    scene.stripe_invoice("a", stripe.line(100, 100), stripe.line(5000, 1, price="base"))
    scene.metronome_invoice(
        "a",
        metronome.usage_line(100, 100),
        metronome.usage_line(5000, 1, product="base", type="subscription"),
    )
    assert scene.told("parity.invoice_totals", "expected_value", "actual_value") == [(5100, 5100)]
    assert scene.rows("control.exclusions") == []


def test_credit_on_a_fixed_charge_leaves_with_it(scene: Scene) -> None:
    """A commit spent on a subscription is no draw-down of usage charges, but it is applied credit."""
    scene.add("metronome/products", metronome.product("seat", kind="SUBSCRIPTION"))
    scene.customer("a")
    scene.metronome_invoice(
        "a",
        metronome.usage_line(100, 100),
        metronome.usage_line(700, 7, product="seat", type="subscription"),
        metronome.applied(-700, product="seat"),
    )
    assert scene.told("parity.invoice_totals", "actual_value") == [(100,)]
    assert scene.told("parity.credit_drawdowns", "actual_value") == [(700,)]
    assert ("credit_on_fixed_charge_in_metronome", "usd", 1, -700) in _excluded(scene)


def test_events_that_stripe_dropped_are_counted_by_reason(scene: Scene) -> None:
    """Stripe took them and dropped them later (Stripe T13)."""
    reason = {
        "error_count": 5,
        "error_types": [
            {"code": "meter_event_customer_not_found", "error_count": 3},
            {"code": "timestamp_too_far_in_past", "error_count": 2},
        ],
    }
    scene.add(
        "stripe/meter_error_events",
        {
            "id": "evt_1",
            "type": "v1.billing.meter.error_report_triggered",
            "created": "2026-10-05T00:00:00Z",
            "related_object": {"id": "mtr_tokens"},
            "data": {"reason": reason},
        },
    )
    assert _excluded(scene) == {
        ("event_dropped_by_stripe: meter_event_customer_not_found", None, 3, None),
        ("event_dropped_by_stripe: timestamp_too_far_in_past", None, 2, None),
    }
