"""The one door to DuckDB: loads landed files and settings, builds models, publishes a file.

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

from parity_pipeline.columns import duckdb_columns
from parity_pipeline.errors import UsageError
from parity_pipeline.home import DATABASE, Home
from parity_pipeline.landing import landed_file, put_off_of
from parity_pipeline.models import SqlModel
from parity_pipeline.sources.resources import RESOURCES, Resource, stripe_resource
from parity_pipeline.sql_functions import OWN_FUNCTIONS

if TYPE_CHECKING:
    import pyarrow as pa

Connection = duckdb.DuckDBPyConnection
DatabaseError = duckdb.Error

PUBLISHED_SCHEMAS: Final = ("parity", "control")
_PARSED_WHERE_READ: Final = frozenset(
    {
        "raw_stripe.invoice_lines",
        "raw_stripe.meter_event_summaries",
        "raw_metronome.invoices",
        "raw_metronome.usage",
    }
)
"""Views: of millions of rows that staging parses once, or twice, to store them first would cost more."""
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
            connection.execute(f"set memory_limit = {_literal(memory_limit)}")
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


def load_raw(connection: Connection, landing_folder: Path, accounts: Sequence[str]) -> None:
    """Create raw_stripe.* and raw_metronome.* from a landing: one table a resource.

    The accounts are those of the run and the environments that they share, as they are landed.
    """
    with transaction(connection):
        for resource in RESOURCES:
            load_resource(connection, landing_folder, resource, accounts=accounts)
        _load_usage_ages(connection, landing_folder, accounts)


def load_resource(
    connection: Connection, landing_folder: Path, resource: Resource, *, accounts: Sequence[str]
) -> None:
    """Create one raw table from its landed files, or a view of them where one model reads them once."""
    columns = duckdb_columns(resource)
    table = f"{resource.schema}.{resource.name}"
    files = [landed_file(landing_folder, account, resource) for account in accounts]
    present = [str(file) for file in files if file.exists()]
    kind = "view" if present and table in _PARSED_WHERE_READ else "table"
    shape = ", ".join(f'"{name}" {of}' for name, of in columns.items())
    landed = (
        f"select {', '.join(_quoted(columns))} from read_json([{', '.join(map(_literal, present))}], "
        f"columns = {{{', '.join(f'{_literal(name)}: {_literal(of)}' for name, of in columns.items())}}}, "
        "format = 'newline_delimited', compression = 'gzip')"
    )
    connection.execute(f"create schema if not exists {resource.schema}")
    if kind == "view":
        connection.execute(f"create or replace view {table} as {landed}")
    else:
        if table in _PARSED_WHERE_READ and table in _views(connection):  # unfit input leaves it empty
            connection.execute(f"drop view {table}")
        connection.execute(f"create or replace table {table} ({shape})")
        if present:
            connection.execute(f"insert into {table} {landed}")
    describe(connection, table, description=resource.summary, columns={}, kind=kind)


def _load_usage_ages(connection: Connection, landing_folder: Path, accounts: Sequence[str]) -> None:
    """Fill control.usage_ages with the customers that a landing names as not asked."""
    usage = stripe_resource("meter_event_summaries")
    files = [put_off_of(landed_file(landing_folder, account, usage)) for account in accounts]
    present = [str(file) for file in files if file.exists()]
    if present:
        connection.execute(
            "insert into control.usage_ages by name select * from read_json(?, columns = "
            "{account: 'VARCHAR', stripe_customer_id: 'VARCHAR', known_until: 'TIMESTAMP', "
            "read_at: 'TIMESTAMP', put_off_at: 'TIMESTAMP'}, "
            "format = 'newline_delimited', compression = 'gzip')",
            [present],
        )


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
    comments = [f"comment on {kind} {table} is {_literal(description)}"]
    comments += [
        f'comment on column {table}."{column}" is {_literal(text)}'
        for column, text in columns.items()
        if text
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
    connection.execute(f"copy (select * from {table} order by all) to {_literal(str(target))} ({options})")


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
    connection.execute(f"attach {_literal(str(aside))} as published (storage_version '{_PUBLISHED_STORAGE}')")
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


def _views(connection: Connection) -> set[str]:
    found = connection.execute(
        "select schema_name || '.' || view_name from duckdb_views() where database_name = current_database()"
    ).fetchall()
    return {str(name) for (name,) in found}


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


def _quoted(columns: Mapping[str, str]) -> list[str]:
    return [f'"{name}"' for name in columns]


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
