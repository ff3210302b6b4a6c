"""What every stage after landing costs: wall and CPU time, and the greatest memory while it ran.

The stages are those of pipeline.run, taken apart: every model is built by itself
and its cost is its schema's.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.synthetic import AS_OF
from parity_pipeline import pipeline, warehouse
from parity_pipeline.extraction import Pull
from parity_pipeline.home import Home
from parity_pipeline.landing import read_manifest
from parity_pipeline.mapping_files import Links
from parity_pipeline.models import UNMATCHED_NAMES, SqlModel, load_models
from parity_pipeline.near_misses import fill_near_misses
from parity_pipeline.publication import record_verdict
from parity_pipeline.quality.suites import SuiteResult
from parity_pipeline.report.as_html import to_html
from parity_pipeline.report.as_json import to_json
from parity_pipeline.report.as_markdown import to_markdown
from parity_pipeline.report.cohorts import record_cohorts
from parity_pipeline.report.page import collect_page
from parity_pipeline.report.trend import record_trend
from parity_pipeline.run_request import RunRequest
from parity_pipeline.settings import Settings, load_settings
from parity_pipeline.warehouse import Connection

KEYS: Final = {"STRIPE_API_KEY": "rk_test_none", "METRONOME_BEARER_TOKEN": "none"}
"""Nobody is asked with them."""
STAGES: Final = ("load", "staging", "intermediate", "parity", "explain", "suites", "publish", "report")
_STAGE_OF_SCHEMA: Final = {
    "staging": "staging",
    "control": "intermediate",
    "intermediate": "intermediate",
    "parity": "parity",
    "explain": "explain",
    "audit": "suites",
}
_STATUS: Final = Path("/proc/self/status")
_FORGET: Final = Path("/proc/self/clear_refs")
_CHILDREN: Final = Path("/proc/self/task")


@dataclass
class Cost:
    """What something took. Seconds are floats: a clock decides nothing."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_megabytes: float = 0.0

    def add(self, other: "Cost") -> None:
        """Both, one after the other."""
        self.seconds += other.seconds
        self.cpu_seconds += other.cpu_seconds
        self.peak_megabytes = max(self.peak_megabytes, other.peak_megabytes)


@dataclass
class Costs:
    """The cost of each stage and of each model."""

    stages: dict[str, Cost] = field(default_factory=lambda: {name: Cost() for name in STAGES})
    models: dict[str, Cost] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    verdict: str = ""

    @property
    def whole(self) -> Cost:
        """All stages together."""
        whole = Cost()
        for each in self.stages.values():
            whole.add(each)
        return whole

    @contextmanager
    def of(self, stage: str) -> Iterator[Cost]:
        """Measure a part of a stage."""
        with measured() as cost:
            yield cost
        self.stages[stage].add(cost)


@contextmanager
def measured() -> Iterator[Cost]:
    """Fills the cost when the block has ended. The peak is counted anew where Linux can do that."""
    cost = Cost()
    _forget_peak()
    wall, cpu = time.perf_counter(), _cpu_seconds()
    yield cost
    cost.seconds, cost.cpu_seconds = time.perf_counter() - wall, _cpu_seconds() - cpu
    cost.peak_megabytes = _peak_megabytes()


def _cpu_seconds() -> float:
    """Of this process and, where Linux tells, of those that it has started and that are still at work."""
    children = [pid for file in _CHILDREN.glob("*/children") for pid in file.read_text().split()]
    ticks = sum(sum(map(int, _times(pid))) for pid in children)
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def _times(pid: str) -> list[str]:
    """User and system time of a process, in ticks; its name, which comes before, may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]


def run_stages(home_folder: Path, run_id: str, variables: dict[str, str]) -> Costs:
    """Everything after landing, for a landing that lies in the home folder."""
    costs, home = Costs(), Home(home_folder)
    settings = bench_settings(home_folder, variables)
    home.prepare()
    with costs.of("load"):
        manifest = read_manifest(home.landing(run_id))
    request = RunRequest(run_id, manifest.window)
    with pipeline.open_work(settings, AS_OF) as connection:
        with costs.of("load"):
            pipeline.load(connection, settings, request, Links(), Pull(manifest), home)
        staging = _build_models(connection, settings, costs)
        with costs.of("suites"):
            suites = [*staging, *pipeline.judge_all(connection, settings, is_staging=False)]
        _publish(connection, home, settings, request, suites, costs)
    return costs


def bench_settings(home_folder: Path, variables: dict[str, str]) -> Settings:
    """Settings of one account whose parallel run began with the landing's window."""
    return load_settings({**KEYS, **variables}, home=home_folder)


def _build_models(connection: Connection, settings: Settings, costs: Costs) -> list[SuiteResult]:
    with costs.of("staging"):
        models = load_models()
    inputs = pipeline.input_models(models)
    for model in inputs:
        _build(connection, model, costs)
    with costs.of("suites"):
        staging = pipeline.judge_all(connection, settings, is_staging=True)
    if failed := [each.name for each in staging if not each.success]:
        raise SystemExit(f"the synthetic landing is malformed: {', '.join(failed)}")
    before = {model.key for model in inputs}
    for model in models:
        if model.key not in before:
            _build(connection, model, costs)
        if model.key == UNMATCHED_NAMES:
            with costs.of("intermediate"):
                fill_near_misses(connection)
    return staging


def _build(connection: Connection, model: SqlModel, costs: Costs) -> None:
    with measured() as cost:
        warehouse.build(connection, model)
    costs.rows[model.key] = 0 if model.is_view else warehouse.count(connection, model.key)
    costs.models[model.key] = cost
    costs.stages[_STAGE_OF_SCHEMA[model.schema]].add(cost)


def _publish(
    connection: Connection,
    home: Home,
    settings: Settings,
    request: RunRequest,
    suites: list[SuiteResult],
    costs: Costs,
) -> None:
    with costs.of("report"):
        result = pipeline.conclude(connection, settings, request, Pull(None), suites, is_blocked=False)
    costs.verdict = result.verdict.decision
    with costs.of("publish"):
        record_verdict(connection, result)
        record_cohorts(connection, result.cohorts)
        record_trend(connection, result)
        warehouse.publish(connection, home.published / "billing_parity.duckdb")
    with costs.of("report"):
        (home.published / "report.html").write_text(
            to_html(result, collect_page(connection)), encoding="utf-8"
        )
        (home.published / "report.md").write_text(to_markdown(result), encoding="utf-8")
        (home.published / "report.json").write_text(to_json(result), encoding="utf-8")


def _forget_peak() -> None:
    try:
        _FORGET.write_text("5", encoding="ascii")
    except OSError:
        return  # elsewhere the peak is the process's until now


def _peak_megabytes() -> float:
    try:
        status = _STATUS.read_text(encoding="ascii")
    except OSError:
        return 0.0
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))
