"""Causes of a charge that Metronome makes otherwise: links of prices, units, packages, flat fees."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import metronome_objects as metronome
import pytest
import stripe_objects as stripe
from scene import Scene

DOZEN = stripe.price(
    "dozen",
    meter="tokens",
    unit_amount_decimal="240",
    transform_quantity={"divide_by": 12, "round": "up"},
)
BASED = stripe.price(
    "based",
    meter="tokens",
    billing_scheme="tiered",
    tiers_mode="graduated",
    unit_amount_decimal=None,
    tiers=[{"up_to": None, "unit_amount_decimal": "1", "flat_amount_decimal": "900"}],
)


def _converted(name: str, factor: int, **state: Any) -> metronome.Json:
    conversion = {"conversion_factor": factor, "operation": "DIVIDE"}
    return metronome.product(name, metric="tokens", quantity_conversion=conversion, **state)


def _shares(scene: Scene, name: str) -> dict[object, object]:
    """The shares by cause of the customer's only total that differs."""
    wanted = {"check_name": "invoice_totals", "stripe_customer_id": f"cus_{name}"}
    return dict(scene.told("explain.money_causes", "cause", "share", **wanted))  # type: ignore[arg-type]


# Customer; Stripe's line; Metronome's product, its total and billed quantity; the causes with their shares.
UNITS: list[tuple[str, stripe.Json, str, str, str, dict[str, str]]] = [
    # 125 units are eleven dozens for Stripe, and 10.41666… for a product that divides without rounding.
    (
        "parts",
        stripe.line(2640, 125, price="dozen"),
        "dozens",
        "2500",
        "10.416666666667",
        {"quantity_conversion": "-140"},
    ),
    # Whole dozens on both sides; one costs a tenth more.
    ("dear", stripe.line(2640, 132, price="dozen"), "dozens", "2904", "11", {"rate_mismatch": "264"}),
    # Eleven dozens come to 13.2 tens, each at the price of a dozen.
    ("tens", stripe.line(2640, 132, price="dozen"), "tens", "3168", "13.2", {"quantity_conversion": "528"}),
    # 130 units are eleven dozens at 240 or thirteen tens at 200: the same price for a unit.
    ("small", stripe.line(2640, 130, price="dozen"), "tens", "2600", "13", {"quantity_conversion": "-40"}),
    # 1,024,000 units at a cent: 1000 of 1024, priced as if each held 1000.
    (
        "binary",
        stripe.line(1024000, 1024000),
        "kibi",
        "1000000",
        "1000",
        {"quantity_conversion": "-24000"},
    ),
    # 2.5 % less is no unit of anything.
    ("cheap", stripe.line(1024000, 1024000), "kibi", "998400", "1000", {"rate_mismatch": "-25600"}),
    # The same step where nothing counts in thousands is a rate.
    ("plain", stripe.line(1024000, 1024000), "tokens", "1000000", "1024000", {"rate_mismatch": "-24000"}),
]


@pytest.fixture(scope="module")
def units(make_scene: Callable[..., Scene]) -> Scene:
    """One customer a case, with an invoice for October on both sides."""
    scene = make_scene()
    scene.add("stripe/prices", DOZEN)
    products = [_converted("dozens", 12), _converted("tens", 10), _converted("kibi", 1024)]
    scene.add("metronome/products", *products)
    for name, line, product, total, quantity, _ in UNITS:
        scene.customer(name, rates=(metronome.rate(product),))
        scene.stripe_invoice(name, line)
        scene.metronome_invoice(name, metronome.usage_line(total, quantity, product=product))
    return scene


@pytest.mark.parametrize("case", UNITS, ids=[case[0] for case in UNITS])
def test_a_unit_of_the_product_is_told_from_a_rate(units: Scene, case: tuple[Any, ...]) -> None:
    """Parts of packages, packages of another size and 1024 for 1000 are conversions, all else is a rate."""
    assert _shares(units, case[0]) == {cause: Decimal(share) for cause, share in case[5].items()}


def _with_base_fee(scene: Scene, *links: tuple[str, str]) -> None:
    """A price with a base fee that is a product of its own in Metronome, and these lines of prices.csv."""
    scene.add("stripe/prices", BASED)
    scene.add("metronome/products", metronome.product("fee", kind="FIXED"))
    for price, product in links:
        scene.link_price(price, product)


def test_a_fee_that_is_right_hides_no_wrong_unit(scene: Scene) -> None:
    """900 of base fee on both sides; 1000 units cost 1000 cents, in Metronome a hundred times that."""
    _with_base_fee(scene, ("price_based", "p_tokens"), ("price_based", "p_fee"))
    scene.customer("a")
    scene.stripe_invoice("a", stripe.line(1000, 1000, price="based"), stripe.line(900, 0, price="based"))
    fee = metronome.usage_line(900, product="fee", type="scheduled")
    scene.metronome_invoice("a", metronome.usage_line(100000, 1000), fee)
    assert _shares(scene, "a") == {"currency_unit": 99000}


