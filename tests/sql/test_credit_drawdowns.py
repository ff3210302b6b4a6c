"""Credit drawdowns: what counts as applied credit, and presence, variance and status around every bound."""

from collections.abc import Callable
from decimal import Decimal

import metronome_objects as metronome
import pytest
import stripe_objects as stripe
from scene import Scene

# Customer, Stripe's and Metronome's credit in cents; presence, variance, status.
CASES = [
    ("equal", 5000, "5000", "both", "0", "match"),
    ("inside", 5000, "5020", "both", "20", "within_tolerance"),
    ("on_bound", 4950, "5000", "both", "50", "within_tolerance"),
    ("outside", 4950, "5000.000000000001", "both", "50.000000000001", "breach"),
    ("on_allowance", 10, "11", "both", "1", "within_tolerance"),
    ("past_allowance", 10, "11.1", "both", "1.1", "breach"),
    ("stripe_only", 500, None, "expected_only", "-500", "breach"),
    ("metronome_only", 0, "500", "actual_only", "500", "breach"),
]


@pytest.fixture(scope="module")
def october(make_scene: Callable[..., Scene]) -> Scene:
    """One customer a case with usage of 100 dollars in October, part of it paid by credit."""
    made = make_scene()
    for name, expected, actual, *_ in CASES:
        made.customer(str(name))
        credit = [stripe.credit(int(expected))] if expected else None
        made.stripe_invoice(str(name), stripe.line(10000, 10000, pretax_credit_amounts=credit))
        applied = [metronome.applied(f"-{actual}")] if actual else []
        made.metronome_invoice(str(name), metronome.usage_line(10000, 10000), *applied)
    return made


@pytest.mark.parametrize("case", CASES, ids=[str(case[0]) for case in CASES])
def test_a_row_has_its_presence_variance_and_status(october: Scene, case: tuple[object, ...]) -> None:
    """A cent is allowed on a row with one line; nothing applied on one side is an absent side."""
    name, _, _, presence, variance, status = case
    (row,) = october.told(
        "parity.credit_drawdowns",
        "currency",
        "presence",
        "variance",
        "status",
        stripe_customer_id=f"cus_{name}",
    )
    assert row == ("usd", presence, Decimal(str(variance)), status)


def test_the_charges_are_after_credit(october: Scene) -> None:
    """What credit paid is in neither side's net charges: 10000 less 5000."""
    assert october.told(
        "parity.invoice_totals", "expected_value", "actual_value", "status", stripe_customer_id="cus_equal"
    ) == [(5000, 5000, "match")]


def test_no_credit_gives_no_rows(scene: Scene) -> None:
    """Zero on both sides is not a row."""
    scene.customer("a")
    scene.billed("a", 100, 100)
    assert scene.rows("parity.credit_drawdowns") == []


def test_a_discount_is_no_credit(scene: Scene) -> None:
    """Of Stripe's combined list only credit_balance_transaction entries are credit (Stripe T6)."""
    scene.customer("a")
    line = stripe.line(
        1000,
        1000,
        pretax_credit_amounts=[stripe.coupon(200), stripe.credit(300)],
        discount_amounts=[{"amount": 200, "discount": "di_1"}],
    )
    scene.stripe_invoice("a", line)
    scene.metronome_invoice("a", metronome.usage_line(800, 1000), metronome.applied(-300))
    assert scene.told("parity.credit_drawdowns", "expected_value", "actual_value") == [(300, 300)]
    assert scene.told("parity.invoice_totals", "expected_value", "actual_value") == [(500, 500)]


def test_discounts_outside_the_combined_list_count_once(scene: Scene) -> None:
    """Without pretax_credit_amounts the discounts come from discount_amounts."""
    scene.customer("a")
    line = stripe.line(1000, 1000, discount_amounts=[{"amount": 200, "discount": "di_1"}])
    scene.stripe_invoice("a", line, total=800, total_excluding_tax=800)
    assert scene.told("parity.invoice_totals", "expected_value") == [(800,)]


def test_the_usage_that_a_commit_covers_is_no_credit(scene: Scene) -> None:
    """Covered usage is a positive line with the commit's id; only the negative one is the draw-down (T5)."""
    scene.customer("a")
    scene.stripe_invoice("a", stripe.line(8000, 80, pretax_credit_amounts=[stripe.credit(5000)]))
    scene.metronome_invoice(
        "a",
        metronome.usage_line(5000, 50, commit_id="commit_1"),
        metronome.applied(-5000),
        metronome.usage_line(3000, 30),
    )
    assert scene.told("parity.credit_drawdowns", "expected_value", "actual_value") == [(5000, 5000)]
    assert scene.told("parity.invoice_totals", "expected_value", "actual_value") == [(3000, 3000)]
    assert scene.told("parity.line_item_quantities", "expected_value", "actual_value") == [(80, 80)]


def test_a_line_without_a_type_is_known_by_its_sign_and_commit(scene: Scene) -> None:
    """Older payloads have no line type: negative with a commit is a draw-down, positive is usage (T5)."""
    scene.customer("a")
    scene.metronome_invoice(
        "a",
        metronome.usage_line(5000, 50, type=None, commit_id="commit_1"),
        metronome.usage_line(-5000, type=None, commit_id="commit_1", commit_type="PrepaidCommit"),
    )
    assert scene.told("parity.credit_drawdowns", "actual_value") == [(5000,)]
    assert scene.told("parity.line_item_quantities", "actual_value") == [(50,)]


def test_postpaid_drawdowns_count_nowhere(scene: Scene) -> None:
    """A postpaid draw-down lowers neither the charges nor is it credit (T6)."""
    scene.customer("a")
    scene.metronome_invoice("a", metronome.usage_line(5000, 50), metronome.applied(-5000, kind="POSTPAID"))
    assert scene.rows("parity.credit_drawdowns") == []
    assert scene.told("parity.invoice_totals", "actual_value") == [(5000,)]
    assert ("postpaid_drawdown_in_metronome", "usd", 1, -5000) in scene.told(
        "control.exclusions", "reason", "currency", "count", "amount"
    )


def test_credits_and_prepaid_commits_count_alike(scene: Scene) -> None:
    """A Metronome credit of 200 and a prepaid commit of 300 are 500 applied."""
    scene.customer("a")
    scene.metronome_invoice(
        "a", metronome.usage_line(900, 900), metronome.applied(-200, kind="CREDIT"), metronome.applied(-300)
    )
    assert scene.told("parity.credit_drawdowns", "actual_value") == [(500,)]
