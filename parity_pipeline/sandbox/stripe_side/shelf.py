"""One kind of object in the order in which Stripe lists it, and pages cut from it.

A page costs what it holds: an object's JSON is made when it is shown, cursors and filter values are looked
up, time bounds are searched for, nothing is counted.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Json = dict[str, Any]
Source = TypeVar("Source")
Values = Callable[[Any], Iterable[str]]
"""Under which values of a filter an object is found."""


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


class Shelf(Generic[Source]):
    """What objects are made of, newest first; those of the same second stay in the order given.

    Each comes with its id and the second of its creation; `build` makes the JSON of one.
    """

    def __init__(self, items: Iterable[tuple[str, int, Source]], build: Callable[[Source], Json]) -> None:
        ordered = sorted(items, key=lambda item: -item[1])
        self.place = {item[0]: number for number, item in enumerate(ordered)}
        self._ages = array("q", (-item[1] for item in ordered))
        self._sources = [item[2] for item in ordered]
        self._build = build
        self._groups: dict[str, dict[str, list[int]]] = {}

    def source(self, object_id: str) -> Source | None:
        """What an object is made of."""
        place = self.place.get(object_id)
        return None if place is None else self._sources[place]

    def get(self, object_id: str) -> Json | None:
        """One object by its id."""
        source = self.source(object_id)
        return None if source is None else self._build(source)

    def page(
        self,
        *,
        limit: int,
        cursor: Cursor,
        created: TimeRange,
        wanted: Mapping[str, str],
        filters: Mapping[str, Values],
    ) -> tuple[list[Json], bool]:
        """The objects of one page, newest first, and whether there are more in the direction asked."""
        places = self._candidates(wanted, filters)
        low = 0 if created.last is None else bisect_left(self._ages, -created.last)
        high = len(self._ages) if created.first is None else bisect_right(self._ages, -created.first)
        if cursor.after is not None:
            low = max(low, self.place[cursor.after] + 1)
        if cursor.before is not None:
            high = min(high, self.place[cursor.before])
        nearest, farthest = bisect_left(places, low), bisect_left(places, high)
        backwards = cursor.before is not None
        order = range(farthest - 1, nearest - 1, -1) if backwards else range(nearest, farthest)
        found: list[int] = []
        for number in order:
            if all(value in filters[name](self._sources[places[number]]) for name, value in wanted.items()):
                found.append(places[number])
                if len(found) > limit:
                    break
        shown = found[:limit][::-1] if backwards else found[:limit]
        return [self._build(self._sources[place]) for place in shown], len(found) > limit

    def _candidates(self, wanted: Mapping[str, str], filters: Mapping[str, Values]) -> Sequence[int]:
        """The fewest places among which the objects wanted are, by one of the filters."""
        if not wanted:
            return range(len(self._sources))
        groups = (self._group(name, filters[name]).get(value, []) for name, value in wanted.items())
        return min(groups, key=len)

    def _group(self, name: str, values: Values) -> dict[str, list[int]]:
        """The places of objects by the values of one filter, worked out once."""
        if name not in self._groups:
            found: dict[str, list[int]] = defaultdict(list)
            for place, source in enumerate(self._sources):
                for value in values(source):
                    found[value].append(place)
            self._groups[name] = dict(found)
        return self._groups[name]


def in_order(items: Iterable[Json]) -> "Shelf[Json]":
    """Objects that are at hand as JSON, in the order given."""
    return Shelf(((item["id"], 0, item) for item in items), lambda item: item)
