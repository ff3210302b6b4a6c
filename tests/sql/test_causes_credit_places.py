"""Causes of credit in a period of which one side has no invoice at all, and of credit in the wrong unit."""

import metronome_objects as metronome
import stripe_objects as stripe
from scene import Scene

GRANT = {
    "id": "credgr_a",
    "customer": "cus_a",
    "amount": {"type": "monetary", "monetary": {"currency": "usd", "value": 500}},
    "applicability_config": {"scope": {"price_type": "metered"}},
    "category": "promotional",
    "priority": 50,
    "created": stripe.unix("2026-09-01"),
    "effective_at": stripe.unix("2026-09-01"),
}
DRAWN = {
    "id": "cbtxn_a",
    "type": "debit",
    "credit_grant": "credgr_a",
    "debit": {
        "type": "credits_applied",
        "amount": {"type": "monetary", "monetary": {"currency": "usd", "value": 100}},
        "credits_applied": {"invoice": "in_1"},
    },
    "effective_at": stripe.unix("2026-11-01"),
    "created": stripe.unix("2026-11-01"),
}


def _paid_by_credit(scene: Scene, *contracts: metronome.Json) -> list[tuple[object, ...]]:
    """October's 100 cents were used on both sides; Stripe's credit paid them; Metronome has no invoice."""
    scene.stripe_customer("a")
    scene.metronome_customer("a", stripe_id="cus_a")
    scene.add("metronome/contracts", *contracts)
    scene.rates("a", metronome.rate("tokens"))
    scene.add("stripe/credit_grants", GRANT)
    scene.add("stripe/credit_balance_transactions", DRAWN, context=("cus_a",))
    scene.metered("a", "100", "100")
    scene.stripe_invoice("a", stripe.line(100, 100, pretax_credit_amounts=[stripe.credit(100)]))
    return scene.told("explain.money_causes", "check_name", "cause", "share")


def test_credit_before_a_late_contract_is_the_contracts(scene: Scene) -> None:
    """The total is 0 without an invoice, so that only the credit of 100 breaches."""
    late = metronome.contract("a", starts="2026-11-01")
    assert _paid_by_credit(scene, late) == [("credit_drawdowns", "contract_late", -100)]


def test_credit_on_a_missing_invoice_is_missing_with_it(scene: Scene) -> None:
    """The contract was in force; what lacks is the invoice, not the credit."""
    found = _paid_by_credit(scene, metronome.contract("a"))
    assert found == [("credit_drawdowns", "invoice_missing", -100)]


def test_a_commit_in_the_wrong_unit_is_no_other_amount(scene: Scene) -> None:
    """A grant of 500 cents became a commit of 5; Stripe drew 100 in October, Metronome all it had."""
    balance = {
        "id": "commit_1",
        "type": "PREPAID",
        "priority": 50,
        "access_schedule": {
            "credit_type": metronome.CENTS,
            "schedule_items": [
                {
                    "amount": 5,
                    "starting_at": metronome.rfc("2026-09-01"),
                    "ending_before": metronome.rfc("2036-09-01"),
                }
            ],
        },
        "ledger": [],
    }
    scene.add("metronome/balances", balance, context=("m_a",))
    scene.metronome_invoice("a", metronome.usage_line(100, 100), metronome.applied(-5))
    found = _paid_by_credit(scene, metronome.contract("a"))
    assert {(check, cause, share) for check, cause, share in found} == {
        ("invoice_totals", "currency_unit", 95),
        ("credit_drawdowns", "currency_unit", -95),
    }
