"""Findings: every breach has them and nothing else, with causes that evidence supports; effects add up."""

from collections import defaultdict
from decimal import Decimal

import metronome_objects as metronome
import stripe_objects as stripe
from scene import Scene


def _causes(scene: Scene, check: str) -> list[object]:
    return [row[0] for row in scene.told("parity.findings", "cause", check_name=check)]


def test_rows_within_tolerance_have_no_finding(scene: Scene) -> None:
    """Matches, pending and waived rows and rows inside their tolerance explain nothing."""
    for name in ("match", "within", "pending", "waived"):
        scene.customer(name)
    scene.billed("match", 1000, 1000)
    scene.billed("within", 1000, 1001)
    scene.stripe_invoice("pending", stripe.line(1000, 1000), status="draft")
    scene.billed("waived", 1000, 900)
    scene.waive("invoice_totals")
    scene.waive("line_item_quantities")
    assert scene.rows("parity.findings") == []


def test_every_breach_has_a_finding(scene: Scene) -> None:
    """No breach is left out in any check; the variances of a row's findings sum to the row's."""
    scene.customer("a", rates=())
    scene.stripe_customer("b")
    scene.billed("a", 1000, 900)
    scene.billed("b", 500, None)
    scene.metered("a", "10", "9")
    breaches = sum(row["breaches"] for row in scene.rows("parity.check_summary"))
    found: defaultdict[tuple[object, ...], Decimal] = defaultdict(Decimal)
    for check, customer, meter, product, variance in scene.told(
        "parity.findings", "check_name", "stripe_customer_id", "meter", "product", "variance"
    ):
        found[check, customer, meter, product] += Decimal(str(variance))
    assert breaches == len(found) == 7
    assert found["invoice_totals", "cus_a", None, None] == -100
    assert found["invoice_totals", "cus_b", None, None] == -500


def test_an_unlinked_customer_is_the_first_cause(scene: Scene) -> None:
    """All its breaches are customer_unmapped."""
    scene.stripe_customer("a")
    scene.billed("a", 500, None)
    assert {row[0] for row in scene.told("parity.findings", "cause")} == {"customer_unmapped"}


def test_contract_causes(scene: Scene) -> None:
    """Missing, late, ended and doubled contracts are told apart by their dates."""
    bounds: dict[str, list[metronome.Json]] = {
        "missing": [],
        "late": [metronome.contract("late", starts="2026-10-20")],
        "ended": [metronome.contract("ended", ending_before=metronome.rfc("2026-10-20"))],
        "double": [metronome.contract("double", suffix=each) for each in ("1", "2")],
    }
    for name, contracts in bounds.items():
        scene.stripe_customer(name)
        scene.metronome_customer(name, stripe_id=f"cus_{name}")
        scene.metered(name, "5", "5")
        if contracts:
            scene.add("metronome/contracts", *contracts)
    found = scene.told("parity.findings", "stripe_customer_id", "cause", check_name="contract_coverage")
    assert dict(found) == {
        "cus_missing": "contract_missing",
        "cus_late": "contract_late",
        "cus_ended": "contract_ended",
        "cus_double": "contract_overlap",
    }


def test_events_missing_and_extra(scene: Scene) -> None:
    """Lower usage in Metronome is missing, higher is extra."""
    for name, actual in (("less", "5"), ("more", "20"), ("same", "10")):
        scene.customer(name)
        scene.metered(name, "10", actual)
    found = scene.told("parity.findings", "stripe_customer_id", "cause", check_name="event_ingestion")
    assert sorted(found) == [("cus_less", "events_missing"), ("cus_more", "events_extra")]


