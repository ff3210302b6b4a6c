"""The history across days: what a second day, and a day that is run again, leave and tell."""

from datetime import timedelta
from pathlib import Path

import pytest
from sandbox_runs import AS_OF, Run, run_world, world
from typer.testing import CliRunner

from parity_pipeline.cli import app

BEFORE = AS_OF - timedelta(days=1)
WAITING = "[gate]\nconsecutive_go_days = 2\n"


@pytest.fixture(scope="module")
def second_day(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A day with a wrong rate, the same day run again without it, and a day without contracts."""
    folder = tmp_path_factory.mktemp("history")
    run_world(world("rate_mismatch", customers=20).at(BEFORE), folder, as_of=BEFORE)
    run_world(world(customers=20).at(BEFORE), folder, as_of=BEFORE, configuration=WAITING)
    return run_world(world("contract_missing", customers=20), folder, configuration=WAITING)


def test_each_run_has_its_record(second_day: Run) -> None:
    """Three runs of two days are three files, and two days of which the first was run twice."""
    assert len(list((second_day.home / "history").iterdir())) == 3
    days = second_day.rows(
        "select distinct as_of, earlier_runs, verdict, is_go_day from control.history order by 1"
    )
    naive = BEFORE.replace(tzinfo=None)
    assert days[0] == (naive, 1, "UNDECIDED", True)  # GO by itself, and two such days are required
    assert days[1] == (naive + timedelta(days=1), 0, "NO_GO", False)


def test_what_is_new_since_the_day_before(second_day: Run) -> None:
    """The day before had no incident in the end, so the missing contracts are new."""
    causes = second_day.rows("select distinct change, cause from parity.incident_changes")
    assert ("new", "contract_missing") in causes
    assert {change for change, _ in causes} == {"new"}


def test_the_second_go_day_is_go(second_day: Run, tmp_path: Path) -> None:
    """Two days in a row that are GO by themselves open a gate that wants two."""
    run_world(world(customers=20).at(BEFORE), tmp_path, as_of=BEFORE, configuration=WAITING)
    run = run_world(world(customers=20), tmp_path, configuration=WAITING)
    assert run.result.verdict.decision == "GO", run.result.verdict.reasons
    assert second_day.home != run.home


def test_the_command_tells_the_days(second_day: Run) -> None:
    """`parity history` names each day, its verdict, and what it replaced."""
    told = CliRunner().invoke(app, ["history", "--home", str(second_day.home)])
    assert told.exit_code == 0, told.output
    assert "2026-06-09" in told.stdout
    assert "2026-06-10" in told.stdout
    assert "replaces NO_GO" in told.stdout
    assert CliRunner().invoke(app, ["history", "--format", "pdf"]).exit_code == 2
