"""Variance effects: what a difference of two invoices consists of, at Stripe's own prices."""

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal

import metronome_objects as metronome
import pytest
import stripe_objects as stripe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scene import Scene

GRADUATED = stripe.price(
    "tiered",
    meter="tokens",
    billing_scheme="tiered",
    tiers_mode="graduated",
    unit_amount_decimal=None,
    tiers=[
        {"up_to": 100, "unit_amount_decimal": "2", "flat_amount_decimal": "50"},
        {"up_to": None, "unit_amount_decimal": "1"},
    ],
)
VOLUME = stripe.price(
    "volume",
    meter="tokens",
    billing_scheme="tiered",
    tiers_mode="volume",
    unit_amount_decimal=None,
    tiers=[
        {"up_to": 100, "unit_amount_decimal": "4"},
        {"up_to": None, "unit_amount_decimal": "2"},
    ],
)
PACKAGE = stripe.price(
    "package",
    meter="tokens",
    unit_amount_decimal="100",
    transform_quantity={"divide_by": 50, "round": "up"},
)
EURO = metronome.unit("EUR")


def _effects(scene: Scene, name: str = "a") -> dict[object, object]:
    wanted = f"cus_{name}"
    rows = [row for row in scene.rows("parity.variance_effects") if row["stripe_customer_id"] == wanted]
    effects = {row["effect"]: row["amount"] for row in rows}
    assert len(effects) == len(rows)
    return effects


def _one(scene: Scene, *lines: stripe.Json) -> None:
    scene.customer("a")
    scene.stripe_invoice("a", *lines)


def test_fewer_units_are_a_quantity_effect(scene: Scene) -> None:
    """900 instead of 1000 units at a cent are 100 cents less."""
    scene.customer("a")
    scene.billed("a", 1000, 900)
    assert _effects(scene) == {"quantity": -100}


def test_a_dearer_unit_is_a_price_effect(scene: Scene) -> None:
    """1000 units for 1250 cents are dearer by 250."""
    _one(scene, stripe.line(1000, 1000))
    scene.metronome_invoice("a", metronome.usage_line(1250, 1000))
    assert _effects(scene) == {"price": 250}


def test_quantity_is_valued_by_stripe_and_price_by_metronomes_quantity(scene: Scene) -> None:
    """900 units at 1.25 cents: 100 units less at a cent, and 900 units dearer by a quarter of a cent."""
    _one(scene, stripe.line(1000, 1000))
    scene.metronome_invoice("a", metronome.usage_line(1125, 900))
    assert _effects(scene) == {"quantity": -100, "price": 225}


def test_units_lost_in_the_last_tier_cost_the_last_tier(scene: Scene) -> None:
    """500 units cost 200 + 50 + 400, and 300 cost 200 + 50 + 200: not 260 less, as by the average."""
    scene.add("stripe/prices", GRADUATED)
    _one(
        scene,
        stripe.line(200, 100, price="tiered"),
        stripe.line(50, 0, price="tiered"),
        stripe.line(400, 400, price="tiered"),
    )
    scene.metronome_invoice("a", metronome.usage_line(450, 300))
    assert _effects(scene) == {"quantity": -200}


def test_a_volume_tier_prices_all_units(scene: Scene) -> None:
    """120 units cost 240 and 100 units 400: fewer units are dearer."""
    scene.add("stripe/prices", VOLUME)
    _one(scene, stripe.line(240, 120, price="volume"))
    scene.metronome_invoice("a", metronome.usage_line(400, 100))
    assert _effects(scene) == {"quantity": 160}


def test_a_begun_package_counts_whole(scene: Scene) -> None:
    """204 units are five packages and 260 are six: one package more."""
    scene.add("stripe/prices", PACKAGE)
    _one(scene, stripe.line(500, 204, price="package"))
    scene.metronome_invoice("a", metronome.usage_line(600, 260))
    assert _effects(scene) == {"quantity": 100}


def test_a_discount_that_was_not_carried_over(scene: Scene) -> None:
    """Ten per cent off 1000 on one side only."""
    _one(scene, stripe.line(1000, 1000, pretax_credit_amounts=[stripe.coupon(100)]))
    scene.metronome_invoice("a", metronome.usage_line(1000, 1000))
    assert _effects(scene) == {"discount": 100}


