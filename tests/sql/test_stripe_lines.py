"""Which Stripe invoices and lines count, with what amount and quantity."""

from decimal import Decimal

import metronome_objects as metronome
import pytest
import stripe_objects as stripe
from scene import Scene


def _charges(scene: Scene) -> list[tuple[object, ...]]:
    return scene.told("parity.invoice_totals", "expected_value")


def _quantities(scene: Scene) -> list[tuple[object, ...]]:
    return scene.told("parity.line_item_quantities", "expected_value")


@pytest.fixture(autouse=True)
def _customer(scene: Scene) -> None:
    scene.customer("a")


# Changes that make of a cycle invoice one that is not Stripe's own.
FOREIGN = [
    ("marked by Metronome", {"metadata": {"metronome_invoice_id": "inv_x"}}, "invoice_pushed_by_metronome"),
    ("marked otherwise", {"metadata": {"metronome_id": "inv_x"}}, "invoice_pushed_by_metronome"),
    (
        "client and environment",
        {"metadata": {"client_id": "c", "environment": "PROD"}},
        "invoice_pushed_by_metronome",
    ),
    ("manual", {"parent": None, "billing_reason": "manual"}, "manual_stripe_invoice"),
    ("void", {"status": "void"}, "void_stripe_invoice"),
]


@pytest.mark.parametrize(
    ("changes", "reason"), [case[1:] for case in FOREIGN], ids=[case[0] for case in FOREIGN]
)
def test_an_invoice_that_is_not_stripes_own_is_excluded_and_named(
    scene: Scene, changes: dict[str, object], reason: str
) -> None:
    """Comparing what Metronome pushed would compare Metronome with itself (T18)."""
    scene.stripe_invoice("a", stripe.line(1000, 1000), **changes)
    assert _charges(scene) == []
    assert scene.told("control.exclusions", "currency", "count", "amount", reason=reason) == [
        ("usd", 1, 1000)
    ]


def test_an_invoice_that_metronome_names_is_its_own(scene: Scene) -> None:
    """Metronome's external_invoice decides before anything that Stripe says."""
    invoice_id = scene.stripe_invoice("a", stripe.line(1000, 1000))
    external = {"billing_provider_type": "stripe", "invoice_id": invoice_id}
    scene.metronome_invoice("a", metronome.usage_line(1000, 1000), external_invoice=external)
    assert scene.told("parity.invoice_totals", "presence") == [("actual_only",)]


@pytest.mark.parametrize("reason", ["subscription_cycle", "subscription_update", "subscription_threshold"])
def test_a_subscription_is_known_by_its_parent_or_reason(scene: Scene, reason: str) -> None:
    """The company's own metadata makes no invoice foreign, not even one word of Metronome's pair."""
    scene.stripe_invoice(
        "a", stripe.line(1000, 1000), billing_reason=reason, metadata={"order": "7", "environment": "prod"}
    )
    assert _charges(scene) == [(1000,)]


def test_a_revision_counts_once(scene: Scene) -> None:
    """The original is void, the revision stands."""
    first = scene.stripe_invoice("a", stripe.line(1000, 1000), status="void", latest_revision="in_new")
    scene.stripe_invoice(
        "a", stripe.line(900, 900), id="in_new", from_invoice={"action": "revision", "invoice": first}
    )
    assert _charges(scene) == [(900,)]


def test_only_metered_lines_count(scene: Scene) -> None:
    """With scope usage fixed fees and manual items are excluded and counted."""
    scene.add("stripe/prices", stripe.price("base"))
    scene.stripe_invoice(
        "a",
        stripe.line(1000, 1000),
        stripe.line(5000, 1, price="base", period=stripe.NOVEMBER),
        stripe.item_line(300),
    )
    assert _charges(scene) == [(1000,)]
    excluded = scene.told("control.exclusions", "reason", "currency", "count", "amount")
    assert ("fixed_charge_in_stripe", "usd", 1, 5000) in excluded
    assert ("manual_line_in_stripe", "usd", 1, 300) in excluded


def test_tier_lines_and_flat_fees_add_up(scene: Scene) -> None:
    """1000 included, a flat fee of 900, 31 units at 3.6 cents: 1012 cents, 1031 units (T3)."""
    scene.stripe_invoice(
        "a", stripe.line(0, 1000), stripe.line(900, 0), stripe.line(112, 31), stripe.line(0, 0)
    )
    assert _charges(scene) == [(1012,)]
    assert _quantities(scene) == [(1031,)]


