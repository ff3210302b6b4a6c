"""Causes of money: each rule where it holds, and beside it what looks alike and must be told otherwise."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import metronome_objects as metronome
import pytest
import stripe_objects as stripe
from scene import Scene

TIERS = stripe.price(
    "tiered",
    meter="tokens",
    billing_scheme="tiered",
    tiers_mode="graduated",
    unit_amount_decimal=None,
    tiers=[{"up_to": 100, "unit_amount_decimal": "2"}, {"up_to": None, "unit_amount_decimal": "1"}],
)
FLAT = stripe.price(
    "flat",
    meter="tokens",
    billing_scheme="tiered",
    tiers_mode="graduated",
    unit_amount_decimal=None,
    tiers=[{"up_to": None, "unit_amount_decimal": "1", "flat_amount_decimal": "500"}],
)
PACKAGE = stripe.price(
    "package",
    meter="tokens",
    unit_amount_decimal="100",
    transform_quantity={"divide_by": 50, "round": "up"},
)
SEPTEMBER, OCTOBER = stripe.SEPTEMBER, stripe.OCTOBER


def _tiered_rate(*tiers: tuple[str, str | None]) -> metronome.Json:
    listed = {
        "rate_type": "TIERED",
        "tiers": [{"price": price, "size": size} for price, size in tiers],
        "credit_type": metronome.CENTS,
    }
    return {**metronome.rate("tokens"), "list_rate": listed}


# Customer; Stripe's lines; Metronome's rate, and its total for so many units; the causes with their shares.
CASES: list[tuple[str, list[stripe.Json], metronome.Json, str, str, dict[str, str]]] = [
    ("dearer", [stripe.line(1000, 1000)], metronome.rate("tokens"), "1250", "1000", {"rate_mismatch": "250"}),
    # Seven times is no unit of anything.
    ("seven", [stripe.line(1000, 1000)], metronome.rate("tokens"), "7000", "1000", {"rate_mismatch": "6000"}),
    (
        "thousand",
        [stripe.line(1000, 1000)],
        metronome.rate("tokens"),
        "1000000",
        "1000",
        {"quantity_conversion": "999000"},
    ),
    (
        "cents",
        [stripe.line(1000, 1000)],
        metronome.rate("tokens"),
        "100000",
        "1000",
        {"currency_unit": "99000"},
    ),
    ("free", [stripe.line(0, 1000)], metronome.rate("tokens"), "1000", "1000", {"rate_mismatch": "1000"}),
    (
        "package",
        [stripe.line(500, 204, price="package")],
        metronome.rate("tokens"),
        "20400",
        "204",
        {"quantity_conversion": "19900"},
    ),
    # A package that is dearer by a half is a rate.
    (
        "dear_package",
        [stripe.line(500, 204, price="package")],
        metronome.rate("tokens"),
        "750",
        "204",
        {"rate_mismatch": "250"},
    ),
    # The first tier of 100 units is 50 wide in Metronome: 50 units cost one cent instead of two.
    (
        "narrower",
        [stripe.line(200, 100, price="tiered"), stripe.line(400, 400, price="tiered")],
        _tiered_rate(("2", "50"), ("1", None)),
        "550",
        "500",
        {"tier_mismatch": "-50"},
    ),
    # Both tiers are dearer by a half: one ratio, so a rate.
    (
        "dear_tiers",
        [stripe.line(200, 100, price="tiered"), stripe.line(400, 400, price="tiered")],
        _tiered_rate(("3", "100"), ("1.5", None)),
        "900",
        "500",
        {"rate_mismatch": "300"},
    ),
    # Dearer by a half and narrower: 900 by the rate, and 75 less by the bound.
    (
        "dear_and_narrower",
        [stripe.line(200, 100, price="tiered"), stripe.line(400, 400, price="tiered")],
        _tiered_rate(("3", "50"), ("1.5", None)),
        "825",
        "500",
        {"rate_mismatch": "300", "tier_mismatch": "-75"},
    ),
    (
        "no_flat_fee",
        [stripe.line(1000, 1000, price="flat"), stripe.line(500, 0, price="flat")],
        metronome.rate("tokens"),
        "1000",
        "1000",
        {"tier_mismatch": "-500"},
    ),
    (
        "coupon",
        [stripe.line(1000, 1000, pretax_credit_amounts=[stripe.coupon(100)])],
        metronome.rate("tokens"),
        "1000",
        "1000",
        {"discount_missing": "100"},
    ),
    # A coupon explains a difference up to its own amount.
    (
        "coupon_and_rate",
        [stripe.line(1000, 1000, pretax_credit_amounts=[stripe.coupon(100)])],
        metronome.rate("tokens"),
        "1300",
        "1000",
        {"discount_missing": "100", "rate_mismatch": "300"},
    ),
    # Cheaper than after the coupon: no missing discount.
    (
        "cheaper",
        [stripe.line(1000, 1000, pretax_credit_amounts=[stripe.coupon(100)])],
        metronome.rate("tokens"),
        "700",
        "1000",
        {"rate_mismatch": "-200"},
    ),
]


@pytest.fixture(scope="module")
def october(make_scene: Callable[..., Scene]) -> Scene:
    """One customer a case, with an invoice for October on both sides."""
    scene = make_scene()
    scene.add("stripe/prices", TIERS, FLAT, PACKAGE)
    for name, lines, rate, total, quantity, _ in CASES:
        scene.customer(name, rates=(rate,))
        scene.stripe_invoice(name, *lines)
        scene.metronome_invoice(name, metronome.usage_line(total, quantity))
    return scene


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_a_price_has_its_cause(october: Scene, case: tuple[Any, ...]) -> None:
    """Shares of a row sum to its variance, and each has evidence."""
    found = october.told(
        "explain.money_causes",
        "cause",
        "share",
        "evidence",
        check_name="invoice_totals",
        stripe_customer_id=f"cus_{case[0]}",
    )
    assert {cause: share for cause, share, _ in found} == {
        cause: Decimal(share) for cause, share in case[5].items()
    }
    assert all(evidence for _, _, evidence in found)


def test_a_line_that_does_not_add_up_is_unexplained(scene: Scene) -> None:
    """1000 units at a cent for 1300 cents: no rate makes that, so no rate is blamed."""
    scene.customer("a")
    scene.stripe_invoice("a", stripe.line(1000, 1000))
    scene.metronome_invoice("a", metronome.usage_line(1300, 1000, unit_price=1))
    assert scene.told("explain.money_causes", "cause", "share") == [("unexplained", 300)]
    assert scene.told("parity.variance_effects", "effect", "amount") == [("unattributed", 300)]


def _balance(
    number: str,
    amount: int,
    *,
    products: list[str] | None = None,
    ends: str | None = None,
    priority: int = 50,
) -> metronome.Json:
    return {
        "id": f"commit_{number}",
        "type": "PREPAID",
        "priority": priority,
        "access_schedule": {
            "credit_type": metronome.CENTS,
            "schedule_items": [
                {
                    "amount": amount,
                    "starting_at": metronome.rfc("2026-09-01"),
                    "ending_before": metronome.rfc(ends or "2036-09-01"),
                }
            ],
        },
        "applicable_product_ids": products,
        "ledger": [],
    }


def _grant(
    name: str,
    number: str,
    amount: int,
    *,
    prices: list[str] | None = None,
    ends: str | None = None,
    priority: int = 50,
) -> stripe.Json:
    scope = {"prices": [{"id": each} for each in prices]} if prices else {"price_type": "metered"}
    return {
        "id": f"credgr_{name}_{number}",
        "customer": f"cus_{name}",
        "amount": {"type": "monetary", "monetary": {"currency": "usd", "value": amount}},
        "applicability_config": {"scope": scope},
        "category": "paid",
        "priority": priority,
        "created": stripe.unix("2026-09-01"),
        "effective_at": stripe.unix("2026-09-01"),
        "expires_at": stripe.unix(ends) if ends else None,
    }


def _used(name: str, number: str, invoice: str, amount: int, day: str) -> stripe.Json:
    return {
        "id": f"cbtxn_{name}_{number}_{invoice}",
        "type": "debit",
        "credit_grant": f"credgr_{name}_{number}",
        "debit": {
            "type": "credits_applied",
            "amount": {"type": "monetary", "monetary": {"currency": "usd", "value": amount}},
            "credits_applied": {"invoice": invoice},
        },
        "effective_at": stripe.unix(day),
        "created": stripe.unix(day),
    }


class _Credited:
    """Bills of one customer in which credit pays for tokens, a cent each."""

    def __init__(self, scene: Scene, name: str) -> None:
        self._scene, self._name = scene, name
        scene.customer(name)

    def grants(self, *grants: stripe.Json) -> None:
        """Grants of Stripe."""
        self._scene.add("stripe/credit_grants", *grants)

    def balances(self, *balances: metronome.Json) -> None:
        """Commits of Metronome."""
        context = (f"m_{self._name}",)
        self._scene.add("metronome/balances", *balances, context=context)

    def month(
        self, period: stripe.Span, stripe_units: int, drawn: dict[str, int], units: int, applied: int
    ) -> None:
        """A month's units on both sides and the credit drawn for them, in Stripe by grant."""
        total = sum(drawn.values())
        credit = [stripe.credit(total)] if total else None
        line = stripe.line(stripe_units, stripe_units, period=period, pretax_credit_amounts=credit)
        invoice = self._scene.stripe_invoice(self._name, line, period=period)
        moves = [_used(self._name, number, invoice, amount, period[1]) for number, amount in drawn.items()]
        if moves:
            context = (f"cus_{self._name}",)
            self._scene.add("stripe/credit_balance_transactions", *moves, context=context)
        lines = [metronome.usage_line(units, units)]
        if applied:
            lines.append(metronome.applied(-applied))
        self._scene.metronome_invoice(self._name, *lines, period=period)


