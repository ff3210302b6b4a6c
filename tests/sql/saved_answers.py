"""Rows of published tables, and what a saved question answers over them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb

from parity_pipeline.published_tables import load_queries

QUERIES = {each.name: each for each in load_queries()}
APRIL, MAY, JUNE = datetime(2026, 4, 1), datetime(2026, 5, 1), datetime(2026, 6, 1)
D = Decimal

Rows = Sequence[Mapping[str, Any]]


def answer(
    name: str, tables: Mapping[str, Rows], types: Mapping[str, str] | None = None
) -> list[tuple[Any, ...]]:
    """The rows of a question over these tables; the columns are those of the first row."""
    with duckdb.connect() as connection:
        connection.execute("create schema parity; create schema control")
        for table, rows in tables.items():
            shape = ", ".join(f'"{column}" {_type(column, value)}' for column, value in rows[0].items())
            connection.execute(f"create table {table} ({shape})")
            for row in rows:
                marks = ", ".join("?" for _ in row)
                connection.execute(f"insert into {table} values ({marks})", list(row.values()))
        return connection.execute(QUERIES[name].sql).fetchall()


def _type(column: str, value: object) -> str:
    kinds = {bool: "BOOLEAN", int: "BIGINT", Decimal: "DECIMAL(38,12)", datetime: "TIMESTAMP", date: "DATE"}
    numbers = ("value", "amount", "variance", "gate_ratio")
    return kinds.get(type(value)) or ("DECIMAL(38,12)" if column.endswith(numbers) else "VARCHAR")


def finding(customer: str, cause: str, variance: str, *, check: str = "invoice_totals") -> dict[str, Any]:
    """A row of parity.findings."""
    return {
        "check_name": check,
        "account": "default",
        "stripe_customer_id": customer,
        "metronome_customer_id": None,
        "currency": "usd",
        "variance": D(variance),
        "cause": cause,
    }


def total(customer: str, expected: str, actual: str, status: str) -> dict[str, Any]:
    """A row of parity.invoice_totals."""
    return {
        "account": "default",
        "stripe_customer_id": customer,
        "metronome_customer_id": None,
        "currency": "usd",
        "period_start": APRIL,
        "period_end": MAY,
        "expected_value": D(expected),
        "actual_value": D(actual),
        "status": status,
    }


def effect(customer: str, name: str, amount: str) -> dict[str, Any]:
    """A row of parity.variance_effects."""
    row = total(customer, "0", "0", "")
    return {key: row[key] for key in list(row)[:6]} | {"effect": name, "amount": D(amount)}
