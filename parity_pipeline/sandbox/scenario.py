"""The pretend company of a scenario: a seed, a size, and the faults that are injected into it."""

from datetime import datetime
from typing import Final

from parity_pipeline.errors import UsageError
from parity_pipeline.sandbox.faults import apply_faults
from parity_pipeline.sandbox.world import World, build_world

CLEAN: Final = "clean"
SEED: Final = 7
CUSTOMERS: Final = 60


def scenario_world(scenario: str, *, as_of: datetime, seed: int = SEED, customers: int = CUSTOMERS) -> World:
    """The company with the faults that a scenario names with commas, as `name` or `name:size`.

    Raises UsageError where there is no such fault or size.
    """
    names = [name.strip() for name in scenario.split(",") if name.strip()]
    world = build_world(seed=seed, as_of=as_of, customers=customers)
    try:
        apply_faults(world, names)
    except ValueError as error:
        raise UsageError(
            f"There is no scenario {scenario}: {error}; `parity sandbox faults` lists what there is."
        ) from None
    return world
