"""The run: read both vendors, build the tables, judge them, publish. Both fronts call the steps below.

What a step does is decided in the module it calls; only the order is decided here.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from parity_pipeline import extraction, warehouse
from parity_pipeline.control import control_tables
from parity_pipeline.extraction import Clock, Pull
from parity_pipeline.history import go_days_before, read_days
from parity_pipeline.home import Home
from parity_pipeline.home_lock import home_lock
from parity_pipeline.mapping_files import Links, read_links
from parity_pipeline.models import UNMATCHED_NAMES, SqlModel, load_models
from parity_pipeline.near_misses import fill_near_misses
from parity_pipeline.notifications import notify_of_run
from parity_pipeline.progress import Tell
from parity_pipeline.publication import publish
from parity_pipeline.quality.expectations_process import prepare_expectations
from parity_pipeline.quality.gate import decide
from parity_pipeline.quality.suites import Suite, SuiteResult, load_suites, run_suite
from parity_pipeline.raw_tables import load_raw, load_resource
from parity_pipeline.report.collect import collect_evidence, collect_result
from parity_pipeline.report.result import RunResult
from parity_pipeline.run_request import RunRequest
from parity_pipeline.settings import Settings
from parity_pipeline.sources.resources import RESOURCES
from parity_pipeline.warehouse import Connection

_MOST_SECONDS_WAITED: Final = 7200
"""A whole pull of a large company, and some."""


@dataclass(frozen=True)
class Outcome:
    """What a run came to, and the seconds that each stage took."""

    result: RunResult
    seconds: dict[str, float] = field(default_factory=dict)


def run(settings: Settings, request: RunRequest, *, clock: Clock, tell: Tell) -> Outcome:
    """One whole run; raises UsageError before anything is published, else it always ends in a verdict."""
    home = Home(settings.home)
    home.prepare()
    with home_lock(home.lock, now=clock()):
        return _run_alone(settings, request, home, clock=clock, tell=tell)


def _run_alone(settings: Settings, request: RunRequest, home: Home, *, clock: Clock, tell: Tell) -> Outcome:
    stages, links = _Stages(tell), read_links(settings)
    prepare_expectations()
    with stages.measured("read both vendors"):
        pull = extraction.land(settings, request, links, home, clock=clock, tell=tell)
    with open_work(settings, request.window.as_of) as connection:
        warehouse.leave_to_system(connection)  # a run that breaks off starts anew
        with stages.measured("load"):
            load(connection, settings, request, links, pull, home)
        with stages.measured("build and check input"):
            staging = [] if pull.error else check_input(connection, settings)
        is_blocked = pull.error is not None or any(not each.success for each in staging)
        with stages.measured("compare"):
            compare(connection, is_blocked=is_blocked)
        with stages.measured("judge"):
            suites = [*staging, *([] if is_blocked else judge_all(connection, settings, is_staging=False))]
        with stages.measured("publish"):
            result = conclude(connection, settings, request, pull, suites, is_blocked=is_blocked)
            publish(connection, home, result)
    notify_of_run(settings.notify, home, result, tell=tell)
    return Outcome(result=result, seconds=stages.seconds)


def extract(
    settings: Settings, request: RunRequest, links: Links, home: Home, *, clock: Clock, tell: Tell
) -> Pull:
    """Land what both vendors say, alone in the home folder; for a front that runs the stages by itself."""
    with alone(home, clock):
        return extraction.land(settings, request, links, home, clock=clock, tell=tell)


@contextmanager
def alone(home: Home, clock: Clock) -> Iterator[None]:
    """Hold the home folder, after waiting for a run that holds it; for a front whose runs may overlap."""
    with home_lock(home.lock, now=clock(), wait_seconds=_MOST_SECONDS_WAITED):
        yield


@contextmanager
def open_work(settings: Settings, as_of: datetime, *, is_new: bool = True) -> Iterator[Connection]:
    """The database of a run's instant, empty unless it is to be continued."""
    file = Home(settings.home).work_file(as_of)
    file.parent.mkdir(parents=True, exist_ok=True)
    if is_new:
        file.unlink(missing_ok=True)
    with warehouse.connect(file, memory_limit=settings.compute.memory_limit) as connection:
        yield connection


