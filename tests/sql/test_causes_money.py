"""Causes of money: each rule where it holds, and beside it what looks alike and must be told otherwise."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import metronome_objects as metronome
import pytest
import stripe_objects as stripe
from scene import Scene

TIERS = stripe.price(
    "tiered",
    meter="tokens",
    billing_scheme="tiered",
    tiers_mode="graduated",
    unit_amount_decimal=None,
    tiers=[{"up_to": 100, "unit_amount_decimal": "2"}, {"up_to": None, "unit_amount_decimal": "1"}],
)
FLAT = stripe.price(
    "flat",
    meter="tokens",
    billing_scheme="tiered",
    tiers_mode="graduated",
    unit_amount_decimal=None,
    tiers=[{"up_to": None, "unit_amount_decimal": "1", "flat_amount_decimal": "500"}],
)
PACKAGE = stripe.price(
    "package",
    meter="tokens",
    unit_amount_decimal="100",
    transform_quantity={"divide_by": 50, "round": "up"},
)
SEPTEMBER, OCTOBER = stripe.SEPTEMBER, stripe.OCTOBER


def _tiered_rate(*tiers: tuple[str, str | None]) -> metronome.Json:
    listed = {
        "rate_type": "TIERED",
        "tiers": [{"price": price, "size": size} for price, size in tiers],
        "credit_type": metronome.CENTS,
    }
    return {**metronome.rate("tokens"), "list_rate": listed}


# Customer; Stripe's lines; Metronome's rate, and its total for so many units; the causes with their shares.
CASES: list[tuple[str, list[stripe.Json], metronome.Json, str, str, dict[str, str]]] = [
    ("dearer", [stripe.line(1000, 1000)], metronome.rate("tokens"), "1250", "1000", {"rate_mismatch": "250"}),
    # Seven times is no unit of anything.
    ("seven", [stripe.line(1000, 1000)], metronome.rate("tokens"), "7000", "1000", {"rate_mismatch": "6000"}),
    (
        "thousand",
        [stripe.line(1000, 1000)],
        metronome.rate("tokens"),
        "1000000",
        "1000",
        {"quantity_conversion": "999000"},
    ),
    (
        "cents",
        [stripe.line(1000, 1000)],
        metronome.rate("tokens"),
        "100000",
        "1000",
        {"currency_unit": "99000"},
    ),
    ("free", [stripe.line(0, 1000)], metronome.rate("tokens"), "1000", "1000", {"rate_mismatch": "1000"}),
    (
        "package",
        [stripe.line(500, 204, price="package")],
        metronome.rate("tokens"),
        "20400",
        "204",
        {"quantity_conversion": "19900"},
    ),
    # A package that is dearer by a half is a rate.
    (
        "dear_package",
        [stripe.line(500, 204, price="package")],
        metronome.rate("tokens"),
        "750",
        "204",
        {"rate_mismatch": "250"},
    ),
    # The first tier of 100 units is 50 wide in Metronome: 50 units cost one cent instead of two.
    (
        "narrower",
        [stripe.line(200, 100, price="tiered"), stripe.line(400, 400, price="tiered")],
        _tiered_rate(("2", "50"), ("1", None)),
        "550",
        "500",
        {"tier_mismatch": "-50"},
    ),
    # Both tiers are dearer by a half: one ratio, so a rate.
    (
        "dear_tiers",
        [stripe.line(200, 100, price="tiered"), stripe.line(400, 400, price="tiered")],
        _tiered_rate(("3", "100"), ("1.5", None)),
        "900",
        "500",
        {"rate_mismatch": "300"},
    ),
    # Dearer by a half and narrower: 900 by the rate, and 75 less by the bound.
    (
        "dear_and_narrower",
        [stripe.line(200, 100, price="tiered"), stripe.line(400, 400, price="tiered")],
        _tiered_rate(("3", "50"), ("1.5", None)),
        "825",
        "500",
        {"rate_mismatch": "300", "tier_mismatch": "-75"},
    ),
    (
        "no_flat_fee",
        [stripe.line(1000, 1000, price="flat"), stripe.line(500, 0, price="flat")],
        metronome.rate("tokens"),
        "1000",
        "1000",
        {"tier_mismatch": "-500"},
    ),
    (
        "coupon",
        [stripe.line(1000, 1000, pretax_credit_amounts=[stripe.coupon(100)])],
        metronome.rate("tokens"),
        "1000",
        "1000",
        {"discount_missing": "100"},
    ),
    # A coupon explains a difference up to its own amount.
    (
        "coupon_and_rate",
        [stripe.line(1000, 1000, pretax_credit_amounts=[stripe.coupon(100)])],
        metronome.rate("tokens"),
        "1300",
        "1000",
        {"discount_missing": "100", "rate_mismatch": "300"},
    ),
    # Cheaper than after the coupon: no missing discount.
    (
        "cheaper",
        [stripe.line(1000, 1000, pretax_credit_amounts=[stripe.coupon(100)])],
        metronome.rate("tokens"),
        "700",
        "1000",
        {"rate_mismatch": "-200"},
    ),
]


@pytest.fixture(scope="module")
def october(make_scene: Callable[..., Scene]) -> Scene:
    """One customer a case, with an invoice for October on both sides."""
    scene = make_scene()
    scene.add("stripe/prices", TIERS, FLAT, PACKAGE)
    for name, lines, rate, total, quantity, _ in CASES:
        scene.customer(name, rates=(rate,))
        scene.stripe_invoice(name, *lines)
        scene.metronome_invoice(name, metronome.usage_line(total, quantity))
    return scene


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_a_price_has_its_cause(october: Scene, case: tuple[Any, ...]) -> None:
    """Shares of a row sum to its variance, and each has evidence."""
    found = october.told(
        "explain.money_causes",
        "cause",
        "share",
        "evidence",
        check_name="invoice_totals",
        stripe_customer_id=f"cus_{case[0]}",
    )
    assert {cause: share for cause, share, _ in found} == {
        cause: Decimal(share) for cause, share in case[5].items()
    }
    assert all(evidence for _, _, evidence in found)


def test_a_line_that_does_not_add_up_is_unexplained(scene: Scene) -> None:
    """1000 units at a cent for 1300 cents: no rate makes that, so no rate is blamed."""
    scene.customer("a")
    scene.stripe_invoice("a", stripe.line(1000, 1000))
    scene.metronome_invoice("a", metronome.usage_line(1300, 1000, unit_price=1))
    assert scene.told("explain.money_causes", "cause", "share") == [("unexplained", 300)]
    assert scene.told("parity.variance_effects", "effect", "amount") == [("unattributed", 300)]
