"""One case of the accuracy benchmark: a world, a run of the pipeline against it over HTTP, and its score."""

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb

from parity_pipeline import pipeline
from parity_pipeline.report.result import RunResult
from parity_pipeline.run_request import make_request
from parity_pipeline.sandbox import ids
from parity_pipeline.sandbox.facts import Customer
from parity_pipeline.sandbox.fault_model import Size
from parity_pipeline.sandbox.faults import FAULTS
from parity_pipeline.sandbox.judgement import Judgement, judge
from parity_pipeline.sandbox.readings import OTHER_READINGS
from parity_pipeline.sandbox.server import running_sandbox
from parity_pipeline.sandbox.truth.comparison import GRAINS, Comparison, compare_with_truth
from parity_pipeline.sandbox.truth.rows import TruthRow
from parity_pipeline.sandbox.truth.world_truth import evidence, truth_rows
from parity_pipeline.sandbox.world import Told, World, build_world
from parity_pipeline.setting_sections import Thresholds
from parity_pipeline.settings import load_settings

KEPT = 24
"""So many customers of a faulty world are kept, the hit ones among them: a run is faster by a third."""
_PULLED_AFTER = timedelta(hours=3)
_MOST_NOTES = 4
Place = tuple[Any, ...]
"""A check's name and the grain columns of one of its rows."""


@dataclass(frozen=True)
class Case:
    """A world to be judged: a seed, a size, an instant, and what is wrong or read otherwise, if anything."""

    seed: int
    customers: int
    as_of: datetime
    fault: str | None = None
    size: Size | None = None
    reading: str | None = None

    @property
    def group(self) -> str:
        """What the table has a line for."""
        return self.fault or ("other readings" if self.reading else "clean")

    def world(self) -> tuple[World, frozenset[str]]:
        """The world, and the keys of the customers who were hit."""
        readings = OTHER_READINGS[self.reading] if self.reading else None
        world = build_world(seed=self.seed, as_of=self.as_of, customers=self.customers, readings=readings)
        if self.fault is None:
            return world, frozenset()
        hit = frozenset(FAULTS[self.fault].apply(world, self.size))
        others = (key for key in world.company.customers if key not in hit)
        return _with_only(world, {*hit, *islice(others, max(0, KEPT - len(hit)))}), hit

    def __str__(self) -> str:
        what = f"{self.reading or self.group}{f':{self.size}' if self.size else ''}"
        return f"{what}, seed {self.seed}, {self.customers} customers, {self.as_of:%Y-%m-%dT%H}"


@dataclass(frozen=True)
class Score:
    """What came of a case. A breach is due where the truth has one; a false alarm is one where it has none.

    `rows_wrong` counts rows that are missing, too many or not the truth to the cent; `rows_off` those that
    truly differ.
    """

    case: Case
    seconds: float
    verdict: str
    verdict_due: str
    checks_wrong: tuple[str, ...]
    breaches_due: int
    breaches_found: int
    false_alarms: int
    rows: int
    rows_off: int
    rows_wrong: int
    causes_due: int
    causes_right: int
    notes: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        """Whether everything but the causes is as it must be."""
        return not self.notes


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


def run_case(case: Case, folder: Path) -> Score:
    """Build the world, run the pipeline against it, and hold what it published against the truth."""
    started = time.perf_counter()
    try:
        world, hit = case.world()
    except ValueError as nobody:  # the world has no customer whom the fault fits in this size
        return _skipped(case, str(nobody))
    try:
        result = _run(world, folder)
        with duckdb.connect(str(folder / "home/published/billing_parity.duckdb"), read_only=True) as file:
            return _score(case, world, hit, result, file, started)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(world: World, folder: Path) -> RunResult:
    now = world.now + _PULLED_AFTER
    with running_sandbox(world, folder=folder / "config") as served:
        settings = load_settings(served.variables(), home=folder / "home")
        request = make_request(
            now=now, as_of=world.now.isoformat(), configured_start=settings.parallel_run.start
        )
        return pipeline.run(settings, request, clock=lambda: now, tell=lambda _: None).result


