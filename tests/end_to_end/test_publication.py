"""What a run leaves: the published files, the tables an analyst may rely on, the history, the landing."""

import csv
import json
from pathlib import Path

import pytest
from sandbox_runs import Run, run_world, world

from parity_pipeline.setting_sections import CHECKS


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with a few faults."""
    return run_world(world("events_missing", "rate_mismatch"), tmp_path_factory.mktemp("publication"))


def test_the_home_folder(run: Run) -> None:
    """Landing, published files and history are where the contract says."""
    names = {each.name for each in (run.home / "published").iterdir()}
    assert names == {"billing_parity.duckdb", "report.html", "report.md", "report.json"}
    (record,) = (run.home / "history").iterdir()
    assert json.loads(record.read_text(encoding="utf-8"))["verdict"] == "NO_GO"
    assert (run.home / "landing" / run.result.run_id / "manifest.json").is_file()


def test_every_published_table_and_column_has_a_comment(run: Run) -> None:
    """An analyst finds every table and column described in the database itself."""
    assert run.rows("select schema_name, table_name from duckdb_tables() where comment is null") == []
    undescribed = run.rows(
        "select schema_name, table_name, column_name from duckdb_columns() "
        "where schema_name in ('parity', 'control') and comment is null"
    )
    assert undescribed == []


def test_the_tables_of_the_contract_are_there(run: Run) -> None:
    """The six checks and what goes with them."""
    found = {
        f"{schema}.{table}"
        for schema, table in run.rows("select schema_name, table_name from duckdb_tables()")
    }
    wanted = {f"parity.{check}" for check in CHECKS} | {
        "parity.safety",
        "parity.variance_effects",
        "parity.findings",
        "parity.customer_status",
        "parity.check_summary",
        "parity.verdict",
        "control.run",
        "control.completeness",
        "control.exclusions",
        "control.thresholds",
        "control.customer_map",
        "control.meter_map",
        "control.requests",
    }
    assert wanted <= found


def test_the_report_and_the_tables_agree(run: Run) -> None:
    """The figures of report.json are those of the published tables."""
    report = json.loads((run.home / "published" / "report.json").read_text(encoding="utf-8"))
    for check in report["checks"]:
        query = f"select count(*), count(*) filter (where status = 'breach') from parity.{check['name']}"
        assert run.rows(query) == [(check["rows"], check["breaches"])]
    assert run.rows("select verdict from parity.verdict") == [(report["verdict"],)]
    (findings,) = run.rows("select count(*) from parity.findings")[0]
    assert sum(cause["findings"] for cause in report["causes"]) == findings


def test_equal_input_gives_equal_rows(run: Run, tmp_path: Path) -> None:
    """A second run of the same world differs in nothing that an analyst reads."""
    second = run_world(world("events_missing", "rate_mismatch"), tmp_path)
    for check in CHECKS:
        query = f"select * from parity.{check}"
        assert run.rows(query) == second.rows(query)


def test_waivers_and_thresholds_change_the_verdict(tmp_path: Path) -> None:
    """A waived difference is shown as waived, a lost one as breach; expired waivers are reported."""
    faults = ("events_missing",)
    plain = run_world(world(*faults), tmp_path, home="plain")
    failing = sorted(check for check, status in plain.result.verdict.checks.items() if status == "FAIL")
    waivers = tmp_path / "config" / "waivers.csv"
    with waivers.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(
            ("check", "customer", "subject", "reason", "approved_by", "expires_on", "max_minor_units")
        )
        writer.writerows((check, "", "", "known loss", "ann", "2026-12-31", "") for check in failing)
        writer.writerow(("invoice_totals", "cus_x", "", "old", "ann", "2026-01-01", ""))
    waived = run_world(
        world(*faults), tmp_path, configuration='[waivers]\nfile = "waivers.csv"\n', home="waived"
    )
    assert waived.result.verdict.decision == "GO", waived.result.verdict.reasons
    assert sum(check.figures.waived for check in waived.result.checks) > 0
    assert {each.status for each in waived.result.waivers} == {"applied", "expired"}


def test_a_live_cohort_is_left_out(tmp_path: Path) -> None:
    """Customers that Metronome bills already are counted, not compared."""
    told = world()
    cohort = tmp_path / "config" / "live.csv"
    cohort.parent.mkdir()
    (first, *_) = run_world(told, tmp_path, home="before").rows(
        "select stripe_customer_id from parity.contract_coverage order by 1"
    )
    cohort.write_text(f"stripe_customer_id\n{first[0]}\n", encoding="utf-8")
    run = run_world(
        told,
        tmp_path,
        configuration='[cohorts.first]\ncustomers = "live.csv"\nstage = "live"\n',
        home="after",
    )
    assert run.result.customers["already_on_metronome"] == 1
    assert run.result.verdict.decision == "GO", run.result.verdict.reasons
    (left,) = run.rows(
        f"select count(*) from parity.contract_coverage where stripe_customer_id = '{first[0]}'"  # our own id
    )
    assert left == (0,)