def _credit_causes(scene: Scene, name: str, month: str = "2026-10-01") -> dict[str, Decimal]:
    return {
        row["cause"]: row["share"]
        for row in scene.rows("explain.money_causes")
        if row["check_name"] == "credit_drawdowns"
        and row["stripe_customer_id"] == f"cus_{name}"
        and row["period_start"] == stripe.instant(month)
    }


@pytest.fixture(scope="module")
def credited(make_scene: Callable[..., Scene]) -> Scene:
    """Customers with credit, one for each way in which it differs or only seems to."""
    scene = make_scene()
    missing = _Credited(scene, "missing")
    missing.grants(_grant("missing", "1", 5000))
    missing.month(OCTOBER, 10000, {"1": 5000}, 10000, 0)
    amount = _Credited(scene, "amount")
    amount.grants(_grant("amount", "1", 5000))
    amount.balances(_balance("1", 500))
    amount.month(OCTOBER, 10000, {"1": 5000}, 10000, 500)
    partly = _Credited(scene, "partly")
    partly.grants(_grant("partly", "1", 5000), _grant("partly", "2", 3000))
    partly.balances(_balance("1", 5000))
    partly.month(OCTOBER, 10000, {"1": 5000, "2": 3000}, 10000, 5000)
    expired = _Credited(scene, "expired")
    expired.grants(_grant("expired", "1", 90000))
    expired.balances(_balance("1", 90000, ends="2026-10-01"))
    expired.month(OCTOBER, 10000, {"1": 10000}, 10000, 0)
    scope = _Credited(scene, "scope")
    scope.grants(_grant("scope", "1", 5000))
    scope.balances(_balance("1", 5000, products=["p_other"]))
    scope.month(OCTOBER, 10000, {"1": 5000}, 10000, 0)
    order = _Credited(scene, "order")
    order.grants(
        _grant("order", "1", 6000, ends="2026-10-02", priority=10), _grant("order", "2", 6000, priority=20)
    )
    order.balances(_balance("1", 6000, ends="2026-10-01", priority=20), _balance("2", 6000, priority=10))
    order.month(SEPTEMBER, 10000, {"1": 6000, "2": 4000}, 10000, 10000)
    order.month(OCTOBER, 10000, {"2": 2000}, 10000, 0)
    follows = _Credited(scene, "follows")
    follows.grants(_grant("follows", "1", 90000))
    follows.balances(_balance("1", 90000))
    follows.month(OCTOBER, 10000, {"1": 10000}, 7000, 7000)
    return scene


