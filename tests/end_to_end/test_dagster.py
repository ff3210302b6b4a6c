"""The Dagster front: it loads, it has the public names, and it comes to the command line's verdict."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sandbox_runs import AS_OF, NOW, run_world, world

from parity_pipeline.defs.assets import GATE, REPORT, model_assets
from parity_pipeline.defs.build import build_definitions
from parity_pipeline.defs.partitions import as_of
from parity_pipeline.defs.runs import PartitionRuns
from parity_pipeline.defs.sensors import failure_sensor
from parity_pipeline.defs.work import RunWork
from parity_pipeline.landing import Manifest
from parity_pipeline.models import load_models
from parity_pipeline.report.as_json import as_dict
from parity_pipeline.sandbox.disruptions import Disruption
from parity_pipeline.sandbox.server import running_sandbox
from parity_pipeline.setting_sections import CHECKS

PARTITION = "2026-06-09"
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class JobRun:
    """One run of the job: whether it succeeded, which steps failed, what was published."""

    succeeded: bool
    failed_steps: set[str]
    report: dict[str, object]


@contextmanager
def served_runs(
    folder: Path, *faults: str, customers: int = 20, disruptions: Sequence[Disruption] = ()
) -> Iterator[dict[str, str]]:
    """The environment of runs against a sandbox."""
    told = world(*faults, customers=customers)
    with running_sandbox(told, folder=folder / "config", disruptions=disruptions) as served:
        yield {**served.variables(), "PARITY_HOME": str(folder / "dagster")}


def metadata_of(result: dg.ExecuteInProcessResult, *key: str) -> dict[str, Any]:
    """What an asset of a run shows."""
    (event,) = [
        event
        for event in result.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey(list(key))
    ]
    return {name: value.value for name, value in event.materialization.metadata.items()}


def run_job(environment: dict[str, str], *, now: datetime = NOW) -> JobRun:
    """The daily job of the one partition, in process."""
    definitions = build_definitions(runs=PartitionRuns(environment, clock=lambda: now))
    result = definitions.resolve_job_def("daily_parity").execute_in_process(
        partition_key=PARTITION, raise_on_error=False
    )
    failed = {event.step_key or "" for event in result.all_events if event.is_step_failure}
    report = Path(environment["PARITY_HOME"], "published", "report.json")
    return JobRun(result.success, failed, json.loads(report.read_text(encoding="utf-8")))


def comparable(report: dict[str, object]) -> dict[str, object]:
    """A report without what two runs never share."""
    return {key: value for key, value in report.items() if key not in {"run_id", "completeness"}}


def test_the_public_names() -> None:
    """The job, its schedule, its partitions and an asset for every model are there."""
    definitions = build_definitions()
    job = definitions.resolve_job_def("daily_parity")
    assert definitions.resolve_schedule_def("daily_parity_schedule").job_name == "daily_parity"
    assert isinstance(job.partitions_def, dg.DailyPartitionsDefinition)
    assert as_of(PARTITION) == AS_OF
    keys = {key.to_user_string() for key in definitions.resolve_all_asset_keys()}
    assert {f"{model.schema}/{model.name}" for model in load_models()} <= keys
    assert {"raw_stripe/invoices", "raw_metronome/usage", "control/run", "published/gate"} <= keys


def test_the_workspace_loads() -> None:
    """`dagster dev` finds the definitions that workspace.yaml names."""
    validation = subprocess.run(  # Dagster's own command
        [sys.executable, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert validation.returncode == 0, validation.stderr
    assert "All code locations passed validation" in validation.stderr + validation.stdout


@pytest.mark.parametrize(("faults", "customers"), [((), 20), (("events_missing", "double_billing"), 60)])
def test_both_fronts_agree(faults: tuple[str, ...], customers: int, tmp_path: Path) -> None:
    """The same world gives the same report through the job and through the command line's run."""
    by_run = run_world(world(*faults, customers=customers), tmp_path)
    with served_runs(tmp_path, *faults, customers=customers) as environment:
        by_job = run_job(environment)
    assert comparable(by_job.report) == comparable(json.loads(json.dumps(as_dict(by_run.result))))
    assert by_job.succeeded == (not faults)
    assert by_job.failed_steps == ({"published__gate"} if faults else set())
    names = {each.name for each in (tmp_path / "dagster" / "published").iterdir()}
    assert names == {"billing_parity.duckdb", "report.html", "report.json", "report.md"}


