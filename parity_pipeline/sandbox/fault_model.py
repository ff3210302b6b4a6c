"""What a fault is and in which sizes it comes. No fault and no edit is written here."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from parity_pipeline.sandbox.fault_scene import Scene
from parity_pipeline.sandbox.world import World

TOTALS, QUANTITIES, CREDITS = "invoice_totals", "line_item_quantities", "credit_drawdowns"
COVERAGE, INGESTION, GROUPS = "contract_coverage", "event_ingestion", "group_key_coverage"

Reach = Literal["one", "cohort", "everyone"]
Amount = Literal["cent", "under", "over", "gross"]
REACHES: tuple[Reach, ...] = ("one", "cohort", "everyone")
AMOUNTS: tuple[Amount, ...] = ("cent", "under", "over", "gross")
UNDER, OVER = Decimal("0.009"), Decimal("0.011")
"""Shares of a row just under and just over the gate of one per cent."""
_ONE_IN = 20


@dataclass(frozen=True)
class Size:
    """How many customers a fault hits, and by how much.

    `cohort` is one customer in twenty and at least two; `everyone` is all whom the fault fits. A `cent` is
    the smallest difference that there is, `under` and `over` are 0.9 and 1.1 % of the row that the fault is
    about.
    """

    reach: Reach
    amount: Amount

    def __str__(self) -> str:
        return f"{self.reach}-{self.amount}"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    `fails` names exactly the checks that fail at the fault's default size, which is gross; every other check
    then still passes. `also` are checks in which rows may differ without that. `cause` is the code that
    explains it, if anything is to be explained. A fault with `safety` set is a safety hit; one with neither
    leaves the run as good as clean.

    `also_told_as` are codes that are right for a part of what it does.

    `fits` gives the keys of the customers for whom the fault decides what it is meant to decide; with
    `together` above 1, each so many in a row belong together. `edit` brings it about for some of them.
    """

    name: str
    summary: str
    fails: frozenset[str]
    cause: str
    fits: Callable[[Scene, Amount], Sequence[str]]
    edit: Callable[[Scene, Sequence[str], Amount], None]
    reaches: tuple[Reach, ...] = REACHES
    amounts: tuple[Amount, ...] = ("gross",)
    also: frozenset[str] = frozenset()
    together: int = 1
    safety: bool = False
    also_told_as: frozenset[str] = frozenset()

    @property
    def causes(self) -> frozenset[str]:
        """The codes that are right for what it does; none for what changes nothing."""
        return frozenset({self.cause} - {""}) | self.also_told_as

    @property
    def touches(self) -> frozenset[str]:
        """The checks in which rows may differ, at any size."""
        return self.fails | self.also

    @property
    def sizes(self) -> tuple[Size, ...]:
        """Every size that it can take; none for what changes nothing."""
        return tuple(Size(reach, amount) for reach in self.reaches for amount in self.amounts)

    @property
    def default_size(self) -> Size | None:
        """The size that is meant when none is named: enough customers that a check must fail."""
        if not self.sizes:
            return None
        return Size("cohort" if "cohort" in self.reaches else self.reaches[-1], "gross")

    def apply(self, world: World, size: Size | None = None) -> set[str]:
        """Bring it about in a world, in place; returns the keys of the customers that it hit."""
        wanted = size or self.default_size
        if wanted is None:
            return set()
        if wanted not in self.sizes:
            raise ValueError(f"{self.name} has no size {wanted}; it has {', '.join(map(str, self.sizes))}")
        scene = Scene(world)
        keys = self._victims(scene, wanted)
        self.edit(scene, keys, wanted.amount)
        return set(keys)

    def _victims(self, scene: Scene, size: Size) -> list[str]:
        """The customers to hit: each fault begins at another place, so that two hit others where they can."""
        fitting = list(self.fits(scene, size.amount))
        groups = [fitting[first : first + self.together] for first in range(0, len(fitting), self.together)]
        if not groups:
            raise ValueError(f"this world has no customer for {self.name} in the size {size}")
        wanted = {
            "one": 1,
            "cohort": max(2, len(scene.world.company.customers) // _ONE_IN),
            "everyone": len(groups),
        }[size.reach]
        first = zlib.crc32(self.name.encode()) % len(groups)
        turned = groups[first:] + groups[:first]
        return [key for group in turned[:wanted] for key in group]