@pytest.mark.parametrize(
    ("name", "cause", "share"),
    [
        ("missing", "credit_missing", -5000),
        ("amount", "credit_amount", -4500),
        ("partly", "credit_missing", -3000),
        ("expired", "credit_amount", -10000),
        ("scope", "credit_scope", -5000),
        ("order", "credit_order", -2000),
    ],
)
def test_credit_has_its_cause(credited: Scene, name: str, cause: str, share: int) -> None:
    """No commit; a tenth; one of two; ended earlier; for another product; what ends first drawn last."""
    assert _credit_causes(credited, name) == {cause: share}


def test_credit_that_follows_other_charges_has_no_cause_of_its_own(credited: Scene) -> None:
    """3000 units less need 3000 less of the same credit: whatever explains the units explains the credit."""
    found = _credit_causes(credited, "follows")
    assert not [cause for cause in found if cause.startswith("credit_")]
    assert sum(found.values()) == -3000


def test_a_remaining_balance_is_the_same_amount(scene: Scene) -> None:
    """A grant of 8000, of which 3000 were used before September, is a commit of 5000: nothing is told."""
    same = _Credited(scene, "same")
    same.grants({**_grant("same", "1", 8000), "effective_at": stripe.unix("2026-07-01")})
    same.balances(_balance("1", 5000))
    scene.add(
        "stripe/credit_balance_transactions",
        _used("same", "1", "in_old", 3000, "2026-08-01"),
        context=("cus_same",),
    )
    same.month(OCTOBER, 10000, {"1": 5000}, 20000, 5000)
    (terms,) = scene.rows("explain.credit_terms")
    assert terms["stripe_available"] == terms["metronome_available"] == 5000
    assert _credit_causes(scene, "same") == {}
