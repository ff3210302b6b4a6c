"""The one door to DuckDB: loads settings, builds models, publishes a file.

No rule of parity lives here; those are in sql/.
"""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb

from parity_pipeline.errors import UsageError
from parity_pipeline.home import DATABASE, Home
from parity_pipeline.models import SqlModel
from parity_pipeline.sql_functions import OWN_FUNCTIONS

if TYPE_CHECKING:
    import pyarrow as pa

Connection = duckdb.DuckDBPyConnection
DatabaseError = duckdb.Error

PUBLISHED_SCHEMAS: Final = ("parity", "control")
_MOST_SORTED_ROWS: Final = 1_000_000
"""Larger published tables keep the order in which they were built; sorting takes as long as writing."""
_PUBLISHED_STORAGE: Final = "v1.0.0"  # analysts may open the file with any DuckDB from 1.0 on


@dataclass(frozen=True)
class InputTable:
    """A table that Python fills: its columns as name -> DuckDB type, its rows, its comments."""

    description: str
    columns: Mapping[str, str]
    rows: Sequence[tuple[object, ...]]
    comments: Mapping[str, str]


def input_table(
    description: str, columns: Mapping[str, tuple[str, str]], rows: Sequence[tuple[object, ...]]
) -> InputTable:
    """A table from its columns as name -> (DuckDB type, comment) and its rows."""
    return InputTable(
        description=description,
        columns={name: kind for name, (kind, _) in columns.items()},
        rows=rows,
        comments={name: comment for name, (_, comment) in columns.items()},
    )


@contextmanager
def connect(
    path: Path | str, *, read_only: bool = False, memory_limit: str | None = None
) -> Iterator[Connection]:
    """A connection that is closed whatever happens; times are UTC.

    What does not fit a memory limit (`50%` of the machine's, or `4GB`) goes to disk beside the file.
    """
    connection = duckdb.connect(str(path), read_only=read_only)
    try:
        connection.execute("set timezone = 'UTC'; set enable_progress_bar = false")
        # Tables have no order of their own; keeping that of arrival would keep much more in memory.
        connection.execute("set preserve_insertion_order = false")
        connection.execute(OWN_FUNCTIONS)
        if memory_limit is not None:
            connection.execute(f"set memory_limit = {literal(memory_limit)}")
        yield connection
    finally:
        connection.close()


def leave_to_system(connection: Connection) -> None:
    """Let the operating system choose when to write; for a database that nobody needs after a crash."""
    connection.execute("set fsync_mode = 'NONE'")


@contextmanager
def open_published(home: Path) -> Iterator[Connection]:
    """The database of the last published run, to be read; raise UsageError where it is absent or broken."""
    file = Home(home).published / DATABASE
    if not file.is_file():
        raise UsageError(f"There is no published run in {home}; run `parity run` or `parity demo` first.")
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(connect(file, read_only=True))
        except DatabaseError as error:
            raise UsageError(
                f"The published database {file} cannot be read; run `parity run` again ({error})."
            ) from error
        yield connection


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """All statements of a block at once or none of them: one write to the disk instead of one each."""
    connection.execute("begin")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def load_control(connection: Connection, tables: Mapping[str, InputTable]) -> None:
    """Create the control tables that the settings and the manifest fill."""
    with transaction(connection):
        connection.execute("create schema if not exists control")
        for name, table in tables.items():
            load_table(connection, f"control.{name}", table)


def load_table(connection: Connection, key: str, table: InputTable) -> None:
    """Create one table that Python fills, `schema.table`, with its comments."""
    shape = ", ".join(f'"{column}" {kind}' for column, kind in table.columns.items())
    connection.execute(f"create or replace table {key} ({shape})")
    if table.rows:
        marks = ", ".join("?" for _ in table.columns)
        connection.executemany(f"insert into {key} values ({marks})", list(table.rows))
    describe(connection, key, description=table.description, columns=table.comments)


def build(connection: Connection, model: SqlModel) -> None:
    """Build one model's table or view, with its columns' comments where it is published."""
    try:
        _create(connection, model)
    except duckdb.CatalogException as error:
        if "Existing object" not in str(error):
            raise
        # An earlier version of the program began this file.
        connection.execute(f"drop {'table' if model.is_view else 'view'} {model.key}")
        _create(connection, model)


def _create(connection: Connection, model: SqlModel) -> None:
    kind = "view" if model.is_view else "table"
    with transaction(connection):
        connection.execute(f"create schema if not exists {model.schema}")
        connection.execute(f"create or replace {kind} {model.key} as {model.sql}")
        named = (
            _columns_of(connection, model.key) if model.schema in PUBLISHED_SCHEMAS and model.columns else ()
        )
        columns = {name: model.columns[name] for name in named if name in model.columns}
        describe(connection, model.key, description=model.description, columns=columns, kind=kind)


