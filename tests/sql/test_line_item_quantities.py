"""Line item quantities: presence, variance and status on both sides of every bound, and the allowances."""

from collections.abc import Callable
from decimal import Decimal

import metronome_objects as metronome
import pytest
import stripe_objects as stripe
from scene import Scene

# Customer, Stripe's and Metronome's quantity; presence, variance, status.
CASES = [
    ("equal", "10000", "10000", "both", "0", "match"),
    ("inside", "10000", "10050", "both", "50", "within_tolerance"),
    ("on_bound", "9900", "10000", "both", "100", "within_tolerance"),
    ("outside", "9900", "10000.000000000001", "both", "100.000000000001", "breach"),
    ("no_allowance", "10", "11", "both", "1", "breach"),
    ("stripe_only", "7", None, "expected_only", "-7", "breach"),
    ("metronome_only", None, "7", "actual_only", "7", "breach"),
    ("zero", "0", "0", "both", "0", "match"),
    ("twelfth_place", "1.000000000001", "1.000000000002", "both", "0.000000000001", "within_tolerance"),
]


@pytest.fixture(scope="module")
def october(make_scene: Callable[..., Scene]) -> Scene:
    """One customer a case, billed for October."""
    made = make_scene()
    for name, expected, actual, *_ in CASES:
        made.customer(str(name))
        if expected is not None:
            made.stripe_invoice(str(name), stripe.line(1, expected))
        if actual is not None:
            made.metronome_invoice(str(name), metronome.usage_line(1, actual))
    return made


@pytest.mark.parametrize("case", CASES, ids=[str(case[0]) for case in CASES])
def test_a_row_has_its_presence_variance_and_status(october: Scene, case: tuple[str, ...]) -> None:
    """There is no minor unit of tolerance for quantities: 10 against 11 is a breach."""
    name, expected, actual, presence, variance, status = case
    (row,) = october.told(
        "parity.line_item_quantities",
        *("meter", "presence", "expected_value", "actual_value", "variance", "status"),
        stripe_customer_id=f"cus_{name}",
    )
    sides = tuple(None if side is None else Decimal(side) for side in (expected, actual))
    assert row == ("tokens", presence, *sides, Decimal(variance), status)


def test_a_quantity_of_zero_on_one_side_alone_is_no_row(scene: Scene) -> None:
    """A product without usage stands on an invoice with quantity 0 and says nothing."""
    scene.customer("a")
    scene.metronome_invoice("a", metronome.usage_line(0, 0))
    assert scene.rows("parity.line_item_quantities") == []


def test_one_rounding_step_a_line_is_allowed(scene: Scene) -> None:
    """Two lines rounded to 0.01 of a thousand tokens may differ by 2 x 10 tokens, not by more."""
    product = metronome.product(
        "tokens",
        metric="tokens",
        quantity_conversion={"conversion_factor": 1000, "operation": "DIVIDE"},
        quantity_rounding={"rounding_method": "ROUND_HALF_UP", "decimal_places": 2},
    )
    scene.add("metronome/products", product | {"id": "p_thousands"})
    for name, raw in (("at", "120"), ("past", "119")):
        scene.customer(name)
        scene.stripe_invoice(name, stripe.line(1, raw))
        lines = [metronome.usage_line(1, "0.07", product="thousands") for _ in range(2)]
        scene.metronome_invoice(name, *lines)
    assert scene.told("parity.line_item_quantities", "stripe_customer_id", "actual_value", "status") == [
        ("cus_at", 140, "within_tolerance"),
        ("cus_past", 140, "breach"),
    ]


def test_the_usage_of_an_unaligned_edge_hour_is_allowed(scene: Scene) -> None:
    """A period from 10:30 on one side and 11:00 on the other may differ by the usage of 10:00 to 11:00."""
    span = ("2026-09-15T10:30:00", "2026-10-15T10:30:00")
    for name, actual in (("at", 60), ("past", 59)):
        scene.customer(name)
        scene.stripe_invoice(name, stripe.line(100, 100, period=span), period=span)
        scene.metronome_invoice(
            name, metronome.usage_line(60, actual), period=("2026-09-15T11:00:00", "2026-10-15T11:00:00")
        )
        for start, end, value in (
            ("2026-09-15T10:00:00", "2026-09-15T11:00:00", "30"),
            ("2026-10-15T10:00:00", "2026-10-15T11:00:00", "10"),
            ("2026-10-15T11:00:00", "2026-10-15T12:00:00", "500"),
        ):
            hour = stripe.summary("tokens", value, start, end)
            scene.add("stripe/meter_event_summaries", hour, context=(f"cus_{name}", "hour"))
    assert scene.told("parity.line_item_quantities", "stripe_customer_id", "variance", "status") == [
        ("cus_at", -40, "within_tolerance"),
        ("cus_past", -41, "breach"),
    ]


def test_an_edge_hour_may_scatter_by_its_usage(scene: Scene) -> None:
    """One row off by its edge hour alone adds nothing to the gate: 30 lies within twice 30."""
    span = ("2026-09-15T10:30:00", "2026-10-15T10:30:00")
    scene.customer("a")
    scene.stripe_invoice("a", stripe.line(100, 100, period=span), period=span)
    other = ("2026-09-15T11:00:00", "2026-10-15T11:00:00")
    scene.metronome_invoice("a", metronome.usage_line(70, 70), period=other)
    hour = stripe.summary("tokens", "30", "2026-09-15T10:00:00", "2026-09-15T11:00:00")
    scene.add("stripe/meter_event_summaries", hour, context=("cus_a", "hour"))
    columns = ("gate_variance", "is_within")
    assert scene.told("parity.check_unit_cycles", *columns, check_name="line_item_quantities") == [(0, True)]
