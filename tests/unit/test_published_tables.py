"""Saved questions and their answers as text: names, formats, and values that a terminal must not obey."""

import json
from datetime import date, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path

import duckdb
import pytest
from rich.console import Console
from typer.testing import CliRunner

from parity_pipeline.cli import app
from parity_pipeline.errors import UsageError
from parity_pipeline.published_tables import SavedQuery, as_csv, as_json, ask, find_query, load_queries
from parity_pipeline.report.answer_view import show_answer

HOSTILE = "\x1b[31m[bold]red[/bold]"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with one published table."""
    (tmp_path / "published").mkdir()
    with duckdb.connect(str(tmp_path / "published" / "billing_parity.duckdb")) as connection:
        connection.execute("create schema parity")
        connection.execute(
            "create table parity.t (money decimal(38, 12), name varchar, "
            "seen_at timestamp, day date, yes boolean)"
        )
        connection.execute(
            "insert into parity.t values (?, ?, ?, ?, ?), (null, null, null, null, null)",
            [Decimal("1234.500000000001"), HOSTILE, datetime(2026, 1, 2, 3), date(2026, 1, 2), True],
        )
    return tmp_path


def test_values_are_exact_text(home: Path) -> None:
    """Every digit, times in UTC, nothing for NULL, and no control character."""
    answer = ask(home, SavedQuery("t", "What?", "select * from parity.t order by money nulls last"))
    assert answer.columns == ("money", "name", "seen_at", "day", "yes")
    assert answer.rows == (
        ("1234.500000000001", " [31m[bold]red[/bold]", "2026-01-02T03:00:00Z", "2026-01-02", "yes"),
        ("", "", "", "", ""),
    )
    assert as_csv(answer).splitlines()[0] == "money,name,seen_at,day,yes"
    assert json.loads(as_json(answer))[0]["money"] == "1234.500000000001"


@pytest.mark.parametrize("width", [120, 60])
def test_an_answer_fits_the_terminal(home: Path, width: int) -> None:
    """Wide enough it is a table, else a block a row; markup stays text and no value is cut."""
    answer = ask(home, SavedQuery("t", "What?", "select * from parity.t"))
    output = StringIO()
    show_answer("What?", answer.columns, answer.rows, Console(file=output, width=width, color_system=None))
    text = output.getvalue()
    assert "[bold]red[/bold]" in text
    assert "1234.500000000001" in text
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width


def test_an_empty_answer_says_so(home: Path) -> None:
    """No row is an answer too."""
    answer = ask(home, SavedQuery("t", "What?", "select * from parity.t where false"))
    output = StringIO()
    show_answer("What?", answer.columns, answer.rows, Console(file=output))
    assert output.getvalue() == "What?\nNo row.\n"


def test_a_question_that_is_not_there() -> None:
    """The names that are there are told."""
    with pytest.raises(UsageError, match="There is no question worst; there are causes_by_money"):
        find_query("worst")


def test_a_published_file_that_answers_nothing(home: Path) -> None:
    """One that is damaged, or lacks the table, is told in one line: run again."""
    with pytest.raises(UsageError, match=r"has not what t asks for; run `parity run` again"):
        ask(home, SavedQuery("t", "What?", "select * from parity.gone"))
    (home / "published" / "billing_parity.duckdb").write_text("no database", encoding="utf-8")
    with pytest.raises(UsageError, match=r"billing_parity\.duckdb cannot be read; run `parity run` again"):
        ask(home, load_queries()[0])


def test_the_commands(home: Path) -> None:
    """Questions are listed, their SQL is shown, and mistakes are exit 2."""
    listed = CliRunner().invoke(app, ["query"])
    assert listed.exit_code == 0
    assert all(each.name in listed.stdout for each in load_queries())
    assert len(load_queries()) >= 12
    shown = CliRunner().invoke(app, ["query", "trend", "--sql"])
    assert shown.stdout.startswith("-- How did the verdict")
    assert CliRunner().invoke(app, ["query", "trend", "--format", "pdf"]).exit_code == 2
    nothing = CliRunner().invoke(app, ["query", "trend", "--home", str(home / "none")])
    assert nothing.exit_code == 2
    assert "There is no published run" in nothing.stderr
    unwritable = CliRunner().invoke(app, ["export", "--to", "/proc/none", "--home", str(home)])
    assert unwritable.exit_code == 2
    assert "cannot be written to" in unwritable.stderr
    assert (
        CliRunner().invoke(app, ["export", "--to", "x", "--format", "pdf", "--home", str(home)]).exit_code
        == 2
    )
