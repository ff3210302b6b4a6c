"""Causes that lie in a place: links, contracts, invoices, bounds; those of coverage and group values."""

from decimal import Decimal

import metronome_objects as metronome
import stripe_objects as stripe
from scene import Scene


def _places(scene: Scene) -> set[tuple[object, ...]]:
    found = scene.told("explain.place_causes", "customer_key", "period_start", "cause")
    return {(key, start and f"{start:%Y-%m-%d}", cause) for key, start, cause in found}


def _linked(scene: Scene, *contracts: metronome.Json) -> None:
    scene.stripe_customer("a")
    scene.metronome_customer("a", stripe_id="cus_a")
    if contracts:
        scene.add("metronome/contracts", *contracts)


def test_a_customer_without_breaches_has_no_causes(scene: Scene) -> None:
    """Causes are looked for where something breaches."""
    scene.customer("a")
    scene.billed("a", 10, 10)
    assert _places(scene) == set()


def test_who_is_not_linked_is_so_in_all_periods(scene: Scene) -> None:
    """The period stays open."""
    scene.stripe_customer("a")
    scene.billed("a", 10, None)
    assert ("cus_a", None, "customer_unmapped") in _places(scene)


def test_a_late_contract_concerns_the_periods_before_it(scene: Scene) -> None:
    """It starts with November: October lies outside, November does not."""
    _linked(scene, metronome.contract("a", starts="2026-11-01"))
    scene.metered("a", "10", "10")
    scene.billed("a", 10, None)
    scene.billed("a", 10, 10, period=stripe.NOVEMBER)
    contracts = {place for place in _places(scene) if str(place[2]).startswith("contract")}
    assert contracts == {("cus_a", "2026-10-01", "contract_late")}


def test_a_contract_that_starts_with_its_period_is_not_late(scene: Scene) -> None:
    """It starts at noon, as the period does; the usage of that day is billed."""
    noon = "2026-10-05T12:00:00"
    _linked(scene, metronome.contract("a", starts=noon))
    scene.metered("a", "10", "10")
    scene.billed("a", 10, 20, period=(noon, "2026-11-05T12:00:00"))
    assert _places(scene) == set()


def test_an_invoice_is_missing_when_both_sides_have_usage(scene: Scene) -> None:
    """Stripe billed October, Metronome did not."""
    scene.customer("a")
    scene.metered("a", "10", "10")
    scene.billed("a", 10, None)
    assert _places(scene) == {("cus_a", "2026-10-01", "invoice_missing")}


def test_no_invoice_is_missing_where_one_side_has_no_usage(scene: Scene) -> None:
    """Without events there is nothing to bill."""
    scene.customer("a")
    scene.metered("a", "10", None)
    scene.billed("a", 10, None)
    assert _places(scene) == set()


def test_what_shifted_bounds_leave_over_is_shifted_too(scene: Scene) -> None:
    """Stripe bills from the 15th, Metronome by calendar month: two pairs, and a month that stands alone."""
    scene.customer("a")
    scene.metered("a", "10", "10")
    for period in (("2026-09-15", "2026-10-15"), ("2026-10-15", "2026-11-15")):
        scene.stripe_invoice("a", stripe.line(10, 10, period=period))
    for period in (stripe.SEPTEMBER, stripe.OCTOBER, stripe.NOVEMBER):
        scene.metronome_invoice("a", metronome.usage_line(5, 5), period=period)
    assert {cause for _, _, cause in _places(scene)} == {"period_shift"}


def _coverage(scene: Scene) -> dict[object, object]:
    return dict(scene.told("explain.coverage_causes", "cause", "share"))


def test_a_late_and_an_ended_contract_share_by_days(scene: Scene) -> None:
    """One day before it, two after it and the last day of the window: a quarter and three."""
    _linked(scene, metronome.contract("a", starts="2026-10-10", ending_before=metronome.rfc("2026-10-20")))
    for day in ("05", "15", "25", "26"):
        scene.metered("a", "10", "10", day=f"2026-10-{day}")
    assert _coverage(scene) == {"contract_late": Decimal("-0.25"), "contract_ended": Decimal("-0.75")}


