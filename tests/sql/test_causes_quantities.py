"""Causes of line_item_quantities: each link from Stripe's invoice to Metronome's has its own share."""

from decimal import Decimal

import metronome_objects as metronome
import stripe_objects as stripe
from scene import Scene

Told = dict[object, object]


def _shares(scene: Scene, **wanted: object) -> Told:
    """The shares by cause of the only row that differs."""
    return dict(scene.told("explain.quantity_causes", "cause", "share", **wanted))


def _evidence(scene: Scene, cause: str) -> str:
    ((text,),) = scene.told("explain.quantity_causes", "evidence", cause=cause)
    return str(text)


def _used(scene: Scene, *days: tuple[int, str, str], name: str = "a") -> None:
    """Usage in Stripe and in Metronome on days of October."""
    for day, expected, actual in days:
        scene.metered(name, expected, actual, day=f"2026-10-{day:02}")


def _with_contracts(scene: Scene, *contracts: metronome.Json) -> None:
    """A linked customer with these contracts, each rating tokens."""
    scene.stripe_customer("a")
    scene.metronome_customer("a", stripe_id="cus_a")
    scene.add("metronome/contracts", *contracts)
    for each in contracts:
        scene.rates("a", metronome.rate("tokens"), contract=str(each["id"]).removeprefix("con_a"))


def test_a_late_contract_and_lost_events_have_a_share_each(scene: Scene) -> None:
    """10 of the fifth lie before the contract, 6 of the 25th were lost: 30 against 14."""
    _with_contracts(scene, metronome.contract("a", starts="2026-10-16"))
    _used(scene, (5, "10", "10"), (20, "10", "10"), (25, "10", "4"))
    scene.stripe_invoice("a", stripe.line(30, 30))
    scene.metronome_invoice("a", metronome.usage_line(14, 14), period=("2026-10-16", "2026-11-01"))
    assert _shares(scene) == {"contract_late": -10, "events_missing": -6}
    assert _evidence(scene, "contract_late") == (
        "The contract starts at 2026-10-16 00:00:00; usage begins at 2026-10-05. Days not billed: 1."
    )


def test_a_contract_that_ended_leaves_its_days(scene: Scene) -> None:
    """The 20 of the 20th lie behind the contract's end."""
    _with_contracts(scene, metronome.contract("a", ending_before=metronome.rfc("2026-10-16")))
    _used(scene, (5, "10", "10"), (20, "20", "20"))
    scene.stripe_invoice("a", stripe.line(30, 30))
    scene.metronome_invoice("a", metronome.usage_line(10, 10), period=("2026-10-01", "2026-10-16"))
    assert _shares(scene) == {"contract_ended": -20}


def test_two_contracts_bill_the_usage_twice(scene: Scene) -> None:
    """30 were used, 60 are billed."""
    _with_contracts(scene, metronome.contract("a", suffix="1"), metronome.contract("a", suffix="2"))
    _used(scene, (5, "30", "30"))
    scene.stripe_invoice("a", stripe.line(30, 30))
    for number in ("1", "2"):
        scene.metronome_invoice("a", metronome.usage_line(30, 30), contract_id=f"con_a{number}")
    assert _shares(scene) == {"contract_overlap": 30}


def test_one_contract_that_bills_twice_is_no_overlap(scene: Scene) -> None:
    """The same invoices with one contract in force: nobody can say why."""
    scene.customer("a")
    _used(scene, (5, "30", "30"))
    scene.stripe_invoice("a", stripe.line(30, 30))
    for _ in range(2):
        scene.metronome_invoice("a", metronome.usage_line(30, 30))
    assert _shares(scene) == {"unexplained": 30}


def test_usage_that_came_after_stripes_invoice_is_extra(scene: Scene) -> None:
    """Both usages agree on 30, Stripe's final invoice has 20, Metronome's 30."""
    scene.customer("a")
    _used(scene, (5, "30", "30"))
    scene.billed("a", 20, 30)
    assert _shares(scene) == {"events_extra": 10}
    assert _evidence(scene, "events_extra") == (
        "Stripe's meter holds 30 for the period, its final invoice 20: "
        "the rest arrived after the invoice was final."
    )


