"""A run of the pipeline against the world of a case, over HTTP, and its score."""

import shutil
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.accuracy_case import Case
from benchmarks.accuracy_money import Money, Row, money_told
from benchmarks.accuracy_names import Hints, hints_of_run
from parity_pipeline import pipeline
from parity_pipeline.report.result import RunResult
from parity_pipeline.run_request import make_request
from parity_pipeline.sandbox import ids
from parity_pipeline.sandbox.judgement import Judgement, judge
from parity_pipeline.sandbox.server import running_sandbox
from parity_pipeline.sandbox.truth.comparison import GRAINS, Comparison, compare_with_truth
from parity_pipeline.sandbox.truth.rows import TruthRow
from parity_pipeline.sandbox.truth.world_truth import evidence, truth_rows
from parity_pipeline.sandbox.world import World
from parity_pipeline.setting_sections import Thresholds
from parity_pipeline.settings import load_settings

_PULLED_AFTER = timedelta(hours=3)
_MOST_NOTES = 4
_ROUNDING = Decimal(2)
Place = tuple[Any, ...]
"""A check's name and the grain columns of one of its rows."""


@dataclass(frozen=True)
class Score:
    """What came of a case. A breach is due where the truth has one; a false alarm is one where it has none.

    `rows_wrong` counts rows that are missing, too many or not the truth to the cent; `rows_off` those that
    truly differ. `causes_due` counts the findings of customers that were hit in rows that truly breach,
    `unexplained` those of anybody without a cause, `unsummed` the totals whose effects do not add up to their
    variance; `hints` the names that were suggested.
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
    unexplained: int
    unsummed: int
    money: Money
    hints: Hints
    wrong_causes: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        """Whether everything but the causes is as it must be."""
        return not self.notes


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
    unsummed = int(query(_UNSUMMED)[0][0])
    due = judge(truth, thresholds=Thresholds(), as_of=world.now, evidence=evidence(world))
    compared = compare_with_truth(query, truth)
    findings = _findings(query)
    found = {each.place for each in findings}
    breaches = {_place(row) for row in truth if row.status == "breach"}
    victims = {ids.stripe_customer(key) for key in hit}
    told = [each for each in findings if each.place in breaches and each.place[2] in victims]
    wrong = [each for each in told if each.cause not in case.causes]
    checks_wrong = tuple(
        f"{check} is {result.verdict.checks.get(check)}, not {status}"
        for check, status in due.checks.items()
        if result.verdict.checks.get(check) != status
    )
    missed, false = breaches - found, found - breaches
    return Score(
        case=case,
        seconds=time.perf_counter() - started,
        verdict=result.verdict.decision,
        verdict_due=due.verdict,
        checks_wrong=checks_wrong,
        breaches_due=len(breaches),
        breaches_found=len(breaches & found),
        false_alarms=len(false),
        rows=len(truth),
        rows_off=sum(row.variance != 0 for row in truth),
        rows_wrong=len(compared.missing) + len(compared.extra) + len(compared.different),
        causes_due=len(told),
        causes_right=len(told) - len(wrong),
        unexplained=sum(each.cause == "unexplained" for each in findings),
        unsummed=unsummed,
        money=_money(case, told),
        hints=hints_of_run(query, tuple(world.company.customers)),
        wrong_causes=tuple(sorted({f"{each.cause} in {each.place[0]}" for each in wrong})),
        notes=(
            *([f"{unsummed} totals whose effects do not add up"] if unsummed else []),
            *_notes(result, due, compared, missed, false, checks_wrong),
        )[:_MOST_NOTES],
    )


_GRAIN = "account, stripe_customer_id, metronome_customer_id, currency, period_start, period_end"
_UNSUMMED = f"""
    select count(*) from (
        select {_GRAIN}
        from (
            select {_GRAIN}, amount from parity.variance_effects
            union all
            select {_GRAIN}, -variance from parity.invoice_totals
        )
        group by all
        having sum(amount) <> 0
    )
    """  # noqa: S608  # own names


@dataclass(frozen=True)
class Finding:
    """A finding of a check: where it is, why, and its share of the variance."""

    place: Place
    cause: str
    share: Decimal
    currency: str | None
    month: str | None


def _findings(query: Any) -> list[Finding]:  # noqa: ANN401  # runs a query
    """Every finding of a check."""
    found: list[Finding] = []
    for check, columns in GRAINS.items():
        rows = query(
            f"select {', '.join(columns)}, cause, variance, currency, strftime(period_end, '%Y-%m') "  # noqa: S608  # own names
            f"from parity.findings where check_name = '{check}'"
        )
        found += [Finding((check, *row[:-4]), *row[-4:]) for row in rows]
    return found


def _money(case: Case, told: Sequence[Finding]) -> Money:
    """The money of the one customer of a combination."""
    if case.combination is None:
        return Money()
    shares: dict[tuple[Row, str], Decimal] = defaultdict(Decimal)
    for each in told:
        if each.place[0] == "invoice_totals" and each.currency and each.month:
            shares[(each.currency, each.month), each.cause] += each.share
    return money_told(case.combination, shares, case.alone, _ROUNDING)


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
    return Score(
        case, 0.0, "skipped", "skipped", (), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, Money(), Hints(), (), (why,)
    )
