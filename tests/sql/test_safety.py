"""What must not happen to a customer whom Stripe still bills."""

import metronome_objects as metronome
import pytest
import stripe_objects as stripe
from scene import Scene

HIT = ("cause", "stripe_customer_id", "metronome_customer_id", "subject")


@pytest.fixture(autouse=True)
def _customer(scene: Scene) -> None:
    scene.customer("a")


def _hits(scene: Scene) -> list[tuple[object, ...]]:
    return scene.told("parity.safety", *HIT)


def _external(invoice_id: str, status: str = "PAID") -> metronome.Json:
    return {"billing_provider_type": "stripe", "invoice_id": invoice_id, "external_status": status}


def test_a_clean_customer_is_no_hit(scene: Scene) -> None:
    """Invoices on both sides and a contract without automatic charges."""
    scene.billed("a", 100, 100)
    assert _hits(scene) == []


def test_a_pushed_invoice_is_double_billing(scene: Scene) -> None:
    """Found by its marks in Stripe; it fails the customer whatever the checks say."""
    scene.billed("a", 100, 100)
    pushed = scene.stripe_invoice(
        "a", stripe.item_line(100), parent=None, metadata={"metronome_invoice_id": "i"}
    )
    assert _hits(scene) == [("double_billing", "cus_a", "m_a", pushed)]
    assert scene.told("parity.customer_status", "status") == [("not_in_parity",)]
    assert scene.told("parity.findings", "check_name", "cause") == [("safety", "double_billing")]


def test_metronomes_word_for_it_is_enough(scene: Scene) -> None:
    """The invoice is not in Stripe's list; Metronome says that it pushed it."""
    scene.metronome_invoice("a", metronome.usage_line(100, 100), external_invoice=_external("in_x"))
    assert _hits(scene) == [("double_billing", "cus_a", "m_a", "in_x")]


@pytest.mark.parametrize("status", ["VOID", "DELETED"])
def test_a_pushed_invoice_that_is_gone_is_no_hit(scene: Scene, status: str) -> None:
    """Voided or deleted in Stripe means nothing is billed twice."""
    scene.metronome_invoice("a", metronome.usage_line(100, 100), external_invoice=_external("in_x", status))
    assert _hits(scene) == []


def test_a_void_pushed_invoice_in_stripe_is_no_hit(scene: Scene) -> None:
    """Stripe's own status counts as well."""
    scene.stripe_invoice(
        "a", stripe.item_line(100), parent=None, metadata={"metronome_id": "i"}, status="void"
    )
    assert _hits(scene) == []


def test_a_swept_up_item_is_double_billing(scene: Scene) -> None:
    """A pending item of Metronome's can land on the subscription's own invoice: marks count by line."""
    swept = scene.stripe_invoice(
        "a", stripe.line(100, 100), stripe.item_line(100, metadata={"metronome_invoice_id": "i"})
    )
    assert _hits(scene) == [("double_billing", "cus_a", "m_a", swept)]
    assert scene.told("parity.invoice_totals", "expected_value") == [(100,)]


def test_a_subscription_line_is_native_whatever_its_metadata(scene: Scene) -> None:
    """Its metadata mirrors the subscription's, where companies keep Metronome's ids."""
    scene.stripe_invoice("a", stripe.line(100, 100, metadata={"metronome_customer_id": "m_a"}))
    assert _hits(scene) == []
    assert scene.told("parity.invoice_totals", "expected_value") == [(100,)]


@pytest.mark.parametrize("kind", ["prepaid_balance_threshold_configuration", "spend_threshold_configuration"])
def test_automatic_charging_is_a_hit(scene: Scene, kind: str) -> None:
    """It charges although the customer is unbillable (T4)."""
    contract = metronome.contract("a", suffix="2", **{kind: {"is_enabled": True}})
    scene.add("metronome/contracts", contract)
    assert _hits(scene) == [("auto_charge_enabled", "cus_a", "m_a", "con_a2")]


@pytest.mark.parametrize(
    "changes",
    [
        {"prepaid_balance_threshold_configuration": {"is_enabled": False}},
        {"archived_at": metronome.rfc("2026-09-01"), "spend_threshold_configuration": {"is_enabled": True}},
        {"ending_before": metronome.rfc("2026-09-01"), "spend_threshold_configuration": {"is_enabled": True}},
    ],
)
def test_automatic_charging_that_cannot_charge_is_no_hit(scene: Scene, changes: dict[str, object]) -> None:
    """Switched off, on an archived contract, or on one that ended before the parallel run."""
    scene.add("metronome/contracts", metronome.contract("a", suffix="2", **changes))
    assert _hits(scene) == []


def test_a_customer_whom_stripe_does_not_bill_is_no_hit(scene: Scene) -> None:
    """Already on Metronome: its invoices belong in Stripe."""
    scene.stripe_customer("b", status=None)
    scene.metronome_customer("b", stripe_id="cus_b")
    scene.metronome_invoice("b", metronome.usage_line(100, 100), external_invoice=_external("in_b"))
    assert _hits(scene) == []
    assert scene.told("parity.customer_status", "status", stripe_customer_id="cus_b") == [
        ("already_on_metronome",)
    ]
