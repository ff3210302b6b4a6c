"""Causes of money that one side alone has billed, and of a meter that several charges bill."""

from decimal import Decimal

import metronome_objects as metronome
import stripe_objects as stripe
from scene import Scene


def _money(scene: Scene, **wanted: object) -> dict[object, object]:
    """The shares of invoice_totals by cause."""
    return dict(scene.told("explain.money_causes", "cause", "share", **wanted))  # type: ignore[arg-type]


def test_a_missing_invoice_explains_what_reached_its_side(scene: Scene) -> None:
    """Stripe bills 1000 tokens at a cent; 900 reached Metronome, which made no invoice of them."""
    scene.customer("a")
    scene.metered("a", "1000", "900")
    scene.billed("a", 1000, None)
    assert _money(scene) == {"invoice_missing": -900, "events_missing": -100}


def test_an_invoice_that_stripe_lacks_explains_stripes_usage(scene: Scene) -> None:
    """Metronome bills 900 tokens at a cent; Stripe would have billed 1000."""
    scene.customer("a")
    scene.metered("a", "1000", "900")
    scene.billed("a", None, 900)
    assert _money(scene) == {"invoice_missing": 1000, "events_missing": -100}


def test_a_missing_contract_explains_what_it_would_have_billed(scene: Scene) -> None:
    """700 of 1000 tokens reached Metronome, where nothing bills them."""
    scene.stripe_customer("a")
    scene.metronome_customer("a", stripe_id="cus_a")
    scene.metered("a", "1000", "700")
    scene.billed("a", 1000, None)
    assert _money(scene) == {"contract_missing": -700, "events_missing": -300}


def test_no_invoice_without_usage_is_lost_usage_and_its_fee(scene: Scene) -> None:
    """600 for 100 tokens with a flat fee of 500; nothing of it reached Metronome."""
    scene.add(
        "stripe/prices",
        stripe.price(
            "flat",
            meter="tokens",
            billing_scheme="tiered",
            tiers_mode="graduated",
            unit_amount_decimal=None,
            tiers=[{"up_to": None, "unit_amount_decimal": "1", "flat_amount_decimal": "500"}],
        ),
    )
    scene.customer("a")
    scene.metered("a", "100", None)
    scene.stripe_invoice("a", stripe.line(600, 100, price="flat"))
    assert _money(scene) == {"events_missing": -600}


def test_of_two_currencies_stripes_row_shows_lost_usage(scene: Scene) -> None:
    """900 of 1000 tokens at a cent reached Metronome, which bills them at a euro cent."""
    euro = metronome.unit("EUR")
    scene.customer("a")
    scene.metered("a", "1000", "900")
    scene.stripe_invoice("a", stripe.line(1000, 1000))
    scene.metronome_invoice("a", metronome.usage_line(9, 900, credit_type=euro), credit_type=euro)
    assert _money(scene, currency="usd") == {"currency_mismatch": -900, "events_missing": -100}
    assert _money(scene, currency="eur") == {"currency_mismatch": 900}


def test_a_value_without_a_rate_is_its_own_charges(scene: Scene) -> None:
    """Tokens cost 1 cent by model and 2 for the audit log; 10 of 100 are lost, 40 have no rate."""
    scene.add("stripe/prices", stripe.price("audit", meter="tokens", unit_amount_decimal="2"))
    scene.add(
        "metronome/products",
        metronome.product("ai", metric="tokens", pricing_group_key=["model"]),
        metronome.product("audit", metric="tokens"),
    )
    scene.link_price("price_tokens", "p_ai")
    scene.link_price("price_audit", "p_audit")
    scene.customer("a", rates=(metronome.rate("ai", model="gpt"), metronome.rate("audit")))
    scene.metered("a", "100", "90")
    scene.grouped("a", "50", {"model": "gpt"})
    scene.grouped("a", "40", {"model": "o3"})
    scene.stripe_invoice("a", stripe.line(100, 100), stripe.line(200, 100, price="audit"))
    scene.metronome_invoice(
        "a",
        metronome.usage_line(50, 50, product="ai", pricing_group_values={"model": "gpt"}),
        metronome.usage_line(180, 90, product="audit"),
    )
    assert _money(scene) == {"events_missing": Decimal(-10 - 20), "group_value_unrated": -40}
    assert scene.told("explain.group_causes", "evidence") == [
        (
            '40 of ai with {"model":"o3"} has no rate; '
            "1 other values of the product have one. At risk: 0.40 USD.",
        )
    ]


def test_a_charge_without_any_rate_is_priced_as_stripe_priced_it(scene: Scene) -> None:
    """Stripe lacks the invoice of October; nothing of 30 tokens has a rate, a cent each in September."""
    scene.catalogue("calls")
    scene.add("metronome/products", metronome.product("ai", metric="tokens", pricing_group_key=["model"]))
    scene.link_price("price_tokens", "p_ai")
    scene.customer("a", rates=(metronome.rate("ai", model="gpt"), metronome.rate("calls")))
    scene.metered("a", "30", "30")
    scene.metered("a", "50", "50", meter="calls")
    scene.grouped("a", "30", {"model": "o3"})
    september = stripe.line(100, 100, period=stripe.SEPTEMBER)
    scene.stripe_invoice("a", september, period=stripe.SEPTEMBER)
    gpt = metronome.usage_line(100, 100, product="ai", pricing_group_values={"model": "gpt"})
    scene.metronome_invoice("a", gpt, period=stripe.SEPTEMBER)
    scene.metronome_invoice("a", metronome.usage_line(50, 50, product="calls"))
    assert _money(scene) == {"invoice_missing": 80, "group_value_unrated": -30}
