"""Waivers change a row's status and nothing else; one that does not hold is reported."""

from datetime import date
from decimal import Decimal
from typing import Any

import metronome_objects as metronome
import pytest
import stripe_objects as stripe
from scene import Scene


@pytest.fixture
def differing(scene: Scene) -> Scene:
    """A customer with 50 cents of variance on 1000 in October."""
    scene.customer("a")
    scene.billed("a", 1000, 950)
    return scene


HOLDS: list[dict[str, Any]] = [
    {},
    {"customer": "cus_a"},
    {"customer": "m_a"},
    {"subject": "usd"},
    {"max_minor_units": Decimal(50)},
    {"expires_on": date(2026, 11, 10)},
]


@pytest.mark.parametrize("waiver", HOLDS, ids=[", ".join(each) or "any" for each in HOLDS])
def test_a_waiver_that_holds_waives(differing: Scene, waiver: dict[str, Any]) -> None:
    """By either id, by unit, up to its amount, through its last day; the numbers stay."""
    differing.waive("invoice_totals", **waiver)
    columns = ("expected_value", "actual_value", "variance", "variance_ratio", "status")
    assert differing.told("parity.invoice_totals", *columns) == [(1000, 950, -50, Decimal("0.05"), "waived")]
    assert differing.told("control.waiver_use", "waiver_status", "matching_rows") == [("applied", 1)]


FAILS: list[tuple[str, str, dict[str, Any]]] = [
    ("expired", "invoice_totals", {"expires_on": date(2026, 11, 9)}),
    ("exceeded", "invoice_totals", {"max_minor_units": Decimal("49.999999")}),
    ("unmatched", "invoice_totals", {"customer": "cus_b"}),
    ("unmatched", "invoice_totals", {"subject": "eur"}),
    ("unmatched", "credit_drawdowns", {}),
]


@pytest.mark.parametrize(("outcome", "check", "waiver"), FAILS)
def test_a_waiver_that_does_not_hold_is_reported(
    differing: Scene, outcome: str, check: str, waiver: dict[str, Any]
) -> None:
    """Expired, exceeded and unmatched waivers leave the breach a breach."""
    differing.waive(check, **waiver)
    assert differing.told("parity.invoice_totals", "status") == [("breach",)]
    assert differing.told("control.waiver_use", "waiver_status") == [(outcome,)]


def test_a_waiver_is_for_one_check(differing: Scene) -> None:
    """The quantity of the same invoice still breaches."""
    differing.waive("invoice_totals")
    assert differing.told("parity.line_item_quantities", "status") == [("breach",)]


def test_pending_comes_before_waived(scene: Scene) -> None:
    """A row that is not settled is pending, waiver or not."""
    scene.customer("a")
    scene.stripe_invoice("a", stripe.line(1000, 1000), status="draft")
    scene.metronome_invoice("a", metronome.usage_line(950, 950))
    scene.waive("invoice_totals")
    assert scene.told("parity.invoice_totals", "status") == [("pending",)]
    assert scene.told("control.waiver_use", "waiver_status") == [("unmatched",)]


def test_a_row_without_a_difference_is_a_match(scene: Scene) -> None:
    """There is nothing to waive."""
    scene.customer("a")
    scene.billed("a", 1000, 1000)
    scene.waive("invoice_totals")
    assert scene.told("parity.invoice_totals", "status") == [("match",)]


def test_group_values_are_a_subject(scene: Scene) -> None:
    """A waiver may name the value combination that has no rate."""
    scene.add("metronome/products", metronome.product("ai", metric="tokens", pricing_group_key=["model"]))
    scene.link_price("price_tokens", "p_ai")
    scene.customer("a")
    for model in ("o3", "o4"):
        scene.grouped("a", "10", {"model": model})
    scene.waive("group_key_coverage", subject='{"model":"o3"}')
    assert scene.told("parity.group_key_coverage", "pricing_group_values", "status") == [
        ('{"model":"o3"}', "waived"),
        ('{"model":"o4"}', "breach"),
    ]


def test_a_waived_shift_counts_as_applied(scene: Scene) -> None:
    """Equal amounts in shifted periods are a breach; waiving that is using the waiver."""
    scene.customer("a")
    scene.stripe_invoice("a", stripe.line(1000, 1000))
    scene.metronome_invoice("a", metronome.usage_line(1000, 1000), period=("2026-10-04", "2026-11-04"))
    scene.waive("invoice_totals")
    assert scene.told("parity.invoice_totals", "variance", "status") == [(0, "waived")]
    assert scene.told("control.waiver_use", "waiver_status") == [("applied",)]
