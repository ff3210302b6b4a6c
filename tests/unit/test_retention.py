"""Which landings `parity prune` removes, and which something still rests on."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from parity_pipeline.cli import app
from parity_pipeline.errors import LandingError
from parity_pipeline.home import Home
from parity_pipeline.retention import drop, old_landings
from parity_pipeline.setting_sections import Retention

NOW = datetime(2026, 5, 3, tzinfo=UTC)
OLD = [f"2026010{day}T000000Z-aaaaa{day}" for day in range(1, 6)]
NEW = "20260502T000000Z-bbbbbb"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Five old landings and a new one, each with a record in the history."""
    place = Home(tmp_path)
    place.prepare()
    for number, run in enumerate([*OLD, NEW]):
        place.landing(run).mkdir()
        (place.landing(run) / "file").write_bytes(b"x" * 10)
        (place.history / f"2026010{number + 1}_{run}.json").write_text("{}", encoding="utf-8")
    return place


def _old(home: Home, **changes: int) -> list[str]:
    retention = Retention.model_validate({"landing_days": 90, "newest_runs": 2, **changes})
    return [folder.name for folder in old_landings(home, retention, now=NOW)]


def test_old_landings_go(home: Home) -> None:
    """Older than 90 days and not of the two newest runs of the history: the first four."""
    assert _old(home) == OLD[:4]
    assert _old(home, newest_runs=1) == OLD
    assert _old(home, landing_days=1000) == []


def test_what_something_rests_on_stays(home: Home) -> None:
    """The published run's landing and that of a signed one are kept."""
    (home.published / "report.json").write_text(f'{{"run_id": "{OLD[0]}"}}', encoding="utf-8")
    home.signoffs.write_text(f'{{"number": 1, "run_id": "{OLD[2]}"}}\n', encoding="utf-8")
    assert _old(home) == [OLD[1], OLD[3]]


def test_a_report_that_cannot_be_read_costs_nothing(home: Home) -> None:
    """When nobody knows what the published run is, nothing is removed."""
    (home.published / "report.json").write_text("{", encoding="utf-8")
    with pytest.raises(LandingError, match="nothing was removed"):
        _old(home)


def test_other_folders_are_left_alone(home: Home) -> None:
    """Only folders that are named like runs are anybody's to remove."""
    (home.folder / "landing" / "mine").mkdir()
    assert "mine" not in _old(home, newest_runs=1)


def test_removing_tells_what_was_freed(home: Home) -> None:
    """Ten bytes a landing."""
    assert drop([home.landing(OLD[0]), home.landing(OLD[1])]) == 20
    assert sorted(each.name for each in home.landings()) == [*OLD[2:], NEW]


def test_the_command(home: Home) -> None:
    """A dry run removes nothing; a real one what the dry one told. No keys are needed."""
    runs = [
        CliRunner().invoke(
            app, ["prune", "--home", str(home.folder), *dry], env={"PARITY_RETENTION__NEWEST_RUNS": "3"}
        )
        for dry in (["--dry-run"], [])
    ]
    assert [ran.exit_code for ran in runs] == [0, 0]
    assert runs[0].stdout.count("would remove") == 3
    assert "3 landings, 30 bytes." in runs[1].stdout
    assert sorted(each.name for each in home.landings()) == [*OLD[3:], NEW]
