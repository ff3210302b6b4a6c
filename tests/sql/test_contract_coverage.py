"""Contract coverage: which customers need a contract, on which days, and which contracts count."""

import metronome_objects as metronome
import pytest
import stripe_objects as stripe
from scene import Scene


def _linked(scene: Scene, *contracts: metronome.Json, status: str = "active") -> list[tuple[object, ...]]:
    """The row of a linked customer with usage on 5 October and these contracts."""
    scene.stripe_customer("a", status=status)
    scene.metronome_customer("a", stripe_id="cus_a")
    scene.metered("a", "5", None)
    if contracts:
        scene.add("metronome/contracts", *contracts)
    return scene.told("parity.contract_coverage", "presence", "expected_value", "actual_value", "status")


def _filter(*values: str, key: str = "region") -> list[metronome.Json]:
    return [{"group_key": key, "group_values": list(values)}]


@pytest.mark.parametrize("status", ["active", "trialing", "past_due"])
def test_an_active_subscription_needs_a_contract(scene: Scene, status: str) -> None:
    """Active, trialing and past due subscriptions are judged; one contract matches."""
    assert _linked(scene, metronome.contract("a"), status=status) == [("both", 1, 1, "match")]


@pytest.mark.parametrize("status", ["unpaid", "paused"])
def test_a_held_subscription_is_pending(scene: Scene, status: str) -> None:
    """Unpaid and paused subscriptions are shown, not judged."""
    assert _linked(scene, status=status) == [("both", 1, 0, "pending")]


@pytest.mark.parametrize("status", ["canceled", "incomplete", "incomplete_expired"])
def test_an_ended_subscription_needs_none(scene: Scene, status: str) -> None:
    """Canceled and never started subscriptions have no row."""
    assert _linked(scene, status=status) == []


def test_no_contract_is_zero(scene: Scene) -> None:
    """A linked customer without a contract has actual 0, which one percent does not excuse."""
    assert _linked(scene) == [("both", 1, 0, "breach")]


def test_an_unlinked_customer_has_no_actual_side(scene: Scene) -> None:
    """Without a Metronome customer there is nobody to look for contracts of."""
    scene.stripe_customer("a")
    assert scene.told("parity.contract_coverage", "presence", "actual_value", "variance", "status") == [
        ("expected_only", None, -1, "breach")
    ]


def test_a_licensed_subscription_needs_none_unless_everything_is_in_scope(scene: Scene) -> None:
    """With scope usage a subscription must own a metered item."""
    _licensed(scene)
    assert scene.rows("parity.contract_coverage") == []


def test_with_scope_all_any_item_counts(scene: Scene) -> None:
    """With scope all a licensed subscription needs a contract as well."""
    scene.setting(parallel_run__scope="all")
    _licensed(scene)
    assert scene.told("parity.contract_coverage", "status") == [("breach",)]


def _licensed(scene: Scene) -> None:
    scene.stripe_customer("a", status=None)
    scene.add("stripe/prices", stripe.price("base"))
    scene.add("stripe/subscriptions", stripe.subscription("a", stripe.price("base")))
    scene.metronome_customer("a", stripe_id="cus_a")


# Bounds of the one contract of a customer with usage on 5 October.
BOUNDS = [
    ("starts at the day's last second", {"starts": "2026-10-05T23:59:59"}, 1),
    ("starts the day after", {"starts": "2026-10-06"}, 0),
    ("ends at the end of the day before as_of", {"ending_before": metronome.rfc("2026-11-10")}, 1),
    ("ends within the day before as_of", {"ending_before": metronome.rfc("2026-11-09T23:59:59")}, 0),
    ("ended before the usage", {"ending_before": metronome.rfc("2026-10-01")}, 0),
    ("archived", {"archived_at": metronome.rfc("2026-10-20")}, 0),
    ("without a rate card", {"rate_card_id": None}, 0),
]


@pytest.mark.parametrize(
    ("bounds", "contracts"), [case[1:] for case in BOUNDS], ids=[case[0] for case in BOUNDS]
)
def test_a_contract_counts_at_the_last_instant_of_a_day(
    scene: Scene, bounds: dict[str, object], contracts: int
) -> None:
    """In force at the end of each usage day and of the last day before as_of, unarchived, with rates."""
    rows = _linked(scene, metronome.contract("a", **bounds))
    assert rows == [("both", 1, contracts, "match" if contracts else "breach")]