def test_the_allowance_is_half_a_minor_unit_a_line(scene: Scene) -> None:
    """Four non-zero lines allow 2 cents; lines of zero allow nothing."""
    scene.stripe_invoice("a", *[stripe.line(5, 5)] * 4, *[stripe.line(0, 0)] * 10)
    scene.metronome_invoice("a", metronome.usage_line(22, 20))
    scene.customer("b")
    scene.stripe_invoice("b", *[stripe.line(5, 5)] * 4, *[stripe.line(0, 0)] * 10)
    scene.metronome_invoice("b", metronome.usage_line("22.000000000001", 20))
    assert scene.told("parity.invoice_totals", "status") == [("within_tolerance",), ("breach",)]


def test_a_package_line_carries_raw_units(scene: Scene) -> None:
    """204 units in packages of 50 are 5 packages of 60 euros, and a quantity of 204 (T4)."""
    package = {"divide_by": 50, "round": "up"}
    scene.add("stripe/prices", stripe.price("packs", meter="tokens", transform_quantity=package))
    scene.stripe_invoice("a", stripe.line(30000, 204, price="packs"))
    assert _quantities(scene) == [(204,)]


def test_the_decimal_quantity_comes_first(scene: Scene) -> None:
    """`quantity` is truncated; `quantity_decimal` is not."""
    scene.stripe_invoice("a", stripe.line(1, "12.123456789012"))
    assert _quantities(scene) == [(Decimal("12.123456789012"),)]


def test_a_proration_moves_money_and_no_quantity(scene: Scene) -> None:
    """Prorated lines are charges; their quantities are not usage."""
    details = {"subscription_item": "si", "proration": True}
    proration = {"type": "subscription_item_details", "subscription_item_details": details}
    scene.stripe_invoice("a", stripe.line(1000, 1000), stripe.line(-200, 200, parent=proration))
    assert _charges(scene) == [(800,)]
    assert _quantities(scene) == [(1000,)]


def test_exclusive_tax_is_not_in_the_charges(scene: Scene) -> None:
    """The line's amount is before exclusive tax."""
    tax = {"amount": 190, "tax_behavior": "exclusive"}
    scene.stripe_invoice("a", stripe.line(1000, 1000, taxes=[tax]), total=1190)
    assert _charges(scene) == [(1000,)]


def test_inclusive_tax_with_discounts_that_hold_their_share(scene: Scene) -> None:
    """1190 with 190 tax and a discount of 119: the invoice says 900, so the discount held 19 of tax."""
    line = stripe.line(
        1190,
        1000,
        subtotal=1000,
        pretax_credit_amounts=[stripe.coupon(119)],
        taxes=[stripe.inclusive_tax(171)],
    )
    scene.stripe_invoice("a", line, total=1071, total_excluding_tax=900)
    assert _charges(scene) == [(900,)]


def test_inclusive_tax_with_discounts_before_tax(scene: Scene) -> None:
    """The same amounts with a total of 881: here the discount of 119 was taken off the net."""
    line = stripe.line(
        1190,
        1000,
        subtotal=1000,
        pretax_credit_amounts=[stripe.coupon(119)],
        taxes=[stripe.inclusive_tax(171)],
    )
    scene.stripe_invoice("a", line, total=1052, total_excluding_tax=881)
    assert _charges(scene) == [(881,)]


def test_credit_notes_are_not_subtracted_and_are_named(scene: Scene) -> None:
    """They stand in exclusions with their amount before tax; void ones nowhere."""
    invoice_id = scene.stripe_invoice("a", stripe.line(1000, 1000))
    note = {
        "id": "cn_1",
        "invoice": invoice_id,
        "customer": "cus_a",
        "currency": "usd",
        "status": "issued",
        "created": stripe.unix("2026-11-03"),
        "total": 119,
        "total_excluding_tax": 100,
    }
    scene.add("stripe/credit_notes", note, note | {"id": "cn_2", "status": "void"})
    assert _charges(scene) == [(1000,)]
    assert scene.told("control.exclusions", "count", "amount", reason="stripe_credit_note") == [(1, 100)]
