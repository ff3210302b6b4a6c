"""The list of faults, and that each changes the world where it says."""

from datetime import UTC, datetime

import pytest

from parity_pipeline.sandbox.faults import FAULTS, apply_faults
from parity_pipeline.sandbox.world import World, build_world

AS_OF = datetime(2026, 11, 21, tzinfo=UTC)
CHECKS = {
    "invoice_totals",
    "line_item_quantities",
    "credit_drawdowns",
    "contract_coverage",
    "event_ingestion",
    "group_key_coverage",
}


def _state(world: World) -> tuple[object, ...]:
    return (
        world.stripe.charges,
        world.stripe.customers,
        world.stripe.events,
        world.metronome.charges,
        world.metronome.customers,
        world.metronome.events,
        world.stripe_quirks,
        world.metronome_quirks,
    )


@pytest.fixture(scope="module")
def untouched() -> World:
    """A world without faults, to compare with."""
    return build_world(seed=7, as_of=AS_OF)


@pytest.mark.parametrize("name", [name for name in FAULTS if name != "clean"])
def test_each_fault_changes_the_world(name: str, untouched: World) -> None:
    """A fault that finds nobody to hit would prove nothing."""
    world = build_world(seed=7, as_of=AS_OF)
    apply_faults(world, [name])
    assert _state(world) != _state(untouched)


def test_the_clean_scenario_changes_nothing(untouched: World) -> None:
    """It has a name so that it can be asked for."""
    world = build_world(seed=7, as_of=AS_OF)
    apply_faults(world, ["clean"])
    assert _state(world) == _state(untouched)


def test_every_check_has_a_fault_that_fails_it() -> None:
    """And no fault names a check that does not exist."""
    assert {check for fault in FAULTS.values() for check in fault.fails} == CHECKS


def test_faults_that_fail_something_name_their_cause() -> None:
    """A cause is what the report has to find."""
    for fault in FAULTS.values():
        assert bool(fault.cause) == (bool(fault.fails) or fault.safety)


def test_an_unknown_fault_is_refused_before_anything_happens(untouched: World) -> None:
    """The message names what there is."""
    world = build_world(seed=7, as_of=AS_OF)
    with pytest.raises(ValueError, match="no such fault: nonsense; there are clean"):
        apply_faults(world, ["contract_missing", "nonsense"])
    assert _state(world) == _state(untouched)


def test_a_world_without_the_right_customers_is_refused() -> None:
    """One customer alone is not billed from the middle of the month."""
    with pytest.raises(ValueError, match="no customer for that fault"):
        apply_faults(build_world(seed=7, as_of=AS_OF, customers=1), ["period_shift"])


def test_enough_customers_are_hit_in_a_large_company() -> None:
    """One in forty, so that the share of customers within tolerance falls below 99 %."""
    world = build_world(seed=7, as_of=AS_OF, customers=400)
    apply_faults(world, ["contract_missing"])
    assert len(world.metronome_quirks.no_contract) == 10
