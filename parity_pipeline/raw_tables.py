"""Landed files as raw_stripe.* and raw_metronome.*, a table or view a resource, as the vendors wrote them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from parity_pipeline.columns import duckdb_columns
from parity_pipeline.landing import landed_file, put_off_of
from parity_pipeline.sources.resources import RESOURCES, Resource, stripe_resource
from parity_pipeline.warehouse import Connection, describe, literal, transaction

_PARSED_WHERE_READ: Final = frozenset(
    {
        "raw_stripe.invoice_lines",
        "raw_stripe.meter_event_summaries",
        "raw_metronome.invoices",
        "raw_metronome.usage",
    }
)
"""Views: of millions of rows that staging parses once, or twice, to store them first would cost more."""


def load_raw(connection: Connection, landing_folder: Path, accounts: Sequence[str]) -> None:
    """Create raw_stripe.* and raw_metronome.* from a landing: a table or view a resource.

    The accounts are those of the run and the environments that they share, as they are landed.
    """
    with transaction(connection):
        for resource in RESOURCES:
            load_resource(connection, landing_folder, resource, accounts=accounts)
        _load_usage_ages(connection, landing_folder, accounts)


def load_resource(
    connection: Connection, landing_folder: Path, resource: Resource, *, accounts: Sequence[str]
) -> None:
    """Create one raw table from its landed files, or a view of them where staging parses them."""
    columns = duckdb_columns(resource)
    table = f"{resource.schema}.{resource.name}"
    files = [landed_file(landing_folder, account, resource) for account in accounts]
    present = [str(file) for file in files if file.exists()]
    is_view = bool(present) and table in _PARSED_WHERE_READ
    shape = ", ".join(f'"{name}" {of}' for name, of in columns.items())
    kinds = ", ".join(f"{literal(name)}: {literal(of)}" for name, of in columns.items())
    landed = (
        f"select {', '.join(_quoted(columns))} from read_json([{', '.join(map(literal, present))}], "
        f"columns = {{{kinds}}}, format = 'newline_delimited', compression = 'gzip')"
    )
    connection.execute(f"create schema if not exists {resource.schema}")
    if is_view:
        connection.execute(f"create or replace view {table} as {landed}")
    else:
        if table in _PARSED_WHERE_READ and table in _views(connection):  # unfit input leaves it empty
            connection.execute(f"drop view {table}")
        connection.execute(f"create or replace table {table} ({shape})")
        if present:
            connection.execute(f"insert into {table} {landed}")
    describe(connection, table, description=resource.summary, columns={}, kind="view" if is_view else "table")


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


def _views(connection: Connection) -> set[str]:
    found = connection.execute(
        "select schema_name || '.' || view_name from duckdb_views() where database_name = current_database()"
    ).fetchall()
    return {str(name) for (name,) in found}


def _quoted(columns: Mapping[str, str]) -> list[str]:
    return [f'"{name}"' for name in columns]