def test_an_invoice_that_is_not_its_own_usage_is_unexplained(scene: Scene) -> None:
    """All agree on 30 but Metronome's invoice: late events would be missing in Stripe's first."""
    scene.customer("a")
    _used(scene, (5, "30", "30"))
    scene.billed("a", 30, 25)
    assert _shares(scene) == {"unexplained": -5}


def test_invoices_without_any_usage_are_unexplained(scene: Scene) -> None:
    """No usage of either side tells which invoice is wrong."""
    scene.customer("a")
    scene.billed("a", 30, 25)
    assert _shares(scene) == {"unexplained": -5}


def test_a_ratio_of_units_is_a_conversion(scene: Scene) -> None:
    """3000 used, 3 billed."""
    scene.customer("a")
    _used(scene, (5, "3000", "3000"))
    scene.billed("a", 3000, 3)
    assert _shares(scene) == {"quantity_conversion": -2997}
    assert _evidence(scene, "quantity_conversion") == (
        "Metronome's invoice holds 3, its own usage 3000: a ratio of 1000; the product converts by nothing."
    )


def test_a_ratio_that_is_no_unit_is_unexplained(scene: Scene) -> None:
    """3500 used, 500 billed: nothing is counted in sevens."""
    scene.customer("a")
    _used(scene, (5, "3500", "3500"))
    scene.billed("a", 3500, 500)
    assert _shares(scene) == {"unexplained": -3000}


def test_several_prices_of_a_meter_multiply_what_is_lost(scene: Scene) -> None:
    """Two prices on each side bill 30 each; of 5 lost events 10 are not billed."""
    scene.add("stripe/prices", stripe.price("audit", meter="tokens"))
    scene.add("metronome/products", metronome.product("audit", metric="tokens"))
    scene.customer("a", rates=(metronome.rate("tokens"), metronome.rate("audit")))
    _used(scene, (5, "30", "25"))
    scene.stripe_invoice("a", stripe.line(30, 30), stripe.line(30, 30, price="audit"))
    lines = [metronome.usage_line(25, 25, product=name) for name in ("tokens", "audit")]
    scene.metronome_invoice("a", *lines)
    assert _shares(scene) == {"events_missing": -10}


def test_usage_without_a_rate_is_not_billed(scene: Scene) -> None:
    """4 of 10 have a value without a rate, 1 was lost besides."""
    scene.add("metronome/products", metronome.product("ai", metric="tokens", pricing_group_key=["model"]))
    scene.link_price("price_tokens", "p_ai")
    scene.customer("a", rates=(metronome.rate("ai", model="gpt"),))
    _used(scene, (5, "11", "10"))
    scene.grouped("a", "6", {"model": "gpt"})
    scene.grouped("a", "4", {"model": "o3"})
    scene.stripe_invoice("a", stripe.line(11, 11))
    scene.metronome_invoice(
        "a", metronome.usage_line(6, 6, product="ai", pricing_group_values={"model": "gpt"})
    )
    assert _shares(scene) == {"events_missing": -1, "group_value_unrated": -4}


def test_a_missing_invoice_bears_what_was_used(scene: Scene) -> None:
    """9 reached Metronome and stand on no invoice; the tenth was lost before."""
    scene.customer("a")
    _used(scene, (5, "10", "9"))
    scene.billed("a", 10, None)
    assert _shares(scene) == {"events_missing": -1, "invoice_missing": -9}


def test_an_invoice_is_not_missing_where_nothing_was_used(scene: Scene) -> None:
    """Metronome knows nothing of the customer's usage: no event, no invoice."""
    scene.customer("a")
    _used(scene, (5, "10", "0"))
    scene.billed("a", 10, None)
    assert _shares(scene) == {"events_missing": -10}


def test_shifted_bounds_are_a_cause_of_their_own(scene: Scene) -> None:
    """Metronome bills the 20 of the 28th in the next period."""
    scene.customer("a")
    _used(scene, (5, "10", "10"), (28, "20", "20"))
    scene.stripe_invoice("a", stripe.line(30, 30))
    scene.metronome_invoice("a", metronome.usage_line(10, 10), period=("2026-09-25", "2026-10-25"))
    assert _shares(scene) == {"period_shift": -20}


