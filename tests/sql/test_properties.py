"""What holds for any values: the tail follows from them, grains are unique, equal inputs give equal rows."""

from collections.abc import Callable
from decimal import Decimal

import metronome_objects as metronome
import pytest
import stripe_objects as stripe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scene import Scene

from parity_pipeline.setting_sections import CHECKS

RATIO = Decimal("0.01")
PAIRS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(0, 10**9)),
        st.one_of(st.none(), st.decimals(0, 10**9, places=12), st.integers(0, 10**9).map(Decimal)),
    ),
    min_size=1,
    max_size=20,
)
FEW = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def _billed(scene: Scene, pairs: list[tuple[int | None, Decimal | None]]) -> Scene:
    for number, (expected, actual) in enumerate(pairs):
        scene.customer(f"c{number:02}")
        scene.billed(f"c{number:02}", expected, None if actual is None else f"{actual:f}")
    return scene


@FEW
@given(pairs=PAIRS)
def test_the_tail_follows_from_the_two_values(
    make_scene: Callable[..., Scene], pairs: list[tuple[int | None, Decimal | None]]
) -> None:
    """Presence, variance and status of every row are those of a second reading of the rules, in Python."""
    scene = _billed(make_scene(), pairs)
    for row in scene.rows("parity.invoice_totals"):
        expected, actual = pairs[int(row["stripe_customer_id"][-2:])]
        variance = (actual or Decimal(0)) - (expected or 0)
        greater = max(Decimal(expected or 0), actual or Decimal(0))
        assert row["variance"] == variance
        assert (row["expected_value"], row["actual_value"]) == (expected, actual)
        if variance == 0:
            status = "match"
        elif abs(variance) <= max(RATIO * greater, Decimal(1)):
            status = "within_tolerance"
        else:
            status = "breach"
        assert row["status"] == status
        assert abs(row["variance_ratio"] * greater - abs(variance)) <= max(greater, Decimal(1)) * Decimal(
            "1e-12"
        )


@FEW
@given(quantities=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=10))
def test_swapping_the_sides_negates_the_variance(
    make_scene: Callable[..., Scene], quantities: list[tuple[int, int]]
) -> None:
    """A row and its mirror have opposite variances, equal ratios and equal statuses."""
    scene = make_scene()
    for number, (one, other) in enumerate(quantities):
        for name, expected, actual in ((f"c{number}", one, other), (f"m{number}", other, one)):
            scene.customer(name)
            scene.billed(name, expected, actual)
    rows = {row["stripe_customer_id"]: row for row in scene.rows("parity.line_item_quantities")}
    for number in range(len(quantities)):
        row, mirror = rows[f"cus_c{number}"], rows[f"cus_m{number}"]
        assert row["variance"] == -mirror["variance"]
        assert (row["variance_ratio"], row["status"]) == (mirror["variance_ratio"], mirror["status"])


def _busy(scene: Scene) -> Scene:
    """Customers with several meters, currencies, invoices, contracts and links."""
    scene.catalogue("images")
    euro = metronome.unit("EUR")
    for name in ("a", "b"):
        scene.customer(name)
        for period in (stripe.SEPTEMBER, stripe.OCTOBER):
            lines = [stripe.line(7, 7, period=period), stripe.line(9, 9, price="images", period=period)]
            scene.stripe_invoice(name, *lines)
            scene.stripe_invoice(name, stripe.line(5, 5, period=period, currency="eur"))
            scene.metronome_invoice(name, metronome.usage_line(7, 7), metronome.applied(-2), period=period)
            images = metronome.usage_line("0.05", 9, product="images", credit_type=euro)
            scene.metronome_invoice(name, images, period=period, credit_type=euro)
        for day in ("2026-10-05", "2026-10-06"):
            scene.metered(name, "5", "6", day=day)
            scene.metered(name, "5", None, day=day, meter="images")
    scene.stripe_customer("lone")
    scene.billed("lone", 5, None)
    scene.metronome_customer("stray")
    scene.metronome_invoice("stray", metronome.usage_line(5, 5))
    return scene


@pytest.fixture(scope="module")
def busy(make_scene: Callable[..., Scene]) -> Scene:
    """One busy scene for the tests that only look."""
    return _busy(make_scene())


@pytest.mark.parametrize("check", CHECKS)
def test_the_audit_of_a_busy_scene_is_clean(busy: Scene, check: str) -> None:
    """No NULL in the tail, one row a grain, every tail follows from its values."""
    (audit,) = busy.rows(f"audit.{check}")
    assert audit.pop("row_count") > 0
    assert set(audit.values()) == {0}


def test_every_breach_and_nothing_else_is_found(busy: Scene) -> None:
    """Over all checks, with no safety hit; a breach with several causes has a finding for each."""
    customer = ("check_name", "stripe_customer_id", "metronome_customer_id")
    keys = (*customer, "currency", "meter", "product", "pricing_group_values", "period_start", "usage_date")
    judged = busy.rows("intermediate.int_check_rows__judged")
    breaches = {tuple(row[key] for key in keys) for row in judged if row["status"] == "breach"}
    assert {tuple(row[key] for key in keys) for row in busy.rows("parity.findings")} == breaches != set()


def test_every_customer_is_listed_once(busy: Scene) -> None:
    """Linked customers have one row, unlinked ones of either side theirs."""
    ids = busy.told("parity.customer_status", "stripe_customer_id", "metronome_customer_id")
    assert sorted(ids, key=str) == [("cus_a", "m_a"), ("cus_b", "m_b"), ("cus_lone", None), (None, "m_stray")]


def test_equal_inputs_give_equal_rows(make_scene: Callable[..., Scene], busy: Scene) -> None:
    """A second build from the same objects gives the same tables, row for row."""
    again = _busy(make_scene())
    for check in CHECKS:
        assert again.rows(f"parity.{check}") == busy.rows(f"parity.{check}")
    assert again.rows("parity.findings") == busy.rows("parity.findings")
