"""Group key coverage: every value combination seen in usage needs a rate for exactly that value."""

from collections.abc import Callable
from decimal import Decimal

import metronome_objects as metronome
import pytest
from scene import Scene

COLUMNS = ("product", "pricing_group_values", "presence", "expected_value", "actual_value", "status")


def _by_model(scene: Scene, *keys: str) -> None:
    """A second product on the tokens metric, priced by these keys; prices.csv names it alone."""
    scene.add(
        "metronome/products",
        metronome.product("ai", metric="tokens", pricing_group_key=list(keys or ("model",))),
    )
    scene.link_price("price_tokens", "p_ai")


@pytest.fixture(scope="module")
def by_model(make_scene: Callable[..., Scene]) -> Scene:
    """Customers whose October usage is split by model; gpt-4 has a rate until 8 October, o3 from then on."""
    made = make_scene()
    _by_model(made)
    rates = (
        metronome.rate("ai", model="gpt-4", ends="2026-10-08"),
        metronome.rate("ai", model="o3", starts="2026-10-08"),
    )
    groups: dict[str, list[tuple[str, str | None, str]]] = {
        "rated": [("10", "gpt-4", "2026-10-05")],
        "case": [("10", "GPT-4", "2026-10-05")],
        "null": [("10", None, "2026-10-05")],
        "ending": [("10", "gpt-4", "2026-10-07"), ("5", "gpt-4", "2026-10-08")],
        "mixed": [("10", "gpt-4", "2026-10-05"), ("1", "llama", "2026-10-05")],
        "zero": [("0", "llama", "2026-10-05")],
        "outside": [("10", "llama", "2026-08-31"), ("10", "llama", "2026-11-10")],
    }
    for name, days in groups.items():
        made.customer(name, rates=rates)
        for value, model, day in days:
            made.grouped(name, value, {"model": model}, day=day)
    made.stripe_customer("bare")
    made.metronome_customer("bare", stripe_id="cus_bare")
    made.grouped("bare", "10", {"model": "gpt-4"})
    made.metronome_customer("unlinked")
    made.grouped("unlinked", "10", {"model": "gpt-4"})
    return made


CASES: dict[str, list[tuple[str, int, int, str]]] = {
    "rated": [('{"model":"gpt-4"}', 10, 10, "match")],
    "case": [('{"model":"GPT-4"}', 10, 0, "breach")],
    "null": [('{"model":null}', 10, 0, "breach")],
    "ending": [('{"model":"gpt-4"}', 15, 10, "breach")],
    "mixed": [('{"model":"gpt-4"}', 10, 10, "match"), ('{"model":"llama"}', 1, 0, "breach")],
    "zero": [],
    "outside": [],
    "bare": [('{"model":"gpt-4"}', 10, 0, "breach")],
}


@pytest.mark.parametrize("name", CASES)
def test_usage_is_covered_where_its_exact_value_has_a_rate(by_model: Scene, name: str) -> None:
    """Exact to the case (T18), null has no rate, a rate covers its own days, no contract covers nothing."""
    columns = ("pricing_group_values", "expected_value", "actual_value", "status")
    assert (
        by_model.told("parity.group_key_coverage", *columns, stripe_customer_id=f"cus_{name}") == CASES[name]
    )


def test_an_unlinked_customer_has_no_rows(by_model: Scene) -> None:
    """Only linked customers have group key rows."""
    assert by_model.told("parity.group_key_coverage", "product", metronome_customer_id="m_unlinked") == []


def test_a_product_without_pricing_keys_has_a_single_row(scene: Scene) -> None:
    """Its value combination is {}, its usage that of the whole metric."""
    scene.customer("a")
    scene.metered("a", None, "7", day="2026-10-05")
    scene.metered("a", None, "5", day="2026-10-06")
    assert scene.told("parity.group_key_coverage", *COLUMNS) == [("tokens", "{}", "both", 12, 12, "match")]


def test_a_product_that_the_contract_does_not_rate_is_uncovered(scene: Scene) -> None:
    """Usage of a product without any rate on the contract has actual 0."""
    scene.customer("a", rates=())
    scene.metered("a", None, "7")
    assert scene.told("parity.group_key_coverage", *COLUMNS) == [("tokens", "{}", "both", 7, 0, "breach")]


