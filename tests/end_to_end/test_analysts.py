"""What analysts do with a published run: ask saved questions, export tables, read while a run goes on."""

import csv
import io
import json
from pathlib import Path

import duckdb
import pytest
from analysts_page import example
from sandbox_runs import Run
from typer.testing import CliRunner

from parity_pipeline.cli import app
from parity_pipeline.published_tables import load_queries

PAGE = (Path(__file__).parents[2] / "docs" / "analysts.md").read_text(encoding="utf-8")
NAMES = [each.name for each in load_queries()]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The second of two days with faults."""
    return example(tmp_path_factory.mktemp("analysts"))


def asked(run: Run, *arguments: str) -> str:
    """What a command prints."""
    told = CliRunner().invoke(app, [*arguments, "--home", str(run.home)])
    assert told.exit_code == 0, told.output
    return told.stdout


@pytest.mark.parametrize("name", NAMES)
def test_a_question_is_answered_and_documented(run: Run, name: str) -> None:
    """Each question runs on the published file as it stands, holds no float, and is in the page."""
    with duckdb.connect(str(run.home / "published" / "billing_parity.duckdb"), read_only=True) as connection:
        query = next(each for each in load_queries() if each.name == name)
        relation = connection.sql(query.sql)
        assert not {"DOUBLE", "FLOAT"} & {str(kind) for kind in relation.types}
        rows = relation.fetchall()
    answer = json.loads(asked(run, "query", name, "--format", "json"))
    assert len(answer) == len(rows)
    if name not in {"waivers_in_use"}:
        assert rows, name
    _, _, section = PAGE.partition(f"### `{name}`\n")
    assert query.question in section.split("###")[0]
    first = asked(run, "query", name, "--format", "csv").splitlines()[0].split(",")
    assert not rows or first[0] in section.split("\n### ")[0]


def test_an_answer_as_text_and_csv_holds_the_same(run: Run) -> None:
    """Text is for people, CSV for programs; both have every row of a short answer."""
    text = asked(run, "query", "waterfall")
    rows = list(csv.DictReader(io.StringIO(asked(run, "query", "waterfall", "--format", "csv"))))
    assert rows
    assert all(row["minor_units"] in text for row in rows)


def test_the_waterfall_of_a_run_adds_up(run: Run) -> None:
    """In every currency Stripe's total and the effects are Metronome's total, to the last digit."""
    sums = run.rows(
        "with steps as ("
        + next(each.sql for each in load_queries() if each.name == "waterfall")
        + ") select currency, sum(case name when 'Metronome' then -minor_units else minor_units end) "
        "from steps group by currency"
    )
    assert sums
    assert {difference for _, difference in sums} == {0}


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_tables_are_exported_row_by_row(run: Run, kind: str, tmp_path: Path) -> None:
    """A file a table, with as many rows as the table; decimals stay decimals in Parquet."""
    asked(run, "export", "--to", str(tmp_path), "--format", kind)
    (tables,) = run.rows("select count(*) from duckdb_tables()")[0]
    files = sorted(tmp_path.iterdir())
    assert len(files) == tables
    (rows,) = run.rows("select count(*) from parity.findings")[0]
    target = tmp_path / f"parity.findings.{kind}"
    assert duckdb.sql(f"select count(*) from '{target}'").fetchall() == [(rows,)]
    if kind == "parquet":
        kinds = dict(
            duckdb.sql(f"select column_name, column_type from (describe select * from '{target}')").fetchall()
        )
        assert kinds["variance"] == "DECIMAL(38,12)"


def test_some_tables_can_be_exported(run: Run, tmp_path: Path) -> None:
    """Only what is named is written; a name that is no table is a mistake."""
    asked(run, "export", "parity.verdict", "--to", str(tmp_path))
    assert [each.name for each in tmp_path.iterdir()] == ["parity.verdict.parquet"]
    wrong = CliRunner().invoke(app, ["export", "parity.x", "--to", str(tmp_path), "--home", str(run.home)])
    assert wrong.exit_code == 2
    assert "There is no table parity.x" in wrong.stderr