def test_a_discount_carried_as_a_lower_rate_is_no_effect(scene: Scene) -> None:
    """800 units at nine tenths of a cent, where Stripe takes ten per cent off 1000: only the units differ."""
    _one(scene, stripe.line(1000, 1000, pretax_credit_amounts=[stripe.coupon(100)]))
    scene.metronome_invoice("a", metronome.usage_line(720, 800))
    assert _effects(scene) == {"quantity": -180}


def test_a_discount_line_is_set_against_the_coupon(scene: Scene) -> None:
    """Metronome takes 60 off by a line of its own, Stripe 100 by a coupon: 40 are missing."""
    _one(scene, stripe.line(1000, 1000, pretax_credit_amounts=[stripe.coupon(100)]))
    off = metronome.usage_line(-60, product="off", type="scheduled", discount_id="d_1")
    scene.metronome_invoice("a", metronome.usage_line(1000, 1000), off)
    assert _effects(scene) == {"discount": 40}


def test_credit_that_hides_a_difference_stands_beside_it(scene: Scene) -> None:
    """300 units less, and 300 cents of credit less: nothing is owed, and both effects are told."""
    _one(scene, stripe.line(1000, 1000, pretax_credit_amounts=[stripe.credit(1000)]))
    scene.metronome_invoice("a", metronome.usage_line(700, 700), metronome.applied(-700))
    assert _effects(scene) == {"quantity": -300, "credit": 300}


def test_an_invoice_of_one_side_is_one_effect(scene: Scene) -> None:
    """Whatever stands on it."""
    scene.customer("a")
    scene.billed("a", 1000, None)
    assert _effects(scene) == {"unmatched_invoice": -1000}


def test_other_currencies_are_an_effect_of_both_rows(scene: Scene) -> None:
    """1000 cents on one side and ten euros on the other are no price effect."""
    _one(scene, stripe.line(1000, 1000))
    scene.metronome_invoice("a", metronome.usage_line(10, 1000, credit_type=EURO), credit_type=EURO)
    found = scene.told("parity.variance_effects", "currency", "effect", "amount")
    assert sorted(found, key=str) == [("eur", "currency", 1000), ("usd", "currency", -1000)]


def test_whole_units_taken_as_minor_units(scene: Scene) -> None:
    """900 units for 90000 cents: 89100 by the unit, and 100 units less."""
    _one(scene, stripe.line(1000, 1000))
    scene.metronome_invoice("a", metronome.usage_line(90000, 900))
    assert _effects(scene) == {"currency_unit": 89100, "quantity": -100}


def test_a_difference_inside_the_allowance_is_rounding(scene: Scene) -> None:
    """One cent on a row with one line."""
    scene.customer("a")
    scene.billed("a", 1000, 1001)
    assert _effects(scene) == {"rounding": 1}


def test_a_charge_without_a_counterpart_is_an_unmatched_line(scene: Scene) -> None:
    """Metronome bills a product that no meter explains."""
    scene.add("metronome/products", metronome.product("extra"))
    _one(scene, stripe.line(1000, 1000))
    scene.metronome_invoice(
        "a", metronome.usage_line(1000, 1000), metronome.usage_line(500, 5, product="extra")
    )
    assert _effects(scene) == {"unmatched_line": 500}


def test_fixed_charges_count_with_scope_all(scene: Scene) -> None:
    """5000 and 4000 for the plan, and the usage is equal."""
    scene.setting(parallel_run__scope="all")
    scene.add("stripe/prices", stripe.price("plan"))
    scene.add("metronome/products", metronome.product("plan", kind="SUBSCRIPTION"))
    _one(scene, stripe.line(1000, 1000), stripe.line(5000, 1, price="plan"))
    scene.metronome_invoice(
        "a",
        metronome.usage_line(1000, 1000),
        metronome.usage_line(4000, 1, product="plan", type="subscription"),
    )
    assert _effects(scene) == {"fixed_charge": -1000}


