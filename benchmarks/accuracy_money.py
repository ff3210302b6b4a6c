"""How much of the money is told under the right cause, when several things are wrong with one customer.

What each of three faults is worth depends on what else is wrong: events lost at a wrong price. So a cause is
due what its fault changes, in minor units, for some order of the three; all orders are tried on worlds with
one, two and three of them, by the truth alone. What a cause is told beyond that range counts as wrong.

A fault can hide another one: of a customer without a link, or on days of which Metronome has nothing, nobody
sees that Stripe counted events twice, nor what an invoice that was never made would have left out. What is
hidden may be told under the cause that hides it, or under its own.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations

from parity_pipeline.sandbox import ids
from parity_pipeline.sandbox.fault_scene import Scene
from parity_pipeline.sandbox.faults import FAULTS
from parity_pipeline.sandbox.truth.rows import TruthRow
from parity_pipeline.sandbox.world import World

AT_ONCE = 3
_TRIES = 200
_LAST = frozenset({"time_zone_shift"})
"""Faults that change when events happen come last: the others choose theirs by their true time."""
_UNKNOWN = frozenset({"customer_unmapped", "customer_absent", "customer_claimed_twice"})
_HIDDEN = (("invoice_missing_in_stripe", "events_late"), ("ingestion_gap", "events_replayed"))
Row = tuple[str, str]
"""A currency, and the month in which a billing period ends, as YYYY-MM."""
Shares = Mapping[tuple[Row, str], Decimal]
"""What each cause has of a row, minor units."""


@dataclass(frozen=True)
class Combination:
    """Three faults of one customer."""

    names: tuple[str, ...]
    key: str

    @property
    def causes(self) -> frozenset[str]:
        """Every code that is right for one of them."""
        return frozenset().union(*(FAULTS[name].causes for name in self.names))

    def __str__(self) -> str:
        return f"{' + '.join(self.names)} of {self.key}"

    def applied(self, world: World, names: Sequence[str]) -> World:
        """The world with some of the three brought about, in their order."""
        for name in names:
            FAULTS[name].edit(Scene(world), [self.key], "gross")
        return world


@dataclass(frozen=True)
class Money:
    """Money in breaches of one customer, by minor units of any currency, and how much is told rightly."""

    told: Decimal = Decimal(0)
    right: Decimal = Decimal(0)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.told + other.told, self.right + other.right)


def choose(world: World, seed: str) -> Combination:
    """Three faults that fit one customer; raises ValueError when the company has none."""
    chance, scene = random.Random(seed), Scene(world)
    pool = [
        name
        for name, fault in FAULTS.items()
        if fault.cause and fault.together == 1 and "one" in fault.reaches and not fault.safety
    ]
    fitting = {name: set(FAULTS[name].fits(scene, "gross")) for name in pool}
    for _ in range(_TRIES):
        names = tuple(chance.sample(pool, AT_ONCE))
        keys = sorted(set.intersection(*(fitting[name] for name in names)))
        if keys:
            return Combination(tuple(sorted(names, key=_LAST.__contains__)), chance.choice(keys))
    raise ValueError("this world has no customer whom three faults fit")


def money_told(
    combination: Combination,
    told: Shares,
    rows_of: Callable[[Sequence[str]], Sequence[TruthRow]],
    allowance: Decimal,
) -> Money:
    """Hold what the findings of invoice_totals say of each cause against what it may be.

    `rows_of` gives the truth of the customer's own world with some of the faults; `allowance` is what
    rounding may add to a cause, in minor units.
    """
    bounds = _bounds(combination, rows_of)
    money = Money()
    for (row, cause), share in told.items():
        low, high = bounds.get((row, cause), (Decimal(0), Decimal(0)))
        beyond = max(low - allowance - share, share - high - allowance, Decimal(0))
        money += Money(abs(share), max(abs(share) - beyond, Decimal(0)))
    return money


def _bounds(
    combination: Combination, rows_of: Callable[[Sequence[str]], Sequence[TruthRow]]
) -> dict[tuple[Row, str], tuple[Decimal, Decimal]]:
    """The least and the most that the faults of a cause may have changed, over all orders."""
    worth = {names: _variances(rows_of(names), combination.key) for names in _subsets(combination.names)}
    rows = {row for values in worth.values() for row in values}
    bounds: dict[tuple[Row, str], tuple[Decimal, Decimal]] = {}
    for cause in combination.causes:
        own = tuple(name for name in combination.names if cause in FAULTS[name].causes)
        rest = tuple(name for name in combination.names if name not in own)
        hidden = tuple(name for name in rest if _is_hidden(name, own))
        is_hidden = all(_is_hidden(name, rest) for name in own)
        for row in rows:
            changes = [
                worth[_ordered(combination, {*mine, *others})].get(row, Decimal(0))
                - worth[others].get(row, Decimal(0))
                for mine in _subsets(_ordered(combination, {*own, *hidden}))
                for others in _subsets(_ordered(combination, {*combination.names} - {*mine} - {*own}))
                if set(own) & set(mine)
            ]
            changes += [Decimal(0)] * is_hidden
            bounds[row, cause] = min(changes), max(changes)
    return bounds


def _is_hidden(name: str, by: Sequence[str]) -> bool:
    """Whether nobody can see a fault beside one of some others."""
    is_unseen = any(hider in by and name == hidden for hider, hidden in _HIDDEN)
    return is_unseen or not _UNKNOWN.isdisjoint(by)


def _ordered(combination: Combination, names: set[str]) -> tuple[str, ...]:
    return tuple(name for name in combination.names if name in names)


def _subsets(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for size in range(len(names) + 1):
        yield from combinations(names, size)


def _variances(rows: Sequence[TruthRow], key: str) -> dict[Row, Decimal]:
    found: dict[Row, Decimal] = defaultdict(Decimal)
    for row in rows:
        grain = row.grain
        is_ours = grain.stripe_customer_id == ids.stripe_customer(key)
        if grain.check == "invoice_totals" and is_ours and grain.period_end and grain.currency:
            found[grain.currency, f"{grain.period_end:%Y-%m}"] += row.variance
    return found
