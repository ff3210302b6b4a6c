"""The gate's arithmetic: what goes into a ratio, what is judged apart, and how many customers are within."""

from datetime import date
from decimal import Decimal

import metronome_objects as metronome
import pytest
import stripe_objects as stripe
from scene import Scene

FIGURES = ("gate_variance", "gate_denominator", "gate_ratio", "is_within")


def _bill(scene: Scene, *amounts: tuple[int | None, int | str | None], prefix: str = "c") -> None:
    """One customer an amount pair, billed for October."""
    for number, (expected, actual) in enumerate(amounts):
        scene.customer(f"{prefix}{number}")
        scene.billed(f"{prefix}{number}", expected, actual)


def _totals(scene: Scene, *columns: str) -> list[tuple[object, ...]]:
    return scene.told("parity.check_unit_cycles", *(columns or FIGURES), check_name="invoice_totals")


def test_opposite_errors_do_not_cancel_out(scene: Scene) -> None:
    """+5 dollars and -5 dollars on 100 each are 10 dollars of 200, though the net is 0."""
    _bill(scene, (10000, 10500), (10000, 9500))
    assert _totals(scene) == [(1000, 20000, Decimal("0.05"), False)]
    assert scene.told(
        "parity.check_unit_cycles", "net_variance", "gross_variance", check_name="invoice_totals"
    ) == [(0, 1000)]


def test_rows_inside_their_allowance_may_scatter(scene: Scene) -> None:
    """Four rows of one cent, two each way, add nothing."""
    _bill(scene, (10, 11), (10, 9), (10, 11), (10, 9))
    assert _totals(scene) == [(0, 40, 0, True)]


def test_rows_inside_their_allowance_may_lean_by_two_root_n(scene: Scene) -> None:
    """Four rows of one cent up are 4, which is exactly 2 x root 4."""
    _bill(scene, *[(10, 11)] * 4)
    assert _totals(scene) == [(0, 40, 0, True)]


def test_what_leans_beyond_two_root_n_counts(scene: Scene) -> None:
    """Nine rows of one cent down are 9, less 2 x root 9 leaves 3 of 90."""
    _bill(scene, *[(10, 9)] * 9)
    assert _totals(scene) == [(3, 90, Decimal("0.033333333333"), False)]


def test_outside_and_inside_rows_add_up(scene: Scene) -> None:
    """500 outside and 9 - 6 = 3 inside are 503 of 10090."""
    _bill(scene, (10000, 9500), *[(10, 9)] * 9)
    assert _totals(scene, "gate_variance", "gate_denominator") == [(503, 10090)]


def test_exactly_one_percent_is_within(scene: Scene) -> None:
    """100 of 10000."""
    _bill(scene, (10000, 10100))
    assert _totals(scene) == [(100, 10000, Decimal("0.01"), True)]


def test_a_trillionth_past_one_percent_is_not_within(scene: Scene) -> None:
    """The ratio column rounds to 0.01; the multiplication does not."""
    _bill(scene, (10000, "10100.000000000001"))
    assert _totals(scene, "gate_ratio", "is_within") == [(Decimal("0.01"), False)]


def test_the_gate_divides_by_stripe_and_a_row_by_the_greater_value(scene: Scene) -> None:
    """101 of 10000 is past one percent, 101 of 10101 is not: the row is within, the gate is not."""
    _bill(scene, (10000, 10101))
    assert _totals(scene, "is_within") == [(False,)]
    assert scene.told("parity.invoice_totals", "status") == [("within_tolerance",)]


def test_nothing_over_nothing_is_zero(scene: Scene) -> None:
    """A unit in which both sides billed nothing is within."""
    _bill(scene, (0, 0))
    assert _totals(scene) == [(0, 0, 0, True)]


def test_something_over_nothing_is_one(scene: Scene) -> None:
    """What only Metronome billed has no denominator: ratio 1, not within."""
    _bill(scene, (None, 500))
    assert _totals(scene) == [(500, 0, 1, False)]


def test_cycles_are_judged_apart(scene: Scene) -> None:
    """A great good September does not outweigh a small bad October; a period's end decides its month."""
    scene.customer("a")
    scene.billed("a", 1000000, 1000000, period=stripe.SEPTEMBER)
    scene.billed("a", 1000, 900)
    assert _totals(scene, "cycle", "gate_ratio", "is_within") == [
        (date(2026, 9, 1), 0, True),
        (date(2026, 10, 1), Decimal("0.1"), False),
    ]
    assert scene.told("parity.check_summary", "is_ratio_met", check_name="invoice_totals") == [(False,)]


def test_units_are_judged_apart(scene: Scene) -> None:
    """A great good dollar total does not outweigh a small bad euro total."""
    scene.customer("a")
    scene.billed("a", 1000000, 1000000)
    scene.customer("b")
    scene.stripe_invoice("b", stripe.line(1000, 1000, currency="eur"))
    euro = metronome.unit("EUR")
    scene.metronome_invoice("b", metronome.usage_line("9.00", 1000, credit_type=euro), credit_type=euro)
    assert _totals(scene, "unit", "gate_ratio", "is_within") == [
        ("eur", Decimal("0.1"), False),
        ("usd", 0, True),
    ]


