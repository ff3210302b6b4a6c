"""The SQL models: which there are, what each one reads and how its columns are described.

A model is one file `sql/<schema>/<name>.sql` with one SELECT. Its upstreams are found by parsing it.
Nothing here opens a database: warehouse.py builds the tables.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from parity_pipeline import paths
from parity_pipeline.errors import ParityError

MODEL_SCHEMAS: Final = ("staging", "intermediate", "control", "explain", "parity", "audit")
INPUT_SCHEMAS: Final = ("raw_stripe", "raw_metronome")
CONTROL_INPUTS: Final = (
    "run",
    "accounts",
    "thresholds",
    "currencies",
    "customer_links",
    "meter_links",
    "price_links",
    "metric_starts",
    "waivers",
    "cohorts",
    "completeness",
    "requests",
    "usage_ages",
    "causes",
    "near_misses",
)
"""Tables of schema `control` that Python fills, not a model."""

NEAR_MISSES: Final = "control.near_misses"
UNMATCHED_NAMES: Final = "intermediate.int_names__unmatched"
"""The near misses are found among these names, so that every reader of the former comes after the latter."""

_VIEW_MARK: Final = "Kept as a view:"
"""Opens the line of a model's header that says why its rows are not stored."""

_COLUMN_COMMENT = re.compile(r"^-- (\w+): (.+)$")


@dataclass(frozen=True)
class SqlModel:
    """One model. `upstream` holds `schema.table` names; `columns` the comments of its columns.

    A view is worked out by each of its readers: for models that only rename, or that have one reader.
    """

    schema: str
    name: str
    sql: str
    upstream: tuple[str, ...]
    description: str
    columns: dict[str, str]
    is_view: bool = False

    @property
    def key(self) -> str:
        """The table's name with its schema."""
        return f"{self.schema}.{self.name}"


@cache
def load_models(folder: Path | None = None) -> tuple[SqlModel, ...]:
    """All models, each after those it reads; raises ParityError for an unknown or unqualified table.

    Parsing them takes a good part of a second, so a process does it once.
    """
    folder = folder or paths.sql_folder()
    shared = _shared_comments(folder)
    models = {
        model.key: model
        for schema in MODEL_SCHEMAS
        for path in sorted((folder / schema).glob("*.sql"))
        for model in [read_model(path, shared)]
    }
    for model in models.values():
        for name in model.upstream:
            if not _is_known(name, models):
                raise ParityError(f"{model.key} reads {name}, which is no model, raw or control table")
    order = TopologicalSorter({key: _before(model) & set(models) for key, model in models.items()})
    return tuple(models[key] for key in order.static_order())


def read_model(path: Path, shared_comments: dict[str, str]) -> SqlModel:
    """One model from its file; a column's comment is its own header line, else the shared one."""
    sql = path.read_text(encoding="utf-8")
    header = [line for line in sql.splitlines() if line.startswith("--")]
    own = {match[1]: match[2] for line in header if (match := _COLUMN_COMMENT.match(line))}
    prose = [line[3:].strip() for line in _leading_comment(sql) if not _COLUMN_COMMENT.match(line)]
    is_view = any(part.startswith(_VIEW_MARK) for part in prose)
    query = parse(sql, name=path.name)
    wanted = query.named_selects if query.named_selects != ["*"] else []
    comments = {**shared_comments, **own}
    return SqlModel(
        schema=path.parent.name,
        name=path.stem,
        sql=sql,
        upstream=upstreams(query, name=path.name),
        description=" ".join(part for part in prose if part and not part.startswith(_VIEW_MARK)),
        columns=comments if not wanted else {column: comments.get(column, "") for column in wanted},
        is_view=is_view,
    )


def parse(sql: str, *, name: str) -> exp.Query:
    """The parsed SELECT of a model."""
    query = sqlglot.parse_one(sql, dialect="duckdb")
    if not isinstance(query, exp.Query):
        raise ParityError(f"{name} is not a SELECT")
    return query


def upstreams(query: exp.Query, *, name: str) -> tuple[str, ...]:
    """The `schema.table` names that a query reads, found through CTEs and subqueries."""
    found: set[str] = set()
    for scope in traverse_scope(query):
        for source in scope.sources.values():
            if isinstance(source, exp.Table):
                if not source.db or not isinstance(source.this, exp.Identifier):
                    raise ParityError(f"{name} reads {source.sql()}: write schema.table")
                found.add(f"{source.db}.{source.name}")
    return tuple(sorted(found))


def _before(model: SqlModel) -> set[str]:
    """What must be there before a model is built."""
    return {UNMATCHED_NAMES if name == NEAR_MISSES else name for name in model.upstream}


def _is_known(name: str, models: dict[str, SqlModel]) -> bool:
    schema, _, table = name.partition(".")
    return name in models or schema in INPUT_SCHEMAS or (schema == "control" and table in CONTROL_INPUTS)


def _leading_comment(sql: str) -> list[str]:
    lines: list[str] = []
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line)
    return lines


def _shared_comments(folder: Path) -> dict[str, str]:
    """Comments of columns that mean the same wherever they stand: `sql/columns.toml`."""
    with (folder / "columns.toml").open("rb") as file:
        return {str(key): str(value) for key, value in tomllib.load(file).items()}
