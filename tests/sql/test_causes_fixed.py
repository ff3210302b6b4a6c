"""Causes of fixed charges, which count with scope `all` alone."""

from collections.abc import Callable

import metronome_objects as metronome
import pytest
import stripe_objects as stripe
from scene import Scene

# Customer; Stripe's fixed amounts and Metronome's, each with its number of units; the cause and its share.
CASES: list[tuple[str, list[tuple[int, int]], list[tuple[int, int]], str, int]] = [
    ("none", [(5000, 1)], [], "product_not_entitled", -5000),
    ("one_of_two", [(5000, 1), (900, 1)], [(5000, 1)], "product_not_entitled", -900),
    ("dearer", [(5000, 1)], [(6000, 1)], "rate_mismatch", 1000),
    ("in_cents", [(5000, 1)], [(500000, 1)], "currency_unit", 495000),
    ("other_seats", [(5000, 5)], [(6000, 6)], "unexplained", 1000),
    ("metronome_alone", [], [(5000, 1)], "unexplained", 5000),
]


@pytest.fixture(scope="module")
def october(make_scene: Callable[..., Scene]) -> Scene:
    """A customer a case, whose usage is equal."""
    made = make_scene()
    made.setting(parallel_run__scope="all")
    made.add("stripe/prices", *(stripe.price(f"plan_{number}") for number in (0, 1)))
    made.add("metronome/products", metronome.product("plan", kind="SUBSCRIPTION"))
    for name, expected, actual, *_ in CASES:
        made.customer(name)
        fixed = [
            stripe.line(amount, units, price=f"plan_{number}")
            for number, (amount, units) in enumerate(expected)
        ]
        made.stripe_invoice(name, stripe.line(1000, 1000), *fixed)
        lines = [
            metronome.usage_line(amount, units, product="plan", type="subscription")
            for amount, units in actual
        ]
        made.metronome_invoice(name, metronome.usage_line(1000, 1000), *lines)
    return made


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_a_fixed_charge_has_its_cause(october: Scene, case: tuple[str, object, object, str, int]) -> None:
    """The usage is equal, so the whole difference is the fixed charges'."""
    name, _, _, cause, share = case
    found = october.told("explain.money_causes", "cause", "share", stripe_customer_id=f"cus_{name}")
    assert found == [(cause, share)]
    effects = october.told("parity.variance_effects", "effect", "amount", stripe_customer_id=f"cus_{name}")
    assert effects == [("fixed_charge", share)]


def test_a_contract_that_starts_late_explains_its_fixed_charges(scene: Scene) -> None:
    """The contract starts on the sixteenth; half of the plan and none of the equal usage is lacking."""
    scene.setting(parallel_run__scope="all")
    scene.add("stripe/prices", stripe.price("plan"))
    scene.add("metronome/products", metronome.product("plan", kind="SUBSCRIPTION"))
    scene.stripe_customer("a")
    scene.metronome_customer("a", stripe_id="cus_a")
    scene.add("metronome/contracts", metronome.contract("a", starts="2026-10-16"))
    scene.rates("a", metronome.rate("tokens"))
    scene.metered("a", "1000", "1000", day="2026-10-05")
    scene.metered("a", "1000", "1000", day="2026-10-20")
    scene.stripe_invoice("a", stripe.line(2000, 2000), stripe.line(5000, 1, price="plan"))
    scene.metronome_invoice(
        "a",
        metronome.usage_line(1000, 1000),
        metronome.usage_line(2500, 1, product="plan", type="subscription"),
    )
    found = scene.told("explain.money_causes", "cause", "share", check_name="invoice_totals")
    assert found == [("contract_late", -3500)]