def test_shifted_bounds_with_equal_quantities_have_no_share(scene: Scene) -> None:
    """The row breaches by its bounds alone."""
    scene.customer("a")
    _used(scene, (5, "10", "10"))
    scene.stripe_invoice("a", stripe.line(10, 10))
    scene.metronome_invoice("a", metronome.usage_line(10, 10), period=("2026-09-25", "2026-10-25"))
    assert _shares(scene) == {"period_shift": 0}


def test_shares_are_told_within_tolerance_where_the_total_breaches(scene: Scene) -> None:
    """1000 against 999 is no breach; the money beside it is, and splits by the same shares."""
    scene.customer("a")
    _used(scene, (5, "1000", "999"))
    scene.stripe_invoice("a", stripe.line(1000, 1000))
    scene.metronome_invoice("a", metronome.usage_line(2000, 999))
    assert scene.rows("explain.quantity_causes") == []
    assert scene.told("explain.quantity_shares", "cause", "share") == [("events_missing", Decimal(-1))]


def _seats(scene: Scene, *rates: metronome.Json) -> None:
    """Seats of October, of which the greatest number counts: 5 on the fifth, 7 on the 20th, on both sides."""
    scene.catalogue("seats", formula="max", aggregation="MAX")
    scene.customer("a", rates=(metronome.rate("tokens"), *rates))
    for day, value in ((5, "5"), (20, "7")):
        span = (f"2026-10-{day:02}", f"2026-10-{day + 1:02}")
        usage = metronome.usage("a", "seats", value, *span)
        scene.add("metronome/usage", usage, context=("day",))
    month = stripe.summary("seats", "7", *stripe.OCTOBER)
    scene.add("stripe/meter_event_summaries", month, context=("cus_a", "none"))
    scene.add("metronome/usage", metronome.usage("a", "seats", "7", *stripe.OCTOBER), context=("none",))
    scene.stripe_invoice("a", stripe.line(10, 10), stripe.line(7, 7, price="seats"))


def test_a_meter_that_does_not_add_up_lacks_its_rate(scene: Scene) -> None:
    """No day of seats has a rate: the whole of the month's 7 is missing for that."""
    _seats(scene)
    scene.metronome_invoice("a", metronome.usage_line(10, 10))
    assert _shares(scene, meter="seats") == {"product_not_entitled": -7}
    assert _evidence(scene, "product_not_entitled").startswith("7 of seats is used;")


def test_a_meter_that_does_not_add_up_lacks_its_rate_on_some_days(scene: Scene) -> None:
    """The rate ends before the 20th: 5 is billed instead of 7."""
    _seats(scene, metronome.rate("seats", ends="2026-10-16"))
    scene.metronome_invoice("a", metronome.usage_line(10, 10), metronome.usage_line(5, 5, product="seats"))
    assert _shares(scene, meter="seats") == {"product_not_entitled": -2}


def test_rounding_beside_a_late_contract_is_no_shift(scene: Scene) -> None:
    """11 of the 20th come to two tens; the 5 before the contract are its own, and so are its bounds."""
    tens = metronome.product(
        "tens",
        metric="tokens",
        quantity_conversion={"conversion_factor": 10, "operation": "DIVIDE"},
        quantity_rounding={"rounding_method": "ROUND_UP", "decimal_places": 0},
    )
    scene.add("metronome/products", tens)
    scene.link_price("price_tokens", "p_tens")
    _with_contracts(scene, metronome.contract("a", starts="2026-10-16"))
    scene.rates("a", metronome.rate("tens"))
    _used(scene, (5, "5", "5"), (20, "11", "11"))
    scene.stripe_invoice("a", stripe.line(16, 16))
    line = metronome.usage_line(20, 2, product="tens")
    scene.metronome_invoice("a", line, period=("2026-10-16", "2026-11-01"))
    assert _shares(scene) == {"contract_late": -5, "quantity_conversion": 9}