def _score(
    case: Case,
    world: World,
    hit: frozenset[str],
    result: RunResult,
    file: duckdb.DuckDBPyConnection,
    started: float,
) -> Score:
    def query(sql: str) -> list[tuple[Any, ...]]:
        return file.execute(sql).fetchall()

    truth = truth_rows(world)
    due = judge(truth, thresholds=Thresholds(), as_of=world.now, evidence=evidence(world))
    compared = compare_with_truth(query, truth)
    found = _findings(query)
    breaches = {_place(row) for row in truth if row.status == "breach"}
    wanted = FAULTS[case.fault].cause if case.fault else ""
    victims = {ids.stripe_customer(key) for key in hit}
    told = [cause for place, cause in found.items() if place in breaches and place[2] in victims]
    checks_wrong = tuple(
        f"{check} is {result.verdict.checks.get(check)}, not {status}"
        for check, status in due.checks.items()
        if result.verdict.checks.get(check) != status
    )
    missed, false = breaches - found.keys(), found.keys() - breaches
    return Score(
        case=case,
        seconds=time.perf_counter() - started,
        verdict=result.verdict.decision,
        verdict_due=due.verdict,
        checks_wrong=checks_wrong,
        breaches_due=len(breaches),
        breaches_found=len(breaches & found.keys()),
        false_alarms=len(false),
        rows=len(truth),
        rows_off=sum(row.variance != 0 for row in truth),
        rows_wrong=len(compared.missing) + len(compared.extra) + len(compared.different),
        causes_due=len(told),
        causes_right=sum(cause == wanted for cause in told),
        notes=tuple(_notes(result, due, compared, missed, false, checks_wrong))[:_MOST_NOTES],
    )


def _findings(query: Any) -> dict[Place, str]:  # noqa: ANN401  # runs a query
    """The cause of every breach that was found, by its place."""
    found: dict[Place, str] = {}
    for check, columns in GRAINS.items():
        rows = query(f"select {', '.join(columns)}, cause from parity.findings where check_name = '{check}'")  # noqa: S608  # own names
        found |= {(check, *row[:-1]): row[-1] for row in rows}
    return found


def _place(row: TruthRow) -> Place:
    values = (getattr(row.grain, column) for column in GRAINS[row.grain.check])
    return (
        row.grain.check,
        *(each.replace(tzinfo=None) if isinstance(each, datetime) else each for each in values),
    )


def _notes(
    result: RunResult,
    due: Judgement,
    compared: Comparison,
    missed: set[Place],
    false: set[Place],
    checks_wrong: Sequence[str],
) -> list[str]:
    notes = list(checks_wrong)
    if result.verdict.decision != due.verdict:
        reasons = "; ".join(result.verdict.reasons[:2])
        notes.append(f"verdict {result.verdict.decision}, not {due.verdict} ({reasons})")
    if {(each.cause, each.stripe_customer_id) for each in result.safety} != set(due.safety):
        notes.append(f"safety {result.safety}, not {due.safety}")
    notes += [f"missed {place}" for place in sorted(missed, key=str)[:1]]
    notes += [f"false alarm {place}" for place in sorted(false, key=str)[:1]]
    notes += [f"no row {row.grain} {row.expected} {row.actual}" for row in compared.missing[:1]]
    notes += [f"row too many {row.grain} {row.expected} {row.actual}" for row in compared.extra[:1]]
    notes += [
        f"{'/'.join(each.what)} of {each.truth.grain}: {each.published.expected} {each.published.actual} "
        f"{each.published.status}, not {each.truth.expected} {each.truth.actual} {each.truth.status}"
        for each in compared.different[:1]
    ]
    return notes


def _skipped(case: Case, why: str) -> Score:
    return Score(case, 0.0, "skipped", "skipped", (), 0, 0, 0, 0, 0, 0, 0, 0, (why,))
