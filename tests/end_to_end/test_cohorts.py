"""Cohorts of a soft launch: each has a verdict of its own, by the run's rules over its customers alone."""

import gzip
import json
from pathlib import Path

import pytest
from sandbox_runs import Run, run_world, world
from typer.testing import CliRunner

from parity_pipeline.cli import app
from parity_pipeline.published_verdict import read_verdict
from parity_pipeline.sandbox.world import World

CONFIGURATION = """
[cohorts.good]
customers = "good.csv"
[cohorts.bad]
customers = "bad.csv"
[cohorts.strange]
customers = "strange.csv"
[cohorts.nobody]
customers = "nobody.csv"
"""


def write(folder: Path, name: str, *customers: str) -> None:
    """A cohort's file."""
    (folder / name).write_text("\n".join(("customer_id", *customers)) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A company in which some customers have a wrong rate; the cohorts are chosen by a first run."""
    folder = tmp_path_factory.mktemp("cohorts")
    told: World = world("rate_mismatch")
    first = run_world(told, folder, home="first")
    statuses = first.rows(
        "select status, stripe_customer_id, metronome_customer_id from parity.customer_status "
        "where stripe_customer_id is not null order by 2"
    )
    good = [row for row in statuses if row[0] == "in_parity"]
    bad = [row for row in statuses if row[0] == "not_in_parity"]
    assert good
    assert bad
    config = folder / "config"
    write(config, "good.csv", good[0][1], *(row[2] for row in good[1:8]))  # by either id
    write(config, "bad.csv", *(row[1] for row in [*good[:3], bad[0]]))
    write(config, "strange.csv", *(row[1] for row in good[:5]), "cus_nobody")
    write(config, "nobody.csv", "cus_nobody")
    return run_world(told, folder, configuration=CONFIGURATION, home="second")


def test_each_cohort_has_its_verdict(run: Run) -> None:
    """The run is NO_GO, those in parity GO, one bad of four NO_GO, an unknown one UNDECIDED."""
    assert run.result.verdict.decision == "NO_GO"
    found = {each.name: each for each in run.result.cohorts}
    decisions = {name: each.verdict.decision for name, each in found.items()}
    assert decisions == {"good": "GO", "bad": "NO_GO", "strange": "UNDECIDED", "nobody": "UNDECIDED"}
    assert (found["good"].named, found["good"].known) == (8, 8)
    assert "cus_nobody" in found["strange"].verdict.reasons[0]
    assert any("invoice_totals fails" in reason for reason in found["bad"].verdict.reasons)


def test_a_cohort_of_everybody_has_the_runs_figures(run: Run, tmp_path: Path) -> None:
    """All customers in one cohort give the same checks, ratios and verdict as the run."""
    everybody = run.rows(
        "select distinct coalesce(stripe_customer_id, metronome_customer_id) "
        "from control.customer_map order by 1"
    )
    config = tmp_path / "config"
    config.mkdir()
    write(config, "all.csv", *(row[0] for row in everybody if row[0]))
    again = run_world(
        world("rate_mismatch"), tmp_path, configuration='[cohorts.all]\ncustomers = "all.csv"\n'
    )
    (cohort,) = again.result.cohorts
    assert cohort.verdict.decision == again.result.verdict.decision
    assert cohort.verdict.checks == again.result.verdict.checks
    columns = "check_name, rows, breaches, customers, customers_within, worst_gate_ratio, is_share_met"
    own = again.rows(f"select {columns} from parity.cohort_checks order by 1")
    assert own == again.rows(f"select {columns} from parity.check_summary order by 1")


def test_the_verdicts_are_published(run: Run) -> None:
    """In report.json, in the page, in Markdown and in parity.cohort_verdict."""
    report = json.loads((run.home / "published" / "report.json").read_text(encoding="utf-8"))
    told = {each["name"]: each["verdict"] for each in report["cohorts"]}
    assert told == dict(run.rows("select cohort, verdict from parity.cohort_verdict"))
    for name in ("report.html", "report.md"):
        assert "Cohorts" in (run.home / "published" / name).read_text(encoding="utf-8")


def test_the_gate_tells_a_cohorts_verdict(run: Run) -> None:
    """GO for the good although the run is NO_GO; a database that does not bear it out opens nothing."""
    now = run.result.as_of

    def gate(cohort: str | None) -> int:
        return read_verdict(run.home, now=now, max_age_hours=36, cohort=cohort).exit_code

    assert [gate(name) for name in (None, "good", "bad", "strange")] == [1, 0, 1, 3]
    stale = CliRunner().invoke(app, ["gate", "--cohort", "good", "--home", str(run.home)])
    assert stale.exit_code == 3  # the sandbox's day is long ago, or yet to come
    unknown = CliRunner().invoke(app, ["gate", "--cohort", "x", "--home", str(run.home)])
    assert unknown.exit_code == 2
    assert "has no cohort x (it has bad, good, nobody, strange)" in unknown.stderr
    report = run.home / "published" / "report.json"
    content = json.loads(report.read_text(encoding="utf-8"))
    content["cohorts"][0]["verdict"] = "GO"
    report.write_text(json.dumps(content), encoding="utf-8")
    assert content["cohorts"][0]["name"] == "bad"
    assert gate("bad") == 3


def test_a_cohort_by_metadata_has_its_verdict(tmp_path: Path) -> None:
    """Those with the value are judged, or are left out when live; no other metadata reaches the disk."""
    configuration = """
[cohorts.early]
stripe_metadata = { key = "launch", value = "early" }
[cohorts.nobody]
stripe_metadata = { key = "launch", value = "never" }
[cohorts.live]
stripe_metadata = { key = "launch", value = "later" }
stage = "live"
"""
    run = run_world(world(customers=40), tmp_path, configuration=configuration)
    found = {each.name: (each.named, each.known, each.verdict.decision) for each in run.result.cohorts}
    assert found == {"early": (4, 4, "GO"), "nobody": (0, 0, "UNDECIDED")}
    live = run.rows(
        "select count(*) from parity.customer_status "
        "where status = 'already_on_metronome' and stripe_customer_id not like '%0'"
    )
    assert live == [(36,)]
    written = [file for file in run.home.rglob("*") if file.is_file()]
    contents = [gzip.decompress(each.read_bytes()) for each in written if each.suffix == ".gz"]
    contents += [each.read_bytes() for each in written]
    assert any(b"launch" in each for each in contents)
    assert not any(b"contact@" in each for each in contents)