def test_a_compound_key_is_rated_as_a_whole(scene: Scene) -> None:
    """A rate for model and region covers that pair only; keys are sorted."""
    _by_model(scene, "region", "model")
    scene.customer("a", rates=(metronome.rate("ai", model="gpt-4", region="eu"),))
    for region, value in (("eu", "10"), ("us", "3")):
        scene.grouped("a", value, {"region": region, "model": "gpt-4"}, asked='["model","region"]')
    assert scene.told("parity.group_key_coverage", *COLUMNS) == [
        ("ai", '{"model":"gpt-4","region":"eu"}', "both", 10, 10, "match"),
        ("ai", '{"model":"gpt-4","region":"us"}', "both", 3, 0, "breach"),
    ]


def test_keys_that_only_present_are_summed_away(scene: Scene) -> None:
    """Usage asked by model and user is summed to the model, the key that prices."""
    _by_model(scene)
    scene.customer("a", rates=(metronome.rate("ai", model="gpt-4"),))
    for user, value in (("ann", "10"), ("bob", "3")):
        scene.grouped("a", value, {"model": "gpt-4", "user": user}, asked='["model","user"]')
    assert scene.told("parity.group_key_coverage", *COLUMNS) == [
        ("ai", '{"model":"gpt-4"}', "both", 13, 13, "match")
    ]


def test_a_metric_asked_by_several_key_sets_counts_once(scene: Scene) -> None:
    """The same usage asked by model, and by model and user, is 10 and not 20."""
    _by_model(scene)
    scene.customer("a", rates=(metronome.rate("ai", model="gpt-4"),))
    scene.grouped("a", "10", {"model": "gpt-4"}, asked='["model"]')
    scene.grouped("a", "10", {"model": "gpt-4", "user": "ann"}, asked='["model","user"]')
    assert scene.told("parity.group_key_coverage", "expected_value") == [(10,)]


def test_one_percent_is_a_tolerance_of_a_row_and_one_breach_fails_the_check(scene: Scene) -> None:
    """1 of 100 unrated is within tolerance of its row; 2 of 100 is a breach, and the guide says all."""
    scene.customer("a", rates=(metronome.rate("tokens", ends="2026-10-06"),))
    scene.metered("a", None, "98", day="2026-10-05")
    scene.metered("a", None, "2", day="2026-10-06")
    assert scene.told("parity.group_key_coverage", "variance", "status") == [(Decimal(-2), "breach")]
    assert scene.told(
        "parity.check_summary", "is_complete_required", "breaches", check_name="group_key_coverage"
    ) == [(True, 1)]


def test_an_archived_contract_rates_nothing(scene: Scene) -> None:
    """Its rates are still listed; nobody is billed by them."""
    scene.stripe_customer("a")
    scene.metronome_customer("a", stripe_id="cus_a")
    scene.add("metronome/contracts", metronome.contract("a", archived_at=metronome.rfc("2026-09-01")))
    scene.rates("a", metronome.rate("tokens"))
    scene.metered("a", None, "7")
    assert scene.told("parity.group_key_coverage", "actual_value", "status") == [(0, "breach")]


def test_products_that_share_a_name_are_two_units(scene: Scene) -> None:
    """Names need not be unique: the id behind the name keeps the grain unique."""
    scene.add("metronome/products", metronome.product("tokens", metric="tokens") | {"id": "p_second"})
    scene.customer("a")
    scene.rates("a", metronome.rate("tokens") | {"product_id": "p_second"})
    scene.metered("a", None, "7")
    assert scene.told("parity.group_key_coverage", "product", "actual_value") == [
        ("tokens (p_second)", 7),
        ("tokens (p_tokens)", 7),
    ]
    (audit,) = scene.rows("audit.group_key_coverage")
    assert audit["duplicate_grain_count"] == 0


def test_a_product_beside_the_rated_one_is_named_and_no_breach(scene: Scene) -> None:
    """A customer buys one of a metric's products: the one that the contract does not rate is left out."""
    second = metronome.product("tokens", metric="tokens") | {"id": "p_second"}
    scene.add("metronome/products", second)
    scene.customer("a")
    scene.metered("a", None, "7")
    assert scene.told("parity.group_key_coverage", "product", "status") == [("tokens (p_tokens)", "match")]
    reason = "product_not_rated_for_customer_beside_one_that_is: tokens (p_second)"
    assert scene.told("control.exclusions", "count", reason=reason) == [(1,)]