def test_dagster_shows_what_the_report_shows(tmp_path: Path) -> None:
    """Rows and breaches of a check's table, a sample in its check, the verdict, the checks, a link."""
    with served_runs(tmp_path, "rate_mismatch", customers=60) as environment:
        definitions = build_definitions(runs=PartitionRuns(environment, clock=lambda: NOW))
        result = definitions.resolve_job_def("daily_parity").execute_in_process(
            partition_key=PARTITION, raise_on_error=False
        )
    totals = metadata_of(result, "parity", "invoice_totals")
    assert totals["dagster/row_count"] > totals["breaches"] > 0
    assert totals["greatest breaches"].startswith("| stripe_customer_id | metronome_customer_id | currency |")
    report = metadata_of(result, "published", "report")
    assert report["verdict"] == "NO_GO"
    assert "| Invoice totals match | FAIL |" in report["checks"]
    assert report["report"].endswith("/published/report.html")
    assert 0 < report["gate ratio invoice_totals"] < 1
    failed = [each for each in result.get_asset_check_evaluations() if not each.passed]
    assert failed
    assert all("greatest breaches" in each.metadata for each in failed)
    assert {each.severity for each in failed} == {dg.AssetCheckSeverity.ERROR}
    invoices = metadata_of(result, "raw_stripe", "invoices")
    assert invoices["dagster/row_count"] > 0
    assert invoices["requests"] > 0
    assert invoices["complete"] is True
    comments = {each.name: each.description for each in totals["dagster/column_schema"].columns}
    assert comments["currency"] == "lower-case ISO code of the money in the row"


def test_a_stage_is_repeated_without_the_ones_before_it(tmp_path: Path) -> None:
    """What was landed and built stays: with both vendors gone a model, or a step, is built again alone."""
    with served_runs(tmp_path) as environment:
        runs = PartitionRuns(environment, clock=lambda: NOW)
        job = build_definitions(runs=runs).resolve_job_def("daily_parity")
        job.execute_in_process(partition_key=PARTITION)
    customers = dg.AssetKey(["staging", "stg_stripe__customers"])
    *_, explanation = model_assets(load_models())
    for keys in ([customers], [*explanation.keys, REPORT, GATE]):
        again = job.execute_in_process(partition_key=PARTITION, asset_selection=keys)
        assert {event.asset_key for event in again.get_asset_materialization_events()} == {*keys}
    assert metadata_of(again, *GATE.path)["verdict"] == "GO"