def test_a_price_that_changed_prices_each_part_by_itself(scene: Scene) -> None:
    """The second half costs half in Stripe; Metronome lacks 100 units of it, and nothing of the first."""
    scene.add("stripe/prices", stripe.price("cheap", meter="tokens", unit_amount_decimal="0.5"))
    first, second = ("2026-10-01", "2026-10-16"), ("2026-10-16", "2026-11-01")
    _one(
        scene,
        stripe.line(1000, 1000, period=first),
        stripe.line(500, 1000, price="cheap", period=second),
    )
    lines = [
        metronome.usage_line(
            total,
            quantity,
            starting_at=metronome.rfc(span[0]),
            ending_before=metronome.rfc(span[1]),
        )
        for total, quantity, span in ((1000, 1000, first), (450, 900, second))
    ]
    scene.metronome_invoice("a", *lines)
    assert _effects(scene) == {"quantity": -50}


def test_usage_that_was_free_has_no_price(scene: Scene) -> None:
    """A trial bills 1000 units at nothing: what Metronome takes for them is a price."""
    _one(scene, stripe.line(0, 1000))
    scene.metronome_invoice("a", metronome.usage_line(1000, 1000))
    assert _effects(scene) == {"price": 1000}


FEW = settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
BILLS = st.lists(
    st.tuples(
        st.sampled_from(["tokens", "tiered", "volume", "package"]),
        st.integers(0, 10**9),
        st.integers(0, 10**9),
        st.decimals(0, 10**10, places=12),
        st.integers(0, 10**6),
        st.integers(0, 10**6),
        st.decimals(0, 10**6, places=9),
    ),
    min_size=1,
    max_size=12,
)


@FEW
@given(bills=BILLS)
def test_effects_add_up_to_the_variance_exactly(
    make_scene: Callable[..., Scene], bills: list[tuple[str, int, int, Decimal, int, int, Decimal]]
) -> None:
    """Whatever the prices, quantities, discounts and credit on both sides are."""
    scene = make_scene()
    scene.add("stripe/prices", GRADUATED, VOLUME, PACKAGE)
    for number, (price, used, amount, quantity, discount, credit, applied) in enumerate(bills):
        name = f"c{number:02}"
        scene.customer(name)
        off = [stripe.coupon(discount), stripe.credit(credit)]
        scene.stripe_invoice(name, stripe.line(amount, used, price=price, pretax_credit_amounts=off))
        lines = [metronome.usage_line(f"{quantity:f}", f"{quantity:f}")]
        if applied:
            lines.append(metronome.applied(f"{-applied:f}"))
        scene.metronome_invoice(name, *lines)
    sums: dict[object, Decimal] = defaultdict(Decimal)
    for row in scene.rows("parity.variance_effects"):
        sums[row["stripe_customer_id"]] += row["amount"]
    totals = scene.rows("parity.invoice_totals")
    assert len(totals) == len(bills)
    for row in totals:
        assert sums[row["stripe_customer_id"]] == row["variance"]
    (audit,) = scene.rows("audit.invoice_totals")
    assert audit["unbalanced_effect_count"] == 0


@pytest.mark.parametrize("side", ["stripe", "metronome"])
def test_the_lines_of_a_side_add_up_to_its_value(scene: Scene, side: str) -> None:
    """1000 less 100 less 300 on Stripe's side; 1250 less 200 on Metronome's."""
    credit = [stripe.coupon(100), stripe.credit(300)]
    _one(scene, stripe.line(1000, 1000, pretax_credit_amounts=credit))
    scene.metronome_invoice("a", metronome.usage_line(1250, 1000), metronome.applied(-200))
    lines = [row for row in scene.rows("parity.line_items") if row["side"] == side]
    expected = {
        "stripe": {"usage": 1000, "discount": -100, "credit": -300},
        "metronome": {"usage": 1250, "credit": -200},
    }
    assert {row["line_kind"]: row["amount"] for row in lines} == expected[side]


def test_rows_that_agree_show_no_lines(scene: Scene) -> None:
    """Lines are for periods that differ."""
    scene.customer("a")
    scene.billed("a", 1000, 1000)
    assert scene.rows("parity.line_items") == []