def load(
    connection: Connection,
    settings: Settings,
    request: RunRequest,
    links: Links,
    pull: Pull,
    home: Home,
) -> None:
    """Put the landed rows and the control tables into the database."""
    warehouse.load_control(connection, control_tables(settings, request, links, pull.manifest))
    if pull.manifest is not None and pull.error is None:
        names = {name for each in settings.accounts for name in (each.name, each.environment)}
        load_raw(connection, home.landing(pull.manifest.run_id), sorted(names))


def check_input(connection: Connection, settings: Settings) -> list[SuiteResult]:
    """Build what the staging suites need and run them."""
    for model in input_models(load_models()):
        warehouse.build(connection, model)
    return judge_all(connection, settings, is_staging=True)


def compare(connection: Connection, *, is_blocked: bool) -> None:
    """Build the comparison. Unfit input is not compared: the tables then exist without rows."""
    models = load_models()
    if is_blocked:
        for resource in RESOURCES:
            load_resource(connection, Path(), resource, accounts=())
    built = frozenset() if is_blocked else frozenset(model.key for model in input_models(models))
    for model in models:
        if model.key not in built:
            warehouse.build(connection, model)
        if model.key == UNMATCHED_NAMES:  # what comes next may read what they resemble
            fill_near_misses(connection)


def judge_all(connection: Connection, settings: Settings, *, is_staging: bool) -> list[SuiteResult]:
    """Run the suites of the staging tables, or those of the six checks."""
    return [judge(connection, suite, settings) for suite in load_suites() if suite.is_staging == is_staging]


def judge(connection: Connection, suite: Suite, settings: Settings) -> SuiteResult:
    """Run one suite with the thresholds in force."""
    thresholds = settings.thresholds if suite.is_staging else settings.thresholds.of(suite.name)
    parameters = {
        "variance_ratio": thresholds.variance_ratio,
        "customer_share": thresholds.customer_share,
    }
    return run_suite(suite, lambda query: warehouse.arrow_table(connection, query), parameters)


def conclude(
    connection: Connection,
    settings: Settings,
    request: RunRequest,
    pull: Pull,
    suites: Sequence[SuiteResult],
    *,
    is_blocked: bool,
) -> RunResult:
    """Reach the verdict and collect what the report shows."""
    past_days = read_days(Home(settings.home).history, before=request.window.as_of)
    evidence = collect_evidence(
        connection,
        request=request,
        suites=suites,
        go_days_before=go_days_before(past_days, request.window.as_of),
        required_go_days=settings.gate.consecutive_go_days,
        extraction_error=pull.error,
        is_blocked=is_blocked,
    )
    return collect_result(
        connection,
        request=request,
        scope=settings.parallel_run.scope,
        evidence=evidence,
        verdict=decide(evidence),
        past_days=past_days,
    )


def input_models(models: Sequence[SqlModel]) -> tuple[SqlModel, ...]:
    """The audits of staging tables and everything they read, in order."""
    audits = {model.key for model in models if model.schema == "audit" and model.name.startswith("stg_")}
    return with_upstreams(models, audits)


def with_upstreams(models: Sequence[SqlModel], keys: Iterable[str]) -> tuple[SqlModel, ...]:
    """These models and all that they are built from, in order."""
    wanted = set(keys)
    for model in reversed(models):  # every reader comes before what it reads
        if model.key in wanted:
            wanted.update(model.upstream)
    return tuple(model for model in models if model.key in wanted)


class _Stages:
    """The clock of a run's stages."""

    def __init__(self, tell: Tell) -> None:
        self.seconds: dict[str, float] = {}
        self._tell = tell

    @contextmanager
    def measured(self, name: str) -> Iterator[None]:
        """Time one stage."""
        self._tell(name)
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = time.perf_counter() - started
