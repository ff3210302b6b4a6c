"""The list of faults, and that each changes the world where it says and nowhere else."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import fields, replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from parity_pipeline.sandbox.fault_model import Fault, Size
from parity_pipeline.sandbox.faults import FAULTS, apply_faults
from parity_pipeline.sandbox.world import Told, World, build_world

AS_OF = datetime(2026, 11, 21, tzinfo=UTC)
CHECKS = {
    "invoice_totals",
    "line_item_quantities",
    "credit_drawdowns",
    "contract_coverage",
    "event_ingestion",
    "group_key_coverage",
}
CAUSES = {
    "customer_unmapped",
    "contract_missing",
    "contract_late",
    "contract_ended",
    "contract_overlap",
    "events_missing",
    "events_extra",
    "ingestion_gap",
    "period_shift",
    "aggregation_mismatch",
    "quantity_conversion",
    "group_value_unrated",
    "group_value_case",
    "product_not_entitled",
    "rate_mismatch",
    "tier_mismatch",
    "credit_missing",
    "credit_amount",
    "credit_scope",
    "credit_order",
    "discount_missing",
    "currency_mismatch",
    "currency_unit",
    "invoice_missing",
    "double_billing",
    "auto_charge_enabled",
}
SIZED = [(name, size) for name, fault in FAULTS.items() for size in fault.sizes]
NAMES = [name for name, fault in FAULTS.items() if fault.sizes]


@pytest.fixture(scope="module")
def untouched() -> World:
    """A world without faults, to copy and to compare with."""
    return build_world(seed=7, as_of=AS_OF)


def _copy(world: World) -> World:
    """The same world for a fault to change."""
    stripe, metronome = (
        Told(dict(told.charges), dict(told.customers), list(told.events))
        for told in (world.stripe, world.metronome)
    )
    return replace(
        world,
        stripe=stripe,
        metronome=metronome,
        stripe_quirks=deepcopy(world.stripe_quirks),
        metronome_quirks=deepcopy(world.metronome_quirks),
    )


def _state(world: World) -> tuple[object, ...]:
    return world.stripe, world.metronome, world.stripe_quirks, world.metronome_quirks


def _changed_customers(before: World, after: World) -> Iterator[str]:
    """The keys of the customers of whom either vendor was told something else, or who have a quirk."""
    for old, new in ((before.stripe, after.stripe), (before.metronome, after.metronome)):
        yield from (key for key, each in new.customers.items() if each != old.customers[key])
        sent, resent = _by_identity(old), _by_identity(new)
        everything = sent | resent
        yield from (everything[event] for event in sent.keys() ^ resent.keys())
    for quirks in (after.stripe_quirks, after.metronome_quirks):
        for field in fields(quirks):
            yield from (key for key in getattr(quirks, field.name) if key in before.company.customers)


def _by_identity(told: Told) -> dict[int, str]:
    """The customer of each event; what no fault has changed is the same object in both worlds."""
    return {id(event): event.customer for event in told.events}


@pytest.mark.parametrize(("name", "size"), SIZED, ids=str)
def test_each_size_changes_the_customers_that_it_names(name: str, size: Size, untouched: World) -> None:
    """A fault that finds nobody to hit would prove nothing, and it must leave all others alone."""
    world = _copy(untouched)
    hit = FAULTS[name].apply(world, size)
    assert hit
    assert hit <= set(world.company.customers)
    assert _state(world) != _state(untouched)
    assert set(_changed_customers(untouched, world)) <= hit
    assert world.company == untouched.company


@pytest.mark.parametrize("name", NAMES)
def test_a_fault_does_the_same_every_time(name: str, untouched: World) -> None:
    """Equal worlds stay equal."""
    one, other = _copy(untouched), _copy(untouched)
    assert apply_faults(one, [name]) == apply_faults(other, [name])
    assert _state(one) == _state(other)


@pytest.mark.parametrize("name", NAMES)
def test_a_larger_reach_hits_the_same_customers_and_more(name: str, untouched: World) -> None:
    """One of a cohort, and a cohort of everyone."""
    fault = FAULTS[name]
    by_reach = [fault.apply(_copy(untouched), Size(reach, "gross")) for reach in fault.reaches]
    assert all(smaller <= larger for smaller, larger in pairwise(by_reach))
    assert "one" not in fault.reaches or len(by_reach[0]) == fault.together


def test_the_clean_scenario_changes_nothing(untouched: World) -> None:
    """It has a name so that it can be asked for."""
    world = _copy(untouched)
    assert apply_faults(world, ["clean"]) == {"clean": set()}
    assert _state(world) == _state(untouched)


def test_every_check_has_a_fault_that_fails_it() -> None:
    """And no fault names a check that does not exist."""
    assert {check for fault in FAULTS.values() for check in fault.fails} == CHECKS
    assert {check for fault in FAULTS.values() for check in fault.touches} == CHECKS


def test_every_cause_has_a_fault() -> None:
    """All that a finding can be caused by, but for what nobody can explain; at least forty faults."""
    assert {fault.cause for fault in FAULTS.values() if fault.cause} == CAUSES
    assert len(FAULTS) >= 40


def test_faults_that_fail_something_name_their_cause() -> None:
    """A cause is what the report has to find."""
    for fault in FAULTS.values():
        assert bool(fault.cause) == (bool(fault.fails) or fault.safety)


def test_an_unknown_fault_or_size_is_refused_before_anything_happens(untouched: World) -> None:
    """The message names what is wrong with which."""
    world = _copy(untouched)
    for name, message in (
        ("nonsense", "no such fault: nonsense"),
        ("nonsense:one-cent", "no such fault: nonsense"),
        ("contract_missing:one-cent", "contract_missing has no size one-cent; it has one-gross, "),
        ("contract_missing:", "contract_missing has no size without a name"),
        ("clean:one-gross", "clean has no size one-gross; it has none"),
    ):
        with pytest.raises(ValueError, match=message):
            apply_faults(world, ["contract_missing", name])
    assert _state(world) == _state(untouched)


def test_a_size_that_a_fault_cannot_take_is_refused(untouched: World) -> None:
    """Also when it is not named in text: a contract is missing or not, there is no cent of it."""
    with pytest.raises(ValueError, match="contract_missing has no size one-cent"):
        FAULTS["contract_missing"].apply(_copy(untouched), Size("one", "cent"))


def test_a_world_without_the_right_customers_is_refused() -> None:
    """One customer alone is not billed from the middle of the month."""
    with pytest.raises(ValueError, match="no customer for period_shift"):
        apply_faults(build_world(seed=7, as_of=AS_OF, customers=1), ["period_shift"])


def test_a_size_is_named_behind_a_colon(untouched: World) -> None:
    """One customer has no contract, then all plain ones of sixty, twenty-four at most."""
    for size, count in (("one", 1), ("cohort", 3)):
        world = _copy(untouched)
        hit = apply_faults(world, [f"contract_missing:{size}-gross"])
        assert len(hit["contract_missing"]) == count
        assert world.metronome_quirks.no_contract == hit["contract_missing"]
    everyone = apply_faults(_copy(untouched), ["contract_missing:everyone-gross"])["contract_missing"]
    assert 20 <= len(everyone) <= 24


def test_the_same_fault_twice_is_told_once(untouched: World) -> None:
    """What both hit stands under its name."""
    hit = apply_faults(_copy(untouched), ["contract_missing:one-gross", "contract_missing"])
    assert {name: len(keys) for name, keys in hit.items()} == {"contract_missing": 3}


def test_a_cohort_is_one_customer_in_twenty() -> None:
    """Twenty of four hundred, so that the share of customers within tolerance falls below 99 %."""
    world = build_world(seed=7, as_of=AS_OF, customers=400)
    apply_faults(world, ["contract_missing"])
    assert len(world.metronome_quirks.no_contract) == 20


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("day", [datetime(2026, 3, 3, tzinfo=UTC), datetime(2027, 1, 31, tzinfo=UTC)])
def test_sixty_customers_have_all_kinds(seed: int, day: datetime) -> None:
    """Whatever the seed and the day, every fault finds someone at its default size."""
    world = build_world(seed=seed, as_of=day)
    for fault in FAULTS.values():
        assert fault.apply(_copy(world)) or fault.name == "clean"


def test_a_fault_is_gross_unless_told_otherwise() -> None:
    """And hits a cohort where it can, else everyone."""
    sizes: dict[str, Size | None] = {name: fault.default_size for name, fault in FAULTS.items()}
    assert sizes["rate_mismatch"] == Size("cohort", "gross")
    assert sizes["currency_unit"] == Size("everyone", "gross")
    assert sizes["clean"] is None
    assert all(isinstance(fault, Fault) and fault.name == name for name, fault in FAULTS.items())
