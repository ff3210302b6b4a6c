"""What becomes of each customer: its status, and who is left out of every check."""

from dataclasses import replace

import metronome_objects as metronome
import pytest
import stripe_objects as stripe
from scene import Scene

from parity_pipeline.mapping_files import CohortMember

CHECKS = (
    "invoice_totals",
    "line_item_quantities",
    "credit_drawdowns",
    "contract_coverage",
    "event_ingestion",
    "group_key_coverage",
)


def _statuses(scene: Scene) -> dict[object, object]:
    return dict(scene.told("parity.customer_status", "stripe_customer_id", "status"))


def test_every_customer_has_one_status(scene: Scene) -> None:
    """In parity, not in parity, nothing settled yet, and nobody linked."""
    for name in ("good", "bad", "early", "uncovered"):
        scene.customer(name, rates=() if name == "uncovered" else (metronome.rate("tokens"),))
    scene.stripe_customer("lone")
    for name, actual in (("good", 100), ("bad", 50), ("uncovered", 100)):
        scene.billed(name, 100, actual)
    scene.metered("uncovered", "5", "5")
    scene.stripe_invoice("early", stripe.line(100, 100), status="draft")
    assert _statuses(scene) == {
        "cus_good": "in_parity",
        "cus_bad": "not_in_parity",
        "cus_early": "pending",
        "cus_uncovered": "not_in_parity",
        "cus_lone": "unmapped",
    }


def test_the_amounts_are_exact_texts_by_currency(scene: Scene) -> None:
    """Both sides' settled charges, never summed across currencies."""
    scene.customer("a")
    scene.billed("a", 100, "99.5")
    assert scene.told("parity.customer_status", "expected_by_currency", "actual_by_currency") == [
        ('{"usd":"100.000000000000"}', '{"usd":"99.500000000000"}')
    ]


def test_a_customer_already_on_metronome_is_in_no_check(scene: Scene) -> None:
    """Charges in Metronome and no metered Stripe item in the window: left out, counted with its amount."""
    scene.stripe_customer("a", status=None)
    scene.metronome_customer("a", stripe_id="cus_a")
    scene.metronome_invoice("a", metronome.usage_line(700, 7))
    scene.metered("a", None, "7")
    scene.grouped("a", "7", {"model": "x"})
    for check in CHECKS:
        assert scene.rows(f"parity.{check}") == []
    columns = ("currency", "amount")
    assert scene.told("control.exclusions", *columns, reason="customer_already_on_metronome") == [
        ("usd", 700)
    ]


@pytest.mark.parametrize("customer_id", ["cus_a", "m_a"])
def test_a_live_cohort_is_in_no_check(scene: Scene, customer_id: str) -> None:
    """Named by either id; new customers go there first."""
    scene.links = replace(scene.links, cohorts=(CohortMember("first", "live", customer_id),))
    scene.customer("a")
    scene.billed("a", 100, 50)
    scene.metered("a", "5", "6")
    for check in CHECKS:
        assert scene.rows(f"parity.{check}") == []
    assert _statuses(scene) == {"cus_a": "already_on_metronome"}


def test_a_parallel_cohort_is_compared(scene: Scene) -> None:
    """Only live cohorts are left out."""
    scene.links = replace(scene.links, cohorts=(CohortMember("first", "parallel", "cus_a"),))
    scene.customer("a")
    scene.billed("a", 100, 100)
    assert _statuses(scene) == {"cus_a": "in_parity"}


def test_a_customer_who_was_metered_in_the_window_is_compared(scene: Scene) -> None:
    """The subscription ended in October, so both systems billed the same usage."""
    scene.stripe_customer("a", status="canceled", ended_at=stripe.unix("2026-10-20"))
    scene.metronome_customer("a", stripe_id="cus_a")
    scene.billed("a", 100, 100)
    assert _statuses(scene) == {"cus_a": "in_parity"}
