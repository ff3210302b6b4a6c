"""How often a suggested name is the wrong one: in runs against the sandbox, and of thousands mistyped.

The names are made as people name customers, meters, products and group values: like one another, told apart
by a number or a version. Some are mistyped, some have no partner at all; what was meant is known.
"""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from parity_pipeline.near_misses import Name, find_near_misses
from parity_pipeline.sandbox import ids

_WORDS = {
    "customer": (("acme", "globex", "initech", "umbrella", "hooli"), ("corp", "labs", "gmbh", "trading")),
    "meter": (("api", "search", "storage", "training", "export"), ("calls", "tokens", "seconds", "events")),
    "product": (
        ("image", "speech", "vector", "batch", "model"),
        ("generation", "queries", "minutes", "reads"),
    ),
    "group_value": (("gpt", "claude", "llama", "mistral", "us-east"), ("mini", "large", "turbo", "preview")),
}
_NUMBERS = ("", "1", "2", "12", "2.5", "2026")
_LOST_IN = 4
"""One name in so many has no partner; another is mistyped."""


@dataclass(frozen=True)
class Hints:
    """Names that needed one, suggestions made, and those that name something else than was meant."""

    needed: int = 0
    told: int = 0
    wrong: int = 0

    def __add__(self, other: "Hints") -> "Hints":
        return Hints(self.needed + other.needed, self.told + other.told, self.wrong + other.wrong)


def hints_of_run(query: Callable[[str], list[tuple[Any, ...]]], customers: Sequence[str]) -> Hints:
    """The suggestions of a run's published file: its company never names a meter or product otherwise."""
    own = {ids.stripe_customer(key): ids.metronome_customer(key) for key in customers}
    found = query("select kind, subject, name, resembles, resembles_id from control.near_misses")

    def is_right(kind: str, subject: str, name: str, resembles: str, resembles_id: str) -> bool:
        if kind == "customer":
            return own.get(subject) == resembles_id or own.get(resembles_id) == subject
        return kind == "group_value" and name.replace(" ", "").lower() == resembles

    return Hints(told=len(found), wrong=sum(not is_right(*each) for each in found))


def hints_of_names(seeds: Sequence[int]) -> Hints:
    """The suggestions for made-up names of every kind."""
    return sum((_hints(seed, kind) for seed in seeds for kind in _WORDS), Hints())


def _hints(seed: int, kind: str) -> Hints:
    chance = random.Random(f"{seed}:{kind}")
    wanted: dict[str, str] = {}
    names: list[Name] = []
    every = list(_names(chance, kind))
    for number, real in enumerate(every):
        turn = chance.randrange(_LOST_IN)
        mistyped = _mistyped(chance, real)
        if turn != 0:
            names.append(_name(kind, "offered", f"there_{number}", real))
        if turn < 2 and mistyped not in every:
            wanted[f"here_{number}"] = _name(kind, "offered", "", real).name if turn else ""
            names.append(_name(kind, "wanted", f"here_{number}", mistyped))
    found = find_near_misses(names)
    return Hints(
        needed=sum(bool(real) for real in wanted.values()),
        told=len(found),
        wrong=sum(wanted[each.wanted.key] != each.offered.name for each in found),
    )


def _name(kind: str, side: str, key: str, text: str) -> Name:
    is_value = kind == "group_value"
    told = json.dumps({"model": text}) if is_value else text
    return Name("default", kind, side, "p_1" if is_value else "", key, told, "name")


def _names(chance: random.Random, kind: str) -> Iterator[str]:
    """Half of all names of a kind, in any order, each in one way of writing."""
    first, second = _WORDS[kind]
    every = [" ".join(filter(None, each)) for each in product(first, second, _NUMBERS)]
    between = {"customer": " ", "meter": "_", "product": " ", "group_value": "-"}[kind]
    yield from (each.replace(" ", between) for each in chance.sample(every, len(every) // 2))


def _mistyped(chance: random.Random, name: str) -> str:
    """The name as somebody else may have written it."""
    at = chance.randrange(len(name) - 1)
    return chance.choice(
        (
            name.upper(),
            name.title(),
            f"{name} ",
            name.replace("_", "-").replace(" ", "_"),
            f"prod/{name}",
            f"{name}_usage",
            name[:at] + name[at + 1 :],
            name[:at] + name[at + 1] + name[at] + name[at + 2 :],
            name[:at] + chance.choice("aeinrst") + name[at + 1 :],
        )
    )