def describe(
    connection: Connection, table: str, *, description: str, columns: Mapping[str, str], kind: str = "table"
) -> None:
    """Comment a table or view and those of its columns that have a text."""
    comments = [f"comment on {kind} {table} is {literal(description)}"]
    comments += [
        f'comment on column {table}."{column}" is {literal(text)}' for column, text in columns.items() if text
    ]
    connection.execute("; ".join(comments))


def count(connection: Connection, table: str) -> int:
    """The number of rows of a table or view; a view is worked out for it."""
    return int(connection.execute(f"select count(*) from {table}").fetchall()[0][0])


def rows(connection: Connection, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, object]]:
    """The rows of a query as dicts; decimals stay exact. Values from outside come as parameters, for `?`."""
    cursor = connection.execute(sql, list(parameters))
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def answer(connection: Connection, sql: str) -> tuple[list[str], list[tuple[object, ...]]]:
    """The columns and rows of a query, also when it has no row."""
    cursor = connection.execute(sql)
    return [column[0] for column in cursor.description or []], cursor.fetchall()


def published_tables(connection: Connection) -> list[str]:
    """The tables of a published file, as `schema.table`."""
    return [f"{schema}.{table}" for schema, table, _ in _tables(connection)]


def export(connection: Connection, table: str, target: Path) -> None:
    """Write one table to a Parquet or CSV file, by the file's suffix; rows in a fixed order."""
    options = "format parquet" if target.suffix == ".parquet" else "format csv, header"
    connection.execute(f"copy (select * from {table} order by all) to {literal(str(target))} ({options})")


def arrow_table(connection: Connection, query: str) -> "pa.Table":
    """A small result for another process; decimals stay exact."""
    return connection.cursor().sql(query).to_arrow_table()


def publish(connection: Connection, target: Path) -> None:
    """Write parity.* and control.* to a new file and rename it into place; readers keep the old one."""
    aside = target.with_name(f".{target.name}.{os.getpid()}.new")
    aside.unlink(missing_ok=True)
    connection.execute("set fsync_mode = 'STANDARD'")  # what is renamed into place must be on the disk
    # To look for parts that names share takes longer than it saves: they repeat as a whole.
    connection.execute("set disabled_compression_methods = 'fsst'")
    connection.execute(f"attach {literal(str(aside))} as published (storage_version '{_PUBLISHED_STORAGE}')")
    try:
        for schema in PUBLISHED_SCHEMAS:
            connection.execute(f"create schema published.{schema}")
        comments = _comments(connection)
        with transaction(connection):
            for schema, table, description in _tables(connection):
                _copy_table(connection, f"{schema}.{table}", description, comments[schema, table])
    finally:
        connection.execute("detach published")
    aside.replace(target)


def literal(text: str) -> str:
    """A text as SQL writes it, where a statement takes no parameters."""
    return "'" + text.replace("'", "''") + "'"


def _tables(connection: Connection) -> list[tuple[str, str, str]]:
    found = connection.execute(
        "select schema_name, name, coalesce(comment, '') from ("
        "select database_name, schema_name, table_name as name, comment from duckdb_tables() union all "
        "select database_name, schema_name, view_name as name, comment from duckdb_views()) as kept "
        "where database_name = current_database() and schema_name in (select unnest(?)) "
        "order by schema_name, name",
        [list(PUBLISHED_SCHEMAS)],
    ).fetchall()
    return [(str(schema), str(table), str(comment)) for schema, table, comment in found]


def _comments(connection: Connection) -> defaultdict[tuple[str, str], dict[str, str]]:
    """Comments of columns by schema and table; to look for one table's alone takes as long as for all."""
    found: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for schema, table, column, comment in connection.execute(
        "select schema_name, table_name, column_name, comment from duckdb_columns() "
        "where database_name = current_database() and comment is not null"
    ).fetchall():
        found[str(schema), str(table)][str(column)] = str(comment)
    return found


def _copy_table(connection: Connection, table: str, description: str, comments: Mapping[str, str]) -> None:
    order = "order by all" if count(connection, table) <= _MOST_SORTED_ROWS else ""
    connection.execute(f"create table published.{table} as select * from {table} {order}")
    describe(connection, f"published.{table}", description=description, columns=comments)


def _columns_of(connection: Connection, table: str) -> list[str]:
    return [str(row[0]) for row in connection.execute(f"describe {table}").fetchall()]