def test_group_value_causes(scene: Scene) -> None:
    """A near miss in case, a value without a rate, and a product without any rate."""
    scene.add("metronome/products", metronome.product("ai", metric="tokens", pricing_group_key=["model"]))
    scene.link_price("price_tokens", "p_ai")
    rates = (metronome.rate("ai", model="gpt-4"),)
    for name, model in (("case", "GPT-4"), ("spaces", "gpt-4 "), ("unrated", "o3")):
        scene.customer(name, rates=rates)
        scene.grouped(name, "10", {"model": model})
    found = scene.told("parity.findings", "stripe_customer_id", "cause", check_name="group_key_coverage")
    assert dict(found) == {
        "cus_case": "group_value_case",
        "cus_spaces": "group_value_case",
        "cus_unrated": "group_value_unrated",
    }


def test_a_product_without_any_rate_is_not_entitled(scene: Scene) -> None:
    """The contract rates nothing of the product."""
    scene.customer("a", rates=())
    scene.metered("a", "7", "7")
    assert _causes(scene, "group_key_coverage") == ["product_not_entitled"]


def test_same_quantity_other_money_is_a_rate(scene: Scene) -> None:
    """1000 tokens on both sides, 1000 cents against 1500."""
    scene.customer("a")
    scene.stripe_invoice("a", stripe.line(1000, 1000))
    scene.metronome_invoice("a", metronome.usage_line(1500, 1000))
    assert _causes(scene, "invoice_totals") == ["rate_mismatch"]


def test_a_factor_of_a_hundred_is_a_unit(scene: Scene) -> None:
    """1000 cents against 100000, or the reverse, is a whole amount taken for minor units."""
    for name, actual in (("up", 100000), ("down", 10)):
        scene.customer(name)
        scene.stripe_invoice(name, stripe.line(1000, 1000))
        scene.metronome_invoice(name, metronome.usage_line(actual, 1000))
    assert _causes(scene, "invoice_totals") == ["currency_unit", "currency_unit"]


def test_other_currencies_are_two_rows_with_one_cause(scene: Scene) -> None:
    """Dollars in Stripe and euros in Metronome: both rows carry currency_mismatch."""
    scene.customer("a")
    scene.stripe_invoice("a", stripe.line(1000, 1000))
    euro = metronome.unit("EUR")
    scene.metronome_invoice("a", metronome.usage_line(10, 1000, credit_type=euro), credit_type=euro)
    found = scene.told("parity.findings", "currency", "variance", "cause", check_name="invoice_totals")
    assert sorted(found) == [
        ("eur", 1000, "currency_mismatch"),
        ("usd", -1000, "currency_mismatch"),
    ]


def test_a_credit_that_was_not_migrated(scene: Scene) -> None:
    """Missing in the drawdowns, and the cause of the invoice's difference as well."""
    scene.customer("a")
    scene.stripe_invoice("a", stripe.line(1000, 1000, pretax_credit_amounts=[stripe.credit(400)]))
    scene.metronome_invoice("a", metronome.usage_line(1000, 1000))
    assert _causes(scene, "credit_drawdowns") == ["credit_missing"]
    assert _causes(scene, "invoice_totals") == ["credit_missing"]


def test_a_discount_that_was_not_migrated(scene: Scene) -> None:
    """Metronome charges just the coupon's amount more."""
    scene.customer("a")
    scene.stripe_invoice("a", stripe.line(1000, 1000, pretax_credit_amounts=[stripe.coupon(200)]))
    scene.metronome_invoice("a", metronome.usage_line(1000, 1000))
    assert _causes(scene, "invoice_totals") == ["discount_missing"]


def test_effects_add_up_to_the_rows_variance(scene: Scene) -> None:
    """To the last of twelve places, for every row with a variance."""
    for name, expected, actual in (("a", 1000, "1000.3"), ("b", 1000, "900.000000000001"), ("c", 1000, None)):
        scene.customer(name)
        scene.billed(name, expected, actual)
    sums: dict[object, Decimal] = {}
    for customer, amount in scene.told("parity.variance_effects", "stripe_customer_id", "amount"):
        sums[customer] = sums.get(customer, Decimal(0)) + Decimal(str(amount))
    assert sums == {
        "cus_a": Decimal("0.3"),
        "cus_b": Decimal("-99.999999999999"),
        "cus_c": Decimal(-1000),
    }
