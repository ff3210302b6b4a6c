"""Reads the published database for people: saved questions, and exports of its tables.

A saved question is a file of sql/queries/: its first line is the question, the rest one SELECT that runs as
it stands in any DuckDB shell on the published file.
"""

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from parity_pipeline import amounts, paths, warehouse
from parity_pipeline.errors import UsageError
from parity_pipeline.periods import rfc3339
from parity_pipeline.warehouse import DatabaseError

EXPORT_FORMATS: Final = ("parquet", "csv")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class SavedQuery:
    """One question that people ask, and the SELECT that answers it."""

    name: str
    question: str
    sql: str


@dataclass(frozen=True)
class Answer:
    """The rows of a query; every value as text, exact."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def load_queries() -> tuple[SavedQuery, ...]:
    """All saved questions, by name."""
    return tuple(_saved(path) for path in sorted((paths.sql_folder() / "queries").glob("*.sql")))


def find_query(name: str) -> SavedQuery:
    """One saved question; raise UsageError for a name that is none."""
    queries = {each.name: each for each in load_queries()}
    if name not in queries:
        raise UsageError(f"There is no question {name}; there are {', '.join(queries)}.")
    return queries[name]


def ask(home: Path, query: SavedQuery) -> Answer:
    """The answer of the last published run."""
    with warehouse.open_published(home) as connection:
        try:
            columns, rows = warehouse.answer(connection, query.sql)
        except DatabaseError as error:
            raise UsageError(
                f"The published run has not what {query.name} asks for; run `parity run` again ({error})."
            ) from error
    return Answer(tuple(columns), tuple(tuple(_text(value) for value in row) for row in rows))


def as_csv(answer: Answer) -> str:
    """The answer as CSV with a header."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows(answer.rows)
    return target.getvalue()


def as_json(answer: Answer) -> str:
    """The answer as a list of objects; amounts and dates are text, so that nothing is rounded."""
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"


def export_tables(home: Path, target: Path, *, names: Sequence[str], kind: str) -> list[Path]:
    """Write published tables, all unless some are named, as one file each; returns the files."""
    if kind not in EXPORT_FORMATS:
        raise UsageError(f"--format must be one of {', '.join(EXPORT_FORMATS)} (it is {kind}).")
    with warehouse.open_published(home) as connection:
        tables = warehouse.published_tables(connection)
        unknown = [name for name in names if name not in tables]
        if unknown:
            raise UsageError(f"There is no table {unknown[0]}; there are {', '.join(tables)}.")
        files = []
        try:
            target.mkdir(parents=True, exist_ok=True)
            for name in names or tables:
                files.append(target / f"{name}.{kind}")
                warehouse.export(connection, name, files[-1])
        except (OSError, DatabaseError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise UsageError(f"{target} cannot be written to: {why}.") from error
    return files


def _saved(path: Path) -> SavedQuery:
    text = path.read_text(encoding="utf-8")
    return SavedQuery(path.stem, text.splitlines()[0].removeprefix("--").strip(), text)


def _text(value: object) -> str:
    """Exact decimals, UTC instants, and nothing that a terminal would obey."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return amounts.exact(value)
    if isinstance(value, datetime):
        return rfc3339(value if value.tzinfo else value.replace(tzinfo=UTC))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _CONTROL.sub(" ", str(value))
