"""Causes of credit: not carried over, ended or scoped otherwise, partly rolled over, in another order."""

from collections.abc import Callable
from decimal import Decimal

import metronome_objects as metronome
import pytest
import stripe_objects as stripe
from scene import Scene

SEPTEMBER, OCTOBER = stripe.SEPTEMBER, stripe.OCTOBER


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


def _rolled(scene: Scene, over: int) -> _Credited:
    """A commit of 5000 ends with September with 2000 drawn; so much goes over into another one."""
    rolled = _Credited(scene, "rolled")
    rolled.grants(_grant("rolled", "1", 5000))
    ended = _balance("1", 5000, ends="2026-10-01")
    moves = [("PREPAID_COMMIT_AUTOMATED_INVOICE_DEDUCTION", -2000), ("PREPAID_COMMIT_ROLLOVER", -over)]
    if over < 3000:
        moves.append(("PREPAID_COMMIT_EXPIRATION", over - 3000))
    at = metronome.rfc("2026-10-01")
    ended["ledger"] = [{"type": kind, "amount": amount, "timestamp": at} for kind, amount in moves]
    following = _balance("2", over)
    following["access_schedule"]["schedule_items"][0]["starting_at"] = at
    rolled.balances(ended, following)
    rolled.month(SEPTEMBER, 2000, {"1": 2000}, 2000, 2000)
    rolled.month(OCTOBER, 10000, {"1": 3000}, 10000, over)
    return rolled


def test_a_commit_that_rolled_over_whole_is_the_same_credit(scene: Scene) -> None:
    """Stripe's one grant of 5000 is a commit with 2000 drawn and another with the 3000 that were left."""
    _rolled(scene, 3000)
    assert scene.rows("explain.money_causes") == []
    october = [row for row in scene.rows("explain.credit_terms") if row["balances"] == 1]
    assert {row["metronome_available"] - row["stripe_available"] for row in october} <= {0}


def test_what_did_not_roll_over_is_another_amount(scene: Scene) -> None:
    """Of the 3000 that were left, 1500 went over and 1500 expired; Stripe's grant goes on."""
    _rolled(scene, 1500)
    assert _credit_causes(scene, "rolled") == {"credit_amount": -1500}
    assert scene.told("explain.money_causes", "cause", "share", check_name="invoice_totals") == [
        ("credit_amount", 1500)
    ]


def test_credit_that_pays_for_a_fixed_charge_has_another_scope(scene: Scene) -> None:
    """Stripe spends 5000 on tokens; Metronome 3000, and 2000 on a plan that is out of scope."""
    scene.add("stripe/prices", stripe.price("plan"))
    scene.add("metronome/products", metronome.product("plan", kind="SUBSCRIPTION"))
    spent = _Credited(scene, "a")
    spent.grants(_grant("a", "1", 5000))
    spent.balances(_balance("1", 5000))
    line = stripe.line(10000, 10000, pretax_credit_amounts=[stripe.credit(5000)])
    invoice = scene.stripe_invoice("a", line, stripe.line(2000, 1, price="plan"))
    moves = _used("a", "1", invoice, 5000, OCTOBER[1])
    scene.add("stripe/credit_balance_transactions", moves, context=("cus_a",))
    scene.metronome_invoice(
        "a",
        metronome.usage_line(10000, 10000),
        metronome.usage_line(2000, 1, product="plan", type="subscription"),
        metronome.applied(-3000),
        metronome.applied(-2000, product="plan"),
    )
    assert scene.told("explain.money_causes", "check_name", "cause", "share") == [
        ("invoice_totals", "credit_scope", 2000)
    ]
    assert scene.told("parity.credit_drawdowns", "expected_value", "actual_value") == [(5000, 5000)]
