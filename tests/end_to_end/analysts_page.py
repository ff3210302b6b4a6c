"""Writes docs/analysts.md: the published tables and every saved question with its answer on a sandbox run.

Run it as `python tests/end_to_end/analysts_page.py > docs/analysts.md` when a question or a table changes.
"""

import io
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import duckdb
from rich.console import Console
from sandbox_runs import AS_OF, Run, run_world, world

from parity_pipeline.home import DATABASE
from parity_pipeline.published_tables import ask, load_queries
from parity_pipeline.report.answer_view import show_answer

FAULTS = ("events_missing", "rate_mismatch", "group_value_unrated", "credit_missing", "customer_unmapped")
MOST_LINES = 24
HEAD = """# For analysts

Each run leaves `published/billing_parity.duckdb` in the home folder.
It is replaced in one step, so it can be read at any time; DuckDB 1.0 or newer opens it.
Every table and column carries a comment: `select * from duckdb_columns()` shows them.

Money is an exact decimal in minor units of its currency: cents, or yen for JPY.
Quantities are in the meter's raw unit; times are UTC, and periods end before `period_end`.

`parity query` lists the saved questions below, and `parity query NAME` asks one.
`--format csv` or `json` hands the answer to another program.
`--sql` prints the question's SQL, which runs as it stands in a DuckDB shell.
`parity export --to DIR` writes all tables as Parquet, or as CSV with `--format csv`, or only those named.

## Tables

| table | one row per |
|---|---|
"""
QUESTIONS = """
## Questions

The answers are those of a run on the sandbox with the faults {faults}, a day after a run with other faults.
Long ones are cut.
"""


def example(folder: Path) -> Run:
    """Two days of the sandbox, so that something has changed since yesterday."""
    before = AS_OF - timedelta(days=1)
    run_world(world("events_missing", "contract_missing").at(before), folder, as_of=before)
    return run_world(world(*FAULTS), folder)


def page(run: Run) -> str:
    """The whole page."""
    parts = [
        HEAD.rstrip("\n"),
        _tables(run.home),
        QUESTIONS.format(faults=", ".join(f"`{each}`" for each in FAULTS)),
    ]
    for query in load_queries():
        target = io.StringIO()
        answer = ask(run.home, query)
        show_answer("", answer.columns, answer.rows, Console(file=target, width=150, color_system=None))
        lines = [line.rstrip() for line in target.getvalue().strip("\n").splitlines()]
        cut = [*lines[:MOST_LINES], "…"] if len(lines) > MOST_LINES else lines
        shown = "\n".join(cut)
        parts.append(f"### `{query.name}`\n\n{query.question}\n\n```text\n{shown}\n```\n")
    return "\n".join(parts)


def _tables(home: Path) -> str:
    with duckdb.connect(str(home / "published" / DATABASE), read_only=True) as connection:
        rows = connection.execute(
            "select schema_name, table_name, comment from duckdb_tables() "
            "order by schema_name desc, table_name"
        ).fetchall()
    return "\n".join(f"| `{schema}.{table}` | {_grain(comment)} |" for schema, table, comment in rows)


def _grain(comment: str) -> str:
    """The first sentence of a table's comment."""
    first = comment.split(". ", maxsplit=1)[0].rstrip(".").replace("|", "\\|")
    return first.removeprefix("One row per ")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(page(example(Path(folder))))
