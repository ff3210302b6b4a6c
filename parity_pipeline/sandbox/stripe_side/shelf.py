"""One kind of object in the order in which Stripe lists it, and pages cut from it.

A page costs what it holds: cursors are looked up, time bounds are searched for, nothing is counted.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Json = dict[str, Any]
Wanted = Callable[[Json], bool]


@dataclass(frozen=True)
class TimeRange:
    """Seconds since 1970, both ends included; None is open."""

    first: int | None = None
    last: int | None = None


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: after an object, before an object, or at the newest."""

    after: str | None = None
    before: str | None = None


class Shelf:
    """Objects newest first; those of the same second stay in the order given."""

    def __init__(self, items: Iterable[Json]) -> None:
        self.items = sorted(items, key=lambda item: -int(item.get("created", 0)))
        self.place = {item["id"]: number for number, item in enumerate(self.items)}
        self.ages = [-int(item.get("created", 0)) for item in self.items]

    @cached_property
    def by_customer(self) -> "dict[str, Shelf]":
        """A shelf for each customer."""
        groups: dict[str, list[Json]] = defaultdict(list)
        for item in self.items:
            groups[item["customer"]].append(item)
        return {customer: Shelf(items) for customer, items in groups.items()}

    def page(
        self, *, limit: int, cursor: Cursor, created: TimeRange, wanted: Wanted
    ) -> tuple[list[Json], bool]:
        """The objects of one page, newest first, and whether there are more in the direction asked."""
        low = 0 if created.last is None else bisect_left(self.ages, -created.last)
        high = len(self.items) if created.first is None else bisect_right(self.ages, -created.first)
        if cursor.before is not None:
            high = min(high, self.place[cursor.before])
            found = _take(self.items, range(high - 1, low - 1, -1), limit + 1, wanted)
            return found[:limit][::-1], len(found) > limit
        if cursor.after is not None:
            low = max(low, self.place[cursor.after] + 1)
        found = _take(self.items, range(low, high), limit + 1, wanted)
        return found[:limit], len(found) > limit


def _take(items: list[Json], places: range, count: int, wanted: Wanted) -> list[Json]:
    found: list[Json] = []
    for place in places:
        if wanted(items[place]):
            found.append(items[place])
            if len(found) == count:
                break
    return found
