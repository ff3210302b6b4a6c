"""The ways to see less than everything: every kind of damage, at every endpoint that a run reads.

The list is made from what a clean run read, never by hand. What damage does to a page is in
fail_open_damage.py; verdicts that lie about in a home folder are in fail_open_homes.py.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from benchmarks import fail_open_damage as damage
from benchmarks.fail_open_endpoints import Endpoint, Side
from benchmarks.fail_open_runs import AS_OF, Survey
from parity_pipeline.sandbox.disruptions import Change, Disruption
from parity_pipeline.setting_sections import CHECKS
from parity_pipeline.sources.resources import RESOURCES

Damage = Callable[[], tuple[Disruption, ...]]

INNER_LISTS: Final = {"stripe GET /v1/invoices": "lines", "stripe GET /v1/subscriptions": "items"}
"""Listings whose objects hold a list, of which the rest must be asked for apart."""

LAST_SETTLED_DAY: Final = AS_OF - timedelta(days=2)
LAST_MONTH: Final = AS_OF.replace(month=AS_OF.month - 1, day=1)


@dataclass(frozen=True)
class Injection:
    """One way to see less than everything. `damage` makes its disruptions anew for each run."""

    subject: str
    kind: str
    sides: tuple[Side, ...]
    damage: Damage
    missing: str
    """A regular expression for what the reason must name; the name of a check's table will do as well."""
    other_seed: int | None = None
    older_days: int = 0

    @property
    def name(self) -> str:
        """`emptied: stripe GET /v1/prices`."""
        return f"{self.kind}: {self.subject}"

    def is_named_in(self, told: str) -> bool:
        """Whether the reason names the endpoint, the resource, the side or a table."""
        tables = "|".join(CHECKS)
        return re.search(f"{self.missing}|{tables}|stg_[a-z]+__", told, re.IGNORECASE) is not None


def small_pages(endpoints: Sequence[Endpoint], survey: Survey | None = None) -> tuple[Disruption, ...]:
    """No damage: listings in small pages, and lists inside objects that admit that there are more."""
    inner = {name: damage.lists_cut(field, admits=True) for name, field in INNER_LISTS.items()}
    return tuple(
        Disruption(each.where, "changed", page_size=page_size(each, survey), change=inner.get(each.name))
        for each in endpoints
    )


