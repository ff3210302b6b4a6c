"""Sign-offs: what a line seals, and that every later change is noticed."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from published_home import RUN, database, published
from typer.testing import CliRunner

from parity_pipeline.cli import app
from parity_pipeline.errors import UsageError
from parity_pipeline.home import Home
from parity_pipeline.landing_writer import LandingWriter
from parity_pipeline.periods import Window
from parity_pipeline.signoff import sign, verify

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
WINDOW = Window(datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 10, tzinfo=UTC))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with a published run, its page and its landing."""
    place = Home(published(tmp_path, waivers=[{"check": "invoice_totals", "approved_by": "ann"}]))
    for name in ("report.html", "report.md"):
        (place.published / name).write_text("the report", encoding="utf-8")
    LandingWriter(place.landing(RUN), RUN, WINDOW, now=lambda: NOW).close()
    return place


def test_a_line_tells_who_accepted_what(home: Home) -> None:
    """Name, note, run, verdict, waivers and the digests of report, tables and manifest."""
    signed = sign(home, by=" Ann ", note="go-live meeting", now=NOW)
    content = json.loads(home.signoffs.read_text(encoding="utf-8"))
    assert {
        key: content[key] for key in ("number", "by", "note", "run_id", "verdict", "signed_at", "previous")
    } == {
        "number": 1,
        "by": "Ann",
        "note": "go-live meeting",
        "run_id": RUN,
        "verdict": "GO",
        "signed_at": "2026-03-10T12:00:00Z",
        "previous": "",
    }
    assert content["waivers"] == [{"check": "invoice_totals", "approved_by": "ann"}]
    assert set(content["files"]) == {
        "billing_parity.duckdb",
        "manifest.json",
        "report.html",
        "report.json",
        "report.md",
    }
    assert verify(home, RUN) == []
    assert verify(home, RUN, digest=signed.digest) == []


def test_the_next_run_alters_nothing(home: Home) -> None:
    """When other files are published and the landing was removed, the signed run is still proven."""
    sign(home, by="Ann", note="", now=NOW)
    (home.published / "report.html").write_text("the next report", encoding="utf-8")
    (home.published / "report.json").write_text('{"run_id": "the next"}', encoding="utf-8")
    database(home.folder, run_id="the next")
    (home.landing(RUN) / "manifest.json").unlink()
    home.landing(RUN).rmdir()
    assert verify(home, RUN) == []


def test_each_line_follows_from_the_one_before(home: Home) -> None:
    """A run can be signed by several; the second line holds the digest of the first."""
    first = sign(home, by="Ann", note="", now=NOW)
    second = sign(home, by="Bo", note="", now=NOW)
    assert second.content["previous"] == first.digest
    assert second.content["files"] == first.content["files"]
    assert verify(home, RUN) == []


def edit_line(home: Home, old: str, new: str) -> None:
    """Change the file of sign-offs."""
    home.signoffs.write_text(home.signoffs.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def drop_first_line(home: Home) -> None:
    """Remove the first sign-off."""
    home.signoffs.write_text(home.signoffs.read_text(encoding="utf-8").split("\n", 1)[1], encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda home: (home.signed(RUN) / "report.html").write_text("GO!"), "report.html was altered"),
        (
            lambda home: (home.signed(RUN) / "billing_parity.duckdb").unlink(),
            "billing_parity.duckdb is missing",
        ),
        (lambda home: (home.signed(RUN) / "manifest.json").write_text("{}"), "manifest.json was altered"),
        (lambda home: (home.landing(RUN) / "manifest.json").write_text("{}"), "is not a manifest"),
        (
            lambda home: (home.published / "report.html").write_text("GO!"),
            "published/report.html was altered",
        ),
        (lambda home: (home.published / "report.json").write_text("{}"), "published/report.json was altered"),
        (lambda home: edit_line(home, "Ann", "Eve"), "line 1 of the sign-offs was altered"),
        (lambda home: edit_line(home, "Ann", "Eve"), "line 2 of the sign-offs does not follow"),
        (lambda home: edit_line(home, "Bo", "Eve"), "line 2 of the sign-offs was altered"),
        (drop_first_line, "line 1 of the sign-offs does not follow"),
        (lambda home: home.signoffs.write_text("nonsense\n"), "has no sign-off of run"),
        (lambda home: home.signoffs.unlink(), "has no sign-off of run"),
    ],
)
def test_an_alteration_is_noticed(home: Home, spoil: Callable[[Home], object], told: str) -> None:
    """A changed or missing file, a changed or missing line: verify names it."""
    sign(home, by="Ann", note="", now=NOW)
    sign(home, by="Bo", note="", now=NOW)
    spoil(home)
    assert any(told in each for each in verify(home, RUN)), verify(home, RUN)


def test_a_chain_that_was_written_anew_is_noticed_by_a_kept_digest(home: Home) -> None:
    """Whoever rewrites the last line, seal and all, cannot give it the digest that was told at the time."""
    signed = sign(home, by="Ann", note="", now=NOW)
    home.signoffs.unlink()
    sign(home, by="Eve", note="", now=NOW)
    assert verify(home, RUN) == []
    assert "has the digest" in verify(home, RUN, digest=signed.digest)[0]


def test_nothing_is_added_to_a_broken_chain(home: Home) -> None:
    """A new line would hide the break."""
    sign(home, by="Ann", note="", now=NOW)
    edit_line(home, '"previous":""', '"previous":"x"')
    with pytest.raises(UsageError, match="was altered"):
        sign(home, by="Bo", note="", now=NOW)


def test_only_one_whole_run_can_be_signed(home: Home, tmp_path: Path) -> None:
    """Files of two runs, an unreadable report, no name or nothing at all cannot be signed."""
    with pytest.raises(UsageError, match="--by must name"):
        sign(home, by=" ", note="", now=NOW)
    database(home.folder, run_id="another")
    with pytest.raises(UsageError, match="not of one run"):
        sign(home, by="Ann", note="", now=NOW)
    (home.published / "report.json").write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be read"):
        sign(home, by="Ann", note="", now=NOW)
    with pytest.raises(UsageError, match="no published run"):
        sign(Home(tmp_path / "empty"), by="Ann", note="", now=NOW)
    assert not home.signoffs.exists()


def test_the_commands(home: Home) -> None:
    """`parity signoff` tells the digest; `parity verify` ends 0, and 1 once something was altered."""
    where = ("--home", str(home.folder))
    assert CliRunner().invoke(app, ["verify", *where]).exit_code == 1
    told = CliRunner().invoke(app, ["signoff", "--by", "Ann", "--note", "[bold]yes[/bold]", *where])
    assert told.exit_code == 0, told.output
    digest = told.stdout.strip().split()[-1]
    proven = CliRunner().invoke(app, ["verify", RUN, "--digest", digest, *where])
    assert proven.exit_code == 0
    assert "Sign-off 1 by Ann at " in proven.stdout
    assert "GO, [bold]yes[/bold]" in proven.stdout
    assert "--digest" not in proven.stdout
    assert "is proven with --digest" in CliRunner().invoke(app, ["verify", *where]).stdout.replace("\n", " ")
    (home.signed(RUN) / "report.md").write_text("other", encoding="utf-8")
    altered = CliRunner().invoke(app, ["verify", *where])
    assert altered.exit_code == 1
    assert "report.md was altered" in altered.stdout.replace("\n", "")
