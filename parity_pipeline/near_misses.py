"""Names without a partner and what they are likely meant to be: fills control.near_misses during a run.

It only gives hints: no link, row or verdict changes by them. The rules of likeness are in name_likeness.py.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from parity_pipeline import warehouse
from parity_pipeline.name_likeness import HOWS, are_alike, signatures, similarity
from parity_pipeline.warehouse import Connection, InputTable, input_table

_TOLD: Final = {
    "alias": "is the same",
    "case": "differs only in capital and small letters",
    "spaces": "differs only in spaces or separators",
    "prefix": "is the same with something before or behind it",
    "one_edit": "differs in one letter",
}


@dataclass(frozen=True)
class Name:
    """A row of int_names__unmatched; `key` is the id of the thing that bears the name."""

    account: str
    kind: str
    side: str
    belongs_to: str
    key: str
    name: str
    named_by: str


@dataclass(frozen=True)
class NearMiss:
    """A name without a partner, the one name it resembles, and how."""

    wanted: Name
    offered: Name
    how: str

    @property
    def similarity(self) -> Decimal:
        """From 0 to 1."""
        return similarity(self.wanted.name, self.offered.name)

    @property
    def evidence(self) -> str:
        """The two names in a sentence."""
        of_thing = f" of {self.offered.key}" if self.offered.key != self.offered.name else ""
        return (
            f"{self.wanted.named_by} {self.wanted.name!r} has no partner; "
            f"{self.offered.named_by} {self.offered.name!r}{of_thing} {_TOLD[self.how]}."
        )


@dataclass(frozen=True)
class _Entry:
    """One text of a name, compared only with texts of the same context and kind."""

    context: tuple[object, ...]
    kind: str
    text: str
    name: Name


def fill_near_misses(connection: Connection) -> int:
    """Compare the names without a partner and write control.near_misses; returns its rows."""
    rows = warehouse.rows(connection, "select * from intermediate.int_names__unmatched order by all")
    found = find_near_misses([Name(**{key: str(value) for key, value in row.items()}) for row in rows])
    warehouse.load_control(connection, {"near_misses": near_miss_table(found)})
    return len(found)


def near_miss_table(found: Sequence[NearMiss] = ()) -> InputTable:
    """The table; empty until the names are known."""
    return input_table(
        "One row per name without a partner on the other side that resembles one name there. Hints only.",
        {
            "account": ("VARCHAR", "name of the Stripe account (entity) the row belongs to"),
            "kind": ("VARCHAR", "customer, meter, product or group_value"),
            "subject": ("VARCHAR", "id of what bears the name; the product, for a group value"),
            "name": ("VARCHAR", "the name without a partner; group values as JSON text with sorted keys"),
            "resembles": ("VARCHAR", "the name on the other side that it is likely meant to be"),
            "resembles_id": ("VARCHAR", "id of what bears that name"),
            "similarity": ("DECIMAL(6, 4)", "how alike the two texts are, 0 to 1; shown, decides nothing"),
            "how": ("VARCHAR", "alias, case, spaces, prefix or one_edit"),
            "evidence": ("VARCHAR", "the two names and what differs, in a sentence"),
        },
        [
            (
                each.wanted.account,
                each.wanted.kind,
                each.wanted.belongs_to or each.wanted.key,
                each.wanted.name,
                each.offered.name,
                each.offered.key,
                each.similarity,
                each.how,
                each.evidence,
            )
            for each in found
        ],
    )


def find_near_misses(names: Iterable[Name]) -> list[NearMiss]:
    """One near miss at most for each name without a partner; a name with two equally near ones has none."""
    index: defaultdict[tuple[object, ...], list[_Entry]] = defaultdict(list)
    wanted: list[Name] = []
    for name in names:
        if name.side == "wanted":
            wanted.append(name)
            continue
        for entry in _entries(name):
            for how, key in set(signatures(entry.text, entry.kind)):
                index[(*entry.context, how, key)].append(entry)
    found = [miss for name in wanted for miss in _nearest(name, index)]
    return _one_to_one(found)


def _nearest(name: Name, index: dict[tuple[object, ...], list[_Entry]]) -> Iterator[NearMiss]:
    """The nearest offered name, unless another thing is as near."""
    alike: defaultdict[str, dict[str, NearMiss]] = defaultdict(dict)
    for entry in _entries(name):
        for how, key in signatures(entry.text, entry.kind):
            for other in index.get((*entry.context, how, key), ()):
                if are_alike(how, entry.text, other.text, entry.kind):
                    alike[how].setdefault(other.name.key, NearMiss(name, other.name, how))
    best = next((how for how in HOWS if alike[how]), None)
    if best is None or len(alike[best]) > 1:
        return
    if best == "alias" and name.kind == "group_value":
        return  # the very value has a rate on another contract: nothing is misspelt
    yield from alike[best].values()


def _one_to_one(found: Sequence[NearMiss]) -> list[NearMiss]:
    """Two things cannot both be meant by one; several spellings of a group value can."""
    claims: defaultdict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    for each in found:
        claims[each.offered.kind, each.offered.key].add((each.wanted.account, each.wanted.key))
    return [
        each
        for each in found
        if each.wanted.kind == "group_value" or len(claims[each.offered.kind, each.offered.key]) == 1
    ]


def _entries(name: Name) -> Iterator[_Entry]:
    """The texts to compare. Of group values one may differ in any way, or all in case and spaces."""
    context = (name.account, name.kind, name.belongs_to)
    if name.kind != "group_value":
        yield _Entry(context, name.kind, name.name, name)
        return
    values = json.loads(name.name)
    if not all(isinstance(each, str) for each in values.values()):
        return
    pairs = sorted(values.items())
    for key, value in pairs:
        rest = tuple(pair for pair in pairs if pair[0] != key)
        yield _Entry((*context, key, rest), "group_value", value, name)
    if len(pairs) > 1:
        keys = tuple(key for key, _ in pairs)
        yield _Entry((*context, keys), "group_values", "\x00".join(value for _, value in pairs), name)