def page_size(endpoint: Endpoint, survey: Survey | None) -> int:
    """A third of the longest listing, so that it has several pages."""
    return max(1, survey.longest(endpoint) // 3) if survey else 5


def injections(survey: Survey) -> list[Injection]:
    """All of them, in a fixed order."""
    found: list[Injection] = []
    for endpoint in survey.endpoints:
        found += _refusals(endpoint)
        if not endpoint.is_listing:
            found.append(_one(endpoint, "field missing", "missing_field", field=endpoint.required))
            continue
        if survey.of(endpoint):
            found += _spoilt_answers(endpoint)
            found += _missing_objects(endpoint, survey)
        if survey.longest(endpoint) > 1:
            found += _pages(endpoint, survey)
        if endpoint.period:
            found += _periods(endpoint)
        found += _inner_list(endpoint)
    harmless = {(each.name, kind) for each in survey.endpoints for kind in each.harmless}
    found = [each for each in found if (each.subject, each.kind) not in harmless]
    return [*found, *_sides()]


def _refusals(endpoint: Endpoint) -> Iterator[Injection]:
    """The vendor does not answer, or not with a page."""
    yield _one(endpoint, "403", "status", status=403)
    yield _one(endpoint, "500 for ever", "status", status=500)
    yield _one(endpoint, "429 for ever", "status", status=429)
    if _is_required(endpoint):
        yield _one(endpoint, "404", "status", status=404)
    yield _one(endpoint, "malformed", "malformed")
    yield _one(endpoint, "truncated", "truncated")
    yield _one(endpoint, "disconnect", "disconnect")


def _spoilt_answers(endpoint: Endpoint) -> Iterator[Injection]:
    yield _one(endpoint, "field missing", "missing_field", field=endpoint.required)
    yield _one(endpoint, "emptied", "empty")
    yield _one(endpoint, "doubled", "changed", lambda: damage.doubled)
    if endpoint.side == "stripe":
        yield _one(endpoint, "other mode", "changed", lambda: damage.live)


def _missing_objects(endpoint: Endpoint, survey: Survey) -> Iterator[Injection]:
    row = survey.weighty(endpoint)
    yield _one(
        endpoint,
        "object missing",
        "changed",
        lambda: damage.without(row, names=endpoint.names, context=endpoint.context),
    )


def _pages(endpoint: Endpoint, survey: Survey) -> Iterator[Injection]:
    """Damage to a listing of several pages."""
    made: dict[str, Callable[[], Change]] = {
        "first page empty": lambda: damage.first_page_empty,
        "later pages empty": lambda: damage.later_pages_empty,
        "cut short": lambda: damage.cut_short,
        "page repeated": damage.page_repeated,
        "reordered": damage.reordered,
        "cursor stuck": damage.cursor_stuck,
        "cursor circles": damage.cursor_circles,
        "cursor never ends": damage.cursor_never_ends,
    }
    if endpoint.side == "stripe" and page_size(endpoint, survey) > 1:
        made["backwards"] = lambda: damage.backwards
    for kind, make in made.items():
        yield _one(endpoint, kind, "changed", make, page_size=page_size(endpoint, survey))


def _periods(endpoint: Endpoint) -> Iterator[Injection]:
    """Usage or invoices that end too early, or belong to other days than those asked for."""
    start, is_usage = endpoint.period[0], endpoint.amount != "total"
    yield _one(endpoint, "stale month", "changed", lambda: damage.ending_at(LAST_MONTH, start))
    if is_usage:
        yield _one(endpoint, "stale day", "changed", lambda: damage.ending_at(LAST_SETTLED_DAY, start))
    yield _one(endpoint, "wrong period", "changed", lambda: damage.shifted(30, *endpoint.period))


def _inner_list(endpoint: Endpoint) -> Iterator[Injection]:
    """Lists inside objects that hold less than they say."""
    inner = INNER_LISTS.get(endpoint.name)
    if inner is not None:
        yield _one(endpoint, "inner list cut", "changed", lambda: damage.lists_cut(inner, admits=False))


def _sides() -> Iterator[Injection]:
    """A whole side that is not the one that was meant."""
    both: tuple[Side, ...] = ("stripe", "metronome")
    for sides in (("stripe",), ("metronome",), both):
        named = " and ".join(sides)
        missing = "|".join(sides)
        yield Injection(named, "side empty", sides, _all_empty, missing)
        if sides != both:
            yield Injection(named, "other environment", sides, tuple, missing, other_seed=8)
            yield Injection(named, "month-old copy", sides, tuple, missing, older_days=30)


def _all_empty() -> tuple[Disruption, ...]:
    return (Disruption("^(GET|POST) ", "empty"),)


def _is_required(endpoint: Endpoint) -> bool:
    key = f"{endpoint.side}/{endpoint.resource}"
    return next((each.required for each in RESOURCES if each.key == key), True)


def _one(
    endpoint: Endpoint,
    kind: str,
    disruption: str,
    make: Callable[[], Change] | None = None,
    **options: object,
) -> Injection:
    def made() -> tuple[Disruption, ...]:
        change = make() if make else None
        # The options come from a table of mixed values; a wrong one fails at once.
        spoilt = Disruption(endpoint.where, disruption, change=change, **options)  # type: ignore[arg-type]
        return (spoilt, *_reached_by(endpoint))

    return Injection(
        subject=endpoint.name,
        kind=kind,
        sides=(endpoint.side,),
        damage=made,
        missing=f"{endpoint.path}|{endpoint.resource.removesuffix('s')}",
    )


def _reached_by(endpoint: Endpoint) -> tuple[Disruption, ...]:
    """What makes a run ask an endpoint that is only asked for the rest of a list inside an object."""
    parents = {
        "invoice_lines": "stripe GET /v1/invoices",
        "subscription_items": "stripe GET /v1/subscriptions",
    }
    parent = parents.get(endpoint.resource)
    if parent is None:
        return ()
    where = f"^{parent.removeprefix('stripe ')}$"
    return (Disruption(where, "changed", change=damage.lists_cut(INNER_LISTS[parent], admits=True)),)