@contextmanager
def webhook() -> Iterator[tuple[str, list[str]]]:
    """An address on this machine that keeps the titles it is sent."""
    titles: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            titles.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["title"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            """Keep the tests' output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever).start()
    try:
        yield f"json://127.0.0.1:{server.server_port}", titles
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("faults", "disruptions", "titles", "when"),
    [
        (("contract_missing",), (), ["NO_GO: billing parity as of 2026-06-10"], "change"),
        (
            (),
            (Disruption("/v1/prices", "malformed"),),
            ["UNDECIDED: billing parity as of 2026-06-10"],
            "every_run",
        ),
        (
            (),
            (Disruption("/v1/prices", "empty"),),
            ["UNDECIDED: billing parity as of 2026-06-10"],
            "change",
        ),
        ((), (Disruption("/v1/prices", "malformed"),), ["The parity run of 2026-06-09 failed"], "no_go"),
        (
            (),
            (Disruption("/v1/prices", "status", status=403),),
            ["The parity run of 2026-06-09 failed"],
            "every_run",
        ),
    ],
)
def test_people_are_told_once(
    faults: tuple[str, ...],
    disruptions: tuple[Disruption, ...],
    titles: list[str],
    when: str,
    tmp_path: Path,
) -> None:
    """By the verdict, although a step fails; by the failed run where no verdict was sent or none is there."""
    with (
        served_runs(tmp_path, *faults, disruptions=disruptions) as environment,
        webhook() as (address, got),
        dg.DagsterInstance.ephemeral() as instance,
    ):
        notify = {"PARITY_NOTIFY__URLS": json.dumps([address]), "PARITY_NOTIFY__WHEN": when}
        runs = PartitionRuns({**environment, **notify}, clock=lambda: NOW)
        definitions = build_definitions(runs=runs)
        result = definitions.resolve_job_def("daily_parity").execute_in_process(
            partition_key=PARTITION, raise_on_error=False, instance=instance
        )
        context = dg.build_run_status_sensor_context(
            sensor_name="daily_parity_failed",
            dagster_instance=instance,
            dagster_run=result.dagster_run,
            dagster_event=result.get_run_failure_event(),
        ).for_run_failure()
        failure_sensor(runs)(context)
    assert got == titles


def test_unfit_input_blocks_the_job_and_is_published(tmp_path: Path) -> None:
    """A failed staging suite stops the comparison; the verdict says so all the same."""
    with served_runs(tmp_path, disruptions=[Disruption("/v1/prices", "empty")]) as environment:
        job = run_job(environment)
    assert job.failed_steps == {"staging_suites"}
    assert job.report["verdict"] == "UNDECIDED"
    assert "unknown_price_count" in str(job.report["reasons"])


def test_a_broken_pull_fails_the_job_and_is_published(tmp_path: Path) -> None:
    """A pull that did not end is UNDECIDED for whoever reads the gate."""
    with served_runs(tmp_path, disruptions=[Disruption("/v1/prices", "malformed")]) as environment:
        job = run_job(environment)
    assert job.failed_steps == {"landing"}
    assert job.report["verdict"] == "UNDECIDED"


def test_a_past_day_without_a_landing_is_reconstructed(tmp_path: Path) -> None:
    """Pulled a week late, a clean day is UNDECIDED, and stays so when it is rebuilt from that pull."""
    with served_runs(tmp_path) as environment:
        late = run_job(environment, now=NOW + timedelta(days=7))
    assert late.report["verdict"] == "UNDECIDED"
    assert late.report["reconstructed"] is True
    again = run_job(environment, now=NOW + timedelta(days=8))  # the sandbox is gone
    assert again.report["reconstructed"] is True


def test_a_landing_without_the_metadata_rebuilds_nothing(tmp_path: Path) -> None:
    """A cohort by metadata that the day's landing did not keep needs a pull of now; else it does not."""
    prefix = "PARITY_COHORTS__FIRST__STRIPE_METADATA__"

    def land(days: int, *, key: str | None = None) -> Manifest:
        marked = {f"{prefix}KEY": key, f"{prefix}VALUE": "early"} if key else {}
        runs = PartitionRuns({**environment, **marked}, clock=lambda: NOW + timedelta(days=days))
        with closing(RunWork(runs)) as work:
            manifest = work.land(AS_OF, lambda _: None).manifest
        assert manifest is not None
        return manifest

    with served_runs(tmp_path, customers=6) as environment:
        first = land(0)
        assert land(7).run_id == first.run_id
        kept = land(7, key="launch")
        assert (kept.run_id != first.run_id, kept.metadata_keys) == (True, ("launch",))
        assert land(8, key="launch").run_id == land(8).run_id == kept.run_id


def test_a_check_above_the_warning_threshold_is_a_warning(tmp_path: Path) -> None:
    """It is shown as one and stops nothing: missing events of 1.8 % pass a limit of 5 % and are warned of."""
    limits = {"PARITY_THRESHOLDS__VARIANCE_RATIO": "0.05", "PARITY_THRESHOLDS__CUSTOMER_SHARE": "0.5"}
    with served_runs(tmp_path, "events_missing") as environment:
        definitions = build_definitions(runs=PartitionRuns({**environment, **limits}, clock=lambda: NOW))
        result = definitions.resolve_job_def("daily_parity").execute_in_process(partition_key=PARTITION)
    warned = [each for each in result.get_asset_check_evaluations() if not each.passed]
    assert dg.AssetKey(["parity", "line_item_quantities"]) in {each.asset_key for each in warned}
    assert {each.severity for each in warned} == {dg.AssetCheckSeverity.WARN}
    assert metadata_of(result, "published", "gate")["verdict"] == "GO"


def test_a_past_day_is_rebuilt_from_its_own_landing(tmp_path: Path) -> None:
    """With the landing of that day nobody is asked again, and the verdict stands."""
    with served_runs(tmp_path) as environment:
        assert run_job(environment).report["verdict"] == "GO"
    rebuilt = run_job(environment, now=NOW + timedelta(days=7))  # the sandbox is gone
    assert rebuilt.report["verdict"] == "GO"
    assert {str(each["status"]) for each in rebuilt.report["checks"]} == {"PASS"}
    assert len(CHECKS) == len(rebuilt.report["checks"])
