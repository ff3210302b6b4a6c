"""The run: read both vendors, build the tables, judge them, publish. Both fronts call the steps below.

What a step does is decided in the module it calls; only the order is decided here.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from parity_pipeline import warehouse
from parity_pipeline.account_access import AccountAccess
from parity_pipeline.control import control_tables
from parity_pipeline.errors import ParityError, UsageError
from parity_pipeline.home import Home
from parity_pipeline.landing import LandingWriter, Manifest, read_manifest
from parity_pipeline.mapping_files import Links, read_links
from parity_pipeline.models import SqlModel, load_models
from parity_pipeline.publication import publish
from parity_pipeline.quality.gate import decide
from parity_pipeline.quality.suites import Suite, SuiteResult, load_suites, run_suite
from parity_pipeline.report.collect import collect_evidence, collect_result
from parity_pipeline.report.result import RunResult
from parity_pipeline.run_request import RunRequest
from parity_pipeline.settings import Settings
from parity_pipeline.sources.pull import (
    AccountToRead,
    MeterLink,
    MetronomeAccess,
    StripeAccess,
    pull_everything,
)
from parity_pipeline.sources.resources import RESOURCES
from parity_pipeline.warehouse import Connection

Tell = Callable[[str], None]
Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Pull:
    """What was landed; an error when the pull did not get to its end."""

    manifest: Manifest | None
    error: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What a run came to, and the seconds that each stage took."""

    result: RunResult
    seconds: dict[str, float] = field(default_factory=dict)


def run(settings: Settings, request: RunRequest, *, clock: Clock, tell: Tell) -> Outcome:
    """One whole run; raises UsageError before anything is published, else it always ends in a verdict."""
    home, stages = Home(settings.home), _Stages(tell)
    home.prepare()
    links = read_links(settings)
    with stages.measured("read both vendors"):
        pull = extract(settings, request, links, home, clock=clock, tell=tell)
    with open_work(home, request.window.as_of) as connection:
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
    return Outcome(result=result, seconds=stages.seconds)


def extract(
    settings: Settings, request: RunRequest, links: Links, home: Home, *, clock: Clock, tell: Tell
) -> Pull:
    """Land what both vendors say. Wrong credentials are raised; any other failure is an incomplete pull."""
    folder = home.landing(request.run_id)
    writer = LandingWriter(folder, request.run_id, request.window, now=clock)
    try:
        asyncio.run(
            pull_everything(
                [_to_read(each) for each in settings.accounts],
                request.window,
                writer,
                meter_links=_meter_links(links),
                on_progress=tell,
            )
        )
        return Pull(read_manifest(folder))
    except UsageError:
        raise
    except ParityError as error:
        return Pull(_manifest_if_any(folder), error=str(error))


@contextmanager
def open_work(home: Home, as_of: datetime, *, is_new: bool = True) -> Iterator[Connection]:
    """The database of a run's instant, empty unless it is to be continued."""
    file = home.work_file(as_of)
    file.parent.mkdir(parents=True, exist_ok=True)
    if is_new:
        file.unlink(missing_ok=True)
    with warehouse.connect(file) as connection:
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
        warehouse.load_raw(connection, home.landing(pull.manifest.run_id), sorted(names))


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
            warehouse.load_resource(connection, Path(), resource, accounts=())
    built = frozenset() if is_blocked else frozenset(model.key for model in input_models(models))
    for model in models:
        if model.key not in built:
            warehouse.build(connection, model)


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
    return run_suite(suite, lambda query: warehouse.frame(connection, query), parameters)


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
    evidence = collect_evidence(
        connection, request=request, suites=suites, extraction_error=pull.error, is_blocked=is_blocked
    )
    return collect_result(
        connection,
        request=request,
        scope=settings.parallel_run.scope,
        evidence=evidence,
        verdict=decide(evidence),
    )


def input_models(models: Sequence[SqlModel]) -> tuple[SqlModel, ...]:
    """The audits of staging tables and everything they read, in order."""
    by_key = {model.key: model for model in models}
    wanted = {model.key for model in models if model.schema == "audit" and model.name.startswith("stg_")}
    for model in reversed(models):  # every reader comes before what it reads
        if model.key in wanted:
            wanted |= {key for key in model.upstream if key in by_key}
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


def _to_read(account: AccountAccess) -> AccountToRead:
    return AccountToRead(
        name=account.name,
        environment=account.environment,
        stripe=StripeAccess(
            api_key=account.stripe_api_key,
            base_url=account.stripe_api_base,
            context=account.stripe_context,
            key_variable=account.stripe_api_key_env,
            address_variable=account.stripe_api_base_env,
        ),
        metronome=MetronomeAccess(
            token=account.metronome_bearer_token,
            base_url=account.metronome_base_url,
            token_variable=account.metronome_bearer_token_env,
            address_variable=account.metronome_base_url_env,
        ),
    )


def _meter_links(links: Links) -> list[MeterLink]:
    return [
        MeterLink(
            event_name=each.event_name,
            billable_metric_id=each.billable_metric_id,
            group_keys=frozenset(msgspec.json.decode(each.pricing_group_values)),
        )
        for each in links.meters
    ]


def _manifest_if_any(folder: Path) -> Manifest | None:
    try:
        return read_manifest(folder)
    except ParityError:
        return None