def test_pending_rows_are_not_judged(scene: Scene) -> None:
    """A draft's variance is in no total; the row is counted as pending."""
    scene.customer("a")
    scene.stripe_invoice("a", stripe.line(1000, 1000), status="draft")
    scene.metronome_invoice("a", metronome.usage_line(5, 1000))
    assert _totals(scene, "rows", "settled_rows", *FIGURES) == [(1, 0, 0, 0, 0, True)]
    assert scene.told(
        "parity.check_summary", "rows", "pending", "customers", check_name="invoice_totals"
    ) == [(1, 1, 0)]


def test_waived_rows_add_nothing_to_the_numerator(scene: Scene) -> None:
    """A waived difference of 5000 leaves the gate at the 0 of the other row."""
    _bill(scene, (10000, 5000), (10000, 10000))
    scene.waive("invoice_totals", customer="cus_c0")
    assert _totals(scene, "gate_variance", "gross_variance", "is_within") == [(0, 5000, True)]


def test_the_warning_ratio_warns_and_decides_nothing(scene: Scene) -> None:
    """51 of 10000 is above 0.5 % and below 1 %."""
    _bill(scene, (10000, 10051))
    assert _totals(scene, "is_within", "is_warned") == [(True, True)]


def test_a_check_has_thresholds_of_its_own(scene: Scene) -> None:
    """Two percent for invoice totals leaves one percent for quantities."""
    scene.setting(thresholds__invoice_totals__variance_ratio="0.02")
    _bill(scene, (10000, 10200))
    checks = scene.told("parity.check_unit_cycles", "check_name", "is_within")
    assert ("invoice_totals", True) in checks
    assert ("line_item_quantities", False) in checks


@pytest.mark.parametrize(("bad", "is_met"), [(1, True), (2, False)])
def test_enough_customers_must_be_within(scene: Scene, bad: int, *, is_met: bool) -> None:
    """With a share of 0.75, one of four may be out and two may not, however small they are."""
    scene.setting(thresholds__customer_share="0.75")
    good = [(100000000, 100000000)] * (4 - bad)
    _bill(scene, *[(1000, 900)] * bad, *good)
    columns = ("customers", "customers_within", "is_ratio_met", "is_share_met")
    assert scene.told("parity.check_summary", *columns, check_name="invoice_totals") == [
        (4, 4 - bad, True, is_met)
    ]


def test_a_customer_must_be_within_in_every_cycle_of_its_own(scene: Scene) -> None:
    """A good September does not excuse the customer's bad October."""
    scene.customer("a")
    scene.billed("a", 1000000, 1000000, period=stripe.SEPTEMBER)
    scene.billed("a", 1000, 900)
    assert scene.told(
        "parity.check_summary", "customers", "customers_within", check_name="invoice_totals"
    ) == [(1, 0)]


def test_a_check_without_rows_has_a_summary(scene: Scene) -> None:
    """All six checks have a row, with counts of 0."""
    rows = scene.told(
        "parity.check_summary", "check_name", "rows", "customers", "is_ratio_met", "is_share_met"
    )
    assert sorted(rows) == [
        (check, 0, 0, True, True)
        for check in (
            "contract_coverage",
            "credit_drawdowns",
            "event_ingestion",
            "group_key_coverage",
            "invoice_totals",
            "line_item_quantities",
        )
    ]


def test_totals_are_over_all_cycles(scene: Scene) -> None:
    """Gross and net totals of a unit are shown beside its worst ratio."""
    scene.customer("a")
    scene.billed("a", 1000, 1100, period=stripe.SEPTEMBER)
    scene.billed("a", 1000, 980)
    columns = ("unit", "expected_value", "actual_value", "net_variance", "gross_variance", "gate_ratio")
    assert scene.told("parity.check_totals", *columns, check_name="invoice_totals") == [
        ("usd", 2000, 2080, 80, 120, Decimal("0.1"))
    ]


def test_a_product_that_rounds_up_does_not_lean_by_it(scene: Scene) -> None:
    """Packages of 1000 raise every quantity by less than a package; that is their price model, no lean."""
    package = metronome.product(
        "packs",
        metric="tokens",
        quantity_conversion={"conversion_factor": 1000, "operation": "DIVIDE"},
        quantity_rounding={"rounding_method": "ROUND_UP", "decimal_places": 0},
    )
    scene.add("metronome/products", package)
    for number in range(9):
        scene.customer(f"c{number}")
        scene.stripe_invoice(f"c{number}", stripe.line(100, 1500))
        scene.metronome_invoice(f"c{number}", metronome.usage_line(100, 2, product="packs"))
    assert scene.told("parity.check_unit_cycles", *FIGURES, check_name="line_item_quantities") == [
        (0, 13500, 0, True)
    ]