def test_a_gap_between_two_contracts_is_zero(scene: Scene) -> None:
    """One day with usage and no contract makes the value 0, however good the others are."""
    first = metronome.contract("a", suffix="1", ending_before=metronome.rfc("2026-10-05"))
    second = metronome.contract("a", suffix="2", starts="2026-10-06")
    assert _linked(scene, first, second) == [("both", 1, 0, "breach")]


def test_a_gap_without_usage_is_no_gap(scene: Scene) -> None:
    """Days without usage on either side need no contract."""
    first = metronome.contract("a", suffix="1", ending_before=metronome.rfc("2026-10-06"))
    second = metronome.contract("a", suffix="2", starts="2026-10-20")
    assert _linked(scene, first, second) == [("both", 1, 1, "match")]


def test_successive_contracts_do_not_add_up(scene: Scene) -> None:
    """One contract a day is one contract."""
    first = metronome.contract("a", suffix="1", ending_before=metronome.rfc("2026-10-20"))
    second = metronome.contract("a", suffix="2", starts="2026-10-20")
    assert _linked(scene, first, second) == [("both", 1, 1, "match")]


def test_two_contracts_that_bill_the_same_usage_are_two(scene: Scene) -> None:
    """The greatest count of any day is the value."""
    rows = _linked(scene, metronome.contract("a", suffix="1"), metronome.contract("a", suffix="2"))
    assert rows == [("both", 1, 2, "breach")]


# Usage filters of two contracts, and how many of them bill the same usage.
FILTERS = [
    ("disjoint values", _filter("eu"), _filter("us"), 1),
    ("a shared value", _filter("eu", "us"), _filter("us"), 2),
    ("different keys", _filter("eu"), _filter("gpt-4", key="model"), 2),
    ("only one has a filter", _filter("eu"), None, 2),
]


@pytest.mark.parametrize(
    ("first", "second", "contracts"), [case[1:] for case in FILTERS], ids=[case[0] for case in FILTERS]
)
def test_contracts_with_disjoint_usage_filters_are_one(
    scene: Scene, first: object, second: object, contracts: int
) -> None:
    """Filters on the same key without a common value bill other usage each."""
    rows = _linked(
        scene,
        metronome.contract("a", suffix="1", usage_filter=first),
        metronome.contract("a", suffix="2", usage_filter=second),
    )
    assert rows == [("both", 1, contracts, "match" if contracts == 1 else "breach")]


def _summed(scene: Scene, *contracts: metronome.Json) -> list[tuple[object, ...]]:
    """The row of a Stripe customer that customers.csv links to two Metronome customers, both with usage."""
    scene.stripe_customer("a")
    scene.metronome_customer("a")
    scene.metronome_customer("b")
    scene.link_customers(("cus_a", "m_a"), ("cus_a", "m_b"))
    scene.metered("a", "8", "5")
    scene.metered("b", None, "3")
    scene.add("metronome/contracts", *contracts)
    return scene.told("parity.contract_coverage", "expected_value", "actual_value", "status")


def test_two_summed_customers_have_a_contract_each(scene: Scene) -> None:
    """Neither bills the other's usage, so that one each is one."""
    assert _summed(scene, metronome.contract("a"), metronome.contract("b")) == [(1, 1, "match")]


def test_two_contracts_of_one_of_two_summed_customers_are_two(scene: Scene) -> None:
    """They bill the same usage, whatever the other customer has."""
    rows = _summed(
        scene,
        metronome.contract("a", suffix="1"),
        metronome.contract("a", suffix="2"),
        metronome.contract("b"),
    )
    assert rows == [(1, 2, "breach")]


def test_a_summed_customer_without_a_contract_is_not_covered_by_the_other_one(scene: Scene) -> None:
    """Its usage is billed by nobody, and the finding says that a contract is missing."""
    assert _summed(scene, metronome.contract("a")) == [(1, 0, "breach")]
    findings = scene.told("parity.findings", "check_name", "cause", "variance")
    assert ("contract_coverage", "contract_missing", -1) in findings
