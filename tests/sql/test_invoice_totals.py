"""Invoice totals: presence, variance, ratio and status on both sides of every bound."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from scene import Scene

# Customer, Stripe's and Metronome's charge in cents; presence, variance, ratio, status.
CASES = [
    ("equal", 10000, "10000", "both", 0, "0", "match"),
    ("inside", 10000, "10050", "both", 50, "0.004975124378", "within_tolerance"),
    ("on_bound_above", 9900, "10000", "both", 100, "0.01", "within_tolerance"),
    ("on_bound_below", 10000, "9900", "both", -100, "0.01", "within_tolerance"),
    ("outside_above", 9900, "10000.000000000001", "both", "100.000000000001", "0.01", "breach"),
    ("outside_below", 10000, "9899.999999999999", "both", "-100.000000000001", "0.01", "breach"),
    ("on_allowance", 10, "11", "both", 1, "0.090909090909", "within_tolerance"),
    ("past_allowance", 10, "11.000000000001", "both", "1.000000000001", "0.090909090909", "breach"),
    ("stripe_only", 500, None, "expected_only", -500, "1", "breach"),
    ("metronome_only", None, "500", "actual_only", 500, "1", "breach"),
    ("zero", 0, "0", "both", 0, "0", "match"),
    ("twelfth_place", 100, "100.000000000001", "both", "0.000000000001", "0", "within_tolerance"),
]


@pytest.fixture(scope="module")
def october(make_scene: Callable[..., Scene]) -> Scene:
    """One customer a case, billed for October."""
    made = make_scene()
    for name, expected, actual, *_ in CASES:
        made.customer(str(name))
        made.billed(str(name), expected, actual)
    return made


@pytest.mark.parametrize("case", CASES, ids=[str(case[0]) for case in CASES])
def test_a_row_has_its_presence_variance_ratio_and_status(october: Scene, case: tuple[object, ...]) -> None:
    """Compared by multiplication: one trillionth past the bound is a breach, the bound itself is not."""
    name, expected, actual, presence, variance, ratio, status = case
    (row,) = [
        row for row in october.rows("parity.invoice_totals") if row["stripe_customer_id"] == f"cus_{name}"
    ]
    assert row["presence"] == presence
    assert row["expected_value"] == (None if expected is None else expected)
    assert row["actual_value"] == (None if actual is None else Decimal(str(actual)))
    assert row["variance"] == Decimal(str(variance))
    assert round(row["variance_ratio"], 12) == Decimal(str(ratio))
    assert row["status"] == status


def test_nothing_billed_gives_no_rows(scene: Scene) -> None:
    """Customers without invoices have no invoice totals."""
    scene.customer("a")
    assert scene.rows("parity.invoice_totals") == []


@pytest.mark.parametrize(
    ("allowed", "status"), [("5", "within_tolerance"), ("4.999999", "breach"), ("0", "breach")]
)
def test_the_allowance_is_a_setting(scene: Scene, allowed: str, status: str) -> None:
    """`absolute_minor_units` takes the place of the larger of 1 and half the lines."""
    scene.setting(thresholds__absolute_minor_units=allowed)
    scene.customer("a")
    scene.billed("a", 10, 15)
    assert scene.told("parity.invoice_totals", "status") == [(status,)]


def test_values_of_opposite_sign_have_a_ratio_of_two(scene: Scene) -> None:
    """-100 against 100: the variance is 200, the greater absolute value 100."""
    scene.customer("a")
    scene.billed("a", -100, 100)
    assert scene.told("parity.invoice_totals", "variance", "variance_ratio", "status") == [(200, 2, "breach")]