def test_a_line_for_another_price_leaves_a_price_its_product(scene: Scene) -> None:
    """Only the price with the fee stands in the file; the other one meets the only product of the meter."""
    _with_base_fee(scene, ("price_based", "p_tokens"), ("price_based", "p_fee"))
    scene.customer("a")
    scene.stripe_invoice("a", stripe.line(1000, 1000))
    scene.metronome_invoice("a", metronome.usage_line(1200, 1000))
    assert _shares(scene, "a") == {"rate_mismatch": 200}
    assert scene.told("parity.variance_effects", "effect", "amount") == [("price", 200)]


def test_a_price_without_a_line_goes_to_no_product_of_several(scene: Scene) -> None:
    """Two products of the meter stand in the file: nobody can say which of them the third price is."""
    scene.add("stripe/prices", DOZEN, BASED)
    scene.add("metronome/products", _converted("dozens", 12))
    scene.link_price("price_based", "p_tokens")
    scene.link_price("price_dozen", "p_dozens")
    scene.customer("a")
    scene.billed("a", 1000, 1200)
    members = {row["member"] for row in scene.rows("explain.charge_groups")}
    assert members == {"price_based", "p_tokens", "price_dozen", "p_dozens"}


def _a_fifth_off(scene: Scene) -> None:
    """1000 units a month with a coupon of 200 in Stripe, which Metronome carries in September."""
    scene.customer("a")
    for period in (stripe.SEPTEMBER, stripe.OCTOBER):
        line = stripe.line(1000, 1000, period=period, pretax_credit_amounts=[stripe.coupon(200)])
        scene.stripe_invoice("a", line, period=period)
    scene.metronome_invoice("a", metronome.usage_line(800, 1000), period=stripe.SEPTEMBER)


def test_a_discount_that_ends_within_the_period_is_missing_from_then_on(scene: Scene) -> None:
    """October's first 400 units are a fifth off; the other 600 cost 600 instead of 480 cents."""
    _a_fifth_off(scene)
    parts = (
        metronome.usage_line(320, 400, ending_before=metronome.rfc("2026-10-13")),
        metronome.usage_line(600, 600, starting_at=metronome.rfc("2026-10-13")),
    )
    scene.metronome_invoice("a", *parts)
    assert _shares(scene, "a") == {"discount_missing": 120}


def test_a_price_that_rises_within_the_period_is_no_discount(scene: Scene) -> None:
    """The 600 cost 570 cents: dearer than with the discount, and not Stripe's price without it."""
    _a_fifth_off(scene)
    scene.metronome_invoice("a", metronome.usage_line(320, 400), metronome.usage_line(570, 600))
    assert _shares(scene, "a") == {"rate_mismatch": 90}


def test_a_product_that_no_stripe_meter_counts_is_extra(scene: Scene) -> None:
    """Three hours of support at a dollar each, on a metric that nothing in Stripe corresponds to."""
    scene.add("metronome/billable_metrics", metronome.metric("support"))
    scene.add("metronome/products", metronome.product("support", metric="support"))
    scene.customer("a", rates=(metronome.rate("tokens"), metronome.rate("support")))
    scene.stripe_invoice("a", stripe.line(1000, 1000))
    support = metronome.usage_line(300, 3, product="support")
    scene.metronome_invoice("a", metronome.usage_line(1000, 1000), support)
    assert _shares(scene, "a") == {"events_extra": 300}


def test_a_flat_fee_without_usage_is_no_rate(scene: Scene) -> None:
    """Stripe charges the 500 with the second tier only; Metronome charges it without any usage."""
    volume = stripe.price(
        "volume",
        meter="tokens",
        billing_scheme="tiered",
        tiers_mode="volume",
        unit_amount_decimal=None,
        tiers=[
            {"up_to": 100, "unit_amount_decimal": "2"},
            {"up_to": None, "unit_amount_decimal": "1", "flat_amount_decimal": "500"},
        ],
    )
    scene.add("stripe/prices", volume)
    scene.add("metronome/products", metronome.product("fee", kind="FIXED"))
    scene.link_price("price_volume", "p_tokens")
    scene.link_price("price_volume", "p_fee")
    scene.customer("a")
    scene.stripe_invoice("a", stripe.line(0, 0, price="volume"))
    fee = metronome.usage_line(500, product="fee", type="scheduled")
    scene.metronome_invoice("a", metronome.usage_line(0, 0), fee)
    assert _shares(scene, "a") == {"tier_mismatch": 500}


def test_a_tiny_quantity_breaks_nothing(scene: Scene) -> None:
    """A flat fee and half off it, for a millionth of a millionth of a unit: a unit has no price."""
    scene.add("stripe/prices", BASED)
    scene.customer("a")
    line = stripe.line(1900, 1000, price="based", pretax_credit_amounts=[stripe.coupon(950)])
    scene.stripe_invoice("a", line)
    scene.metronome_invoice("a", metronome.usage_line(1900, "0.000000000001"))
    assert sum(row["share"] for row in scene.rows("explain.money_causes")) == 950