def _contracts_for(scene: Scene, *regions: str) -> set[object]:
    """The causes of the days of a customer with a contract for each of these regions."""
    contracts = [
        metronome.contract(
            "a", suffix=str(number), usage_filter=[{"group_key": "region", "group_values": [region]}]
        )
        for number, region in enumerate(regions)
    ]
    _linked(scene, *contracts)
    scene.metered("a", "10", "10")
    scene.billed("a", 10, 20)
    return {row[0] for row in scene.told("explain.contract_days", "cause")}


def test_contracts_that_share_the_usage_do_not_overlap(scene: Scene) -> None:
    """Each takes another region."""
    assert _contracts_for(scene, "eu", "us") == {None}


def test_a_contract_for_the_same_region_overlaps(scene: Scene) -> None:
    """The second and the third bill the same usage."""
    assert _contracts_for(scene, "eu", "us", "us") == {"contract_overlap"}


def test_an_invoice_of_a_second_contract_is_not_missing_in_stripe(scene: Scene) -> None:
    """It bills October from the 12th again, in a period of its own; November is truly missing."""
    _linked(scene, metronome.contract("a"), metronome.contract("a", suffix="2", starts="2026-10-12"))
    for day in ("2026-10-20", "2026-11-02"):
        scene.metered("a", "10", "10", day=day)
    scene.billed("a", 10, 10)
    for period in (("2026-10-12", "2026-11-01"), ("2026-11-01", "2026-11-08")):
        scene.metronome_invoice("a", metronome.usage_line(10, 10), period=period)
    causes = {(start, cause) for _, start, cause in _places(scene)}
    assert ("2026-10-12", "contract_overlap") in causes
    assert {start for start, cause in causes if cause == "invoice_missing"} == {"2026-11-01"}


def _groups(scene: Scene) -> set[tuple[object, ...]]:
    return set(scene.told("explain.group_causes", "pricing_group_values", "cause", "share"))


def _ai(scene: Scene) -> None:
    scene.add("metronome/products", metronome.product("ai", metric="tokens", pricing_group_key=["model"]))
    scene.link_price("price_tokens", "p_ai")


def test_usage_outside_the_contract_is_the_contracts_part(scene: Scene) -> None:
    """3 of the fifth lie before the contract; 4 of the 25th have no rate on it."""
    _ai(scene)
    _linked(scene, metronome.contract("a", starts="2026-10-10"))
    scene.rates("a", metronome.rate("ai", model="gpt"))
    scene.grouped("a", "3", {"model": "o3"}, day="2026-10-05")
    scene.grouped("a", "4", {"model": "o3"}, day="2026-10-25")
    scene.metered("a", "3", "3", day="2026-10-05")
    assert _groups(scene) == {
        ('{"model":"o3"}', "contract_late", -3),
        ('{"model":"o3"}', "group_value_unrated", -4),
    }


def test_a_value_in_capitals_resembles_a_rated_one(scene: Scene) -> None:
    """The evidence names both."""
    _ai(scene)
    scene.customer("a", rates=(metronome.rate("ai", model="gpt"),))
    scene.grouped("a", "4", {"model": "GPT"})
    assert _groups(scene) == {('{"model":"GPT"}', "group_value_case", -4)}
    assert scene.told("explain.group_causes", "evidence") == [
        (
            '4 of ai with {"model":"GPT"} has no rate; '
            '{"model":"gpt"} has one and differs only in case or spaces.',
        )
    ]


def test_a_value_with_another_digit_resembles_nothing(scene: Scene) -> None:
    """gpt-5 is not gpt-4 written otherwise."""
    _ai(scene)
    scene.customer("a", rates=(metronome.rate("ai", model="gpt-4"),))
    scene.grouped("a", "4", {"model": "gpt-5"})
    assert _groups(scene) == {('{"model":"gpt-5"}', "group_value_unrated", -4)}


def test_a_rate_of_another_customer_resembles_nothing(scene: Scene) -> None:
    """The customer's own contract rates nothing of the product."""
    _ai(scene)
    scene.customer("a", rates=())
    scene.customer("b", rates=(metronome.rate("ai", model="gpt"),))
    scene.grouped("a", "4", {"model": "GPT"})
    assert _groups(scene) == {('{"model":"GPT"}', "product_not_entitled", -4)}
