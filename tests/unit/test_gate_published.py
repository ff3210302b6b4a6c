"""The gate reads what was published: stale, absent, unreadable or contradictory is UNDECIDED."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from published_home import database, published

from parity_pipeline.errors import UsageError
from parity_pipeline.published_verdict import read_verdict, report_file

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(("verdict", "exit_code"), [("GO", 0), ("NO_GO", 1), ("UNDECIDED", 3)])
def test_a_fresh_verdict_is_told_as_it_is(tmp_path: Path, verdict: str, exit_code: int) -> None:
    """Each verdict has its exit code."""
    home = published(tmp_path, verdict=verdict, reasons=["because"])
    found = read_verdict(home, now=NOW, max_age_hours=36)
    assert (found.decision, found.exit_code, found.reasons) == (verdict, exit_code, ("because",))


@pytest.mark.parametrize(("hours", "decision"), [(12, "GO"), (11, "UNDECIDED")])
def test_staleness_counts_from_as_of(tmp_path: Path, hours: int, decision: str) -> None:
    """Exactly the allowed age is fresh; anything more is stale."""
    assert read_verdict(published(tmp_path), now=NOW, max_age_hours=hours).decision == decision


def test_an_absent_verdict_is_undecided(tmp_path: Path) -> None:
    """No run, no verdict."""
    verdict = read_verdict(tmp_path, now=NOW, max_age_hours=36)
    assert verdict.exit_code == 3
    assert "no published verdict" in verdict.reasons[0]


def test_a_sandbox_verdict_is_not_read(tmp_path: Path) -> None:
    """A GO of the sandbox opens no gate."""
    published(tmp_path / "sandbox")
    assert read_verdict(tmp_path, now=NOW, max_age_hours=36).decision == "UNDECIDED"


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": "MAYBE"},
        {"as_of": "then"},
        {"as_of": "2026-03-10T00:00:00"},
        {"reasons": None},
        {"as_of": "2026-03-11T00:00:00Z"},
    ],
)
def test_an_odd_verdict_is_undecided(tmp_path: Path, changes: dict[str, object]) -> None:
    """What cannot be understood, or lies in the future, is never GO."""
    assert read_verdict(published(tmp_path, **changes), now=NOW, max_age_hours=36).decision == "UNDECIDED"


def test_a_broken_file_is_undecided(tmp_path: Path) -> None:
    """Half a file is never GO."""
    (published(tmp_path) / "published" / "report.json").write_text('{"verdict": "GO"', encoding="utf-8")
    assert read_verdict(tmp_path, now=NOW, max_age_hours=36).decision == "UNDECIDED"


def truncated(home: Path) -> None:
    """Only the first bytes of the database are there."""
    file = home / "published" / "billing_parity.duckdb"
    file.write_bytes(file.read_bytes()[:5000])


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda home: (home / "published" / "billing_parity.duckdb").unlink(), "is missing"),
        (truncated, "cannot be read"),
        (lambda home: database(home, run_id="another"), "another run"),
        (lambda home: database(home, verdict="NO_GO"), "does not say GO"),
        (lambda home: database(home, complete="[false]"), "stripe/prices"),
        (lambda home: database(home, complete="[]"), "no resource that was read"),
        (lambda home: next((home / "history").iterdir()).unlink(), "no record of run"),
    ],
)
def test_a_go_that_the_home_does_not_bear_out(
    spoil: Callable[[Path], None], told: str, tmp_path: Path
) -> None:
    """A GO beside a database or a history that says otherwise opens no gate, and says why."""
    spoil(published(tmp_path))
    found = read_verdict(tmp_path, now=NOW, max_age_hours=36)
    assert found.exit_code == 3
    assert told in found.reasons[0]


def test_a_report_is_found_by_its_format(tmp_path: Path) -> None:
    """The formats are html, md and json; anything else is told."""
    home = published(tmp_path)
    assert report_file(home, kind="json").name == "report.json"
    with pytest.raises(UsageError, match="--format must be one of html, md, json"):
        report_file(home, kind="pdf")
    with pytest.raises(UsageError, match="There is no published report"):
        report_file(home, kind="html")
