"""One case of the accuracy benchmark: a world in which something, or nothing, is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import islice

from benchmarks.accuracy_money import Combination, choose
from parity_pipeline.sandbox.facts import Customer
from parity_pipeline.sandbox.fault_model import Size
from parity_pipeline.sandbox.faults import FAULTS
from parity_pipeline.sandbox.readings import OTHER_READINGS
from parity_pipeline.sandbox.truth.rows import TruthRow
from parity_pipeline.sandbox.truth.world_truth import truth_rows
from parity_pipeline.sandbox.world import Told, World, build_world

KEPT_HIT, KEPT_OTHERS = 12, 6
"""So many of those who were hit are kept at most, and so many others at least: runs are faster by half."""


@dataclass(frozen=True)
class Case:
    """A world to be judged: a seed, a size, an instant, and what is wrong or read otherwise, if anything."""

    seed: int
    customers: int
    as_of: datetime
    fault: str | None = None
    size: Size | None = None
    reading: str | None = None
    at_once: int | None = None
    """The number of a random choice of three faults for one customer."""

    @property
    def group(self) -> str:
        """What the table has a line for."""
        if self.at_once is not None:
            return "three at once"
        return self.fault or ("other readings" if self.reading else "clean")

    @cached_property
    def combination(self) -> Combination | None:
        """The three faults and their customer; raises ValueError when the company has no such customer."""
        if self.at_once is None:
            return None
        return choose(self._company_world(), f"{self.seed}:{self.at_once}")

    @property
    def causes(self) -> frozenset[str]:
        """The codes that are right for whoever is hit."""
        if self.combination is not None:
            return self.combination.causes
        return FAULTS[self.fault].causes if self.fault else frozenset()

    def world(self) -> tuple[World, frozenset[str]]:
        """The world, and the keys of the customers who were hit."""
        world = self._company_world()
        if self.combination is not None:
            world = self.combination.applied(world, self.combination.names)
            hit = frozenset({self.combination.key})
        elif self.fault is not None:
            hit = frozenset(FAULTS[self.fault].apply(world, self.size))
        else:
            return world, frozenset()
        return _smaller(world, hit, whole=self.fault is not None and FAULTS[self.fault].together > 1)

    def alone(self, names: Sequence[str]) -> Sequence[TruthRow]:
        """What is true of the customer of a combination with only some of its faults."""
        if self.combination is None:
            return ()
        world = self.combination.applied(self._company_world(), names)
        return truth_rows(_with_only(world, {self.combination.key}))

    def _company_world(self) -> World:
        readings = OTHER_READINGS[self.reading] if self.reading else None
        return build_world(seed=self.seed, as_of=self.as_of, customers=self.customers, readings=readings)

    def __str__(self) -> str:
        what = f"{self.reading or self.combination or self.group}{f':{self.size}' if self.size else ''}"
        return f"{what}, seed {self.seed}, {self.customers} customers, {self.as_of:%Y-%m-%dT%H}"


def _smaller(world: World, hit: frozenset[str], *, whole: bool) -> tuple[World, frozenset[str]]:
    """The world with a few of those who were hit, or all where they belong together, and a few others."""
    kept = hit if whole else frozenset(sorted(hit)[:KEPT_HIT])
    others = (key for key in world.company.customers if key not in hit)
    wanted = max(KEPT_OTHERS, KEPT_HIT - len(kept))
    return _with_only(world, {*kept, *islice(others, wanted)}), kept


def _with_only(world: World, keys: set[str]) -> World:
    """The same world without the other customers; events of nobody stay."""
    known = world.company.customers.keys()

    def kept(told: Told) -> Told:
        events = [each for each in told.events if each.customer in keys or each.customer not in known]
        return replace(told, customers=_chosen(told.customers, keys), events=events)

    company = replace(world.company, customers=_chosen(world.company.customers, keys))
    return replace(world, company=company, stripe=kept(world.stripe), metronome=kept(world.metronome))


def _chosen(customers: Mapping[str, Customer], keys: set[str]) -> dict[str, Customer]:
    return {key: customer for key, customer in customers.items() if key in keys}
