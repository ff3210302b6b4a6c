"""Rows of the run's tables as values: a column for each field of a dataclass."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from parity_pipeline import warehouse
from parity_pipeline.warehouse import Connection

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


def values(connection: Connection, kind: type[T], query: str, parameters: Sequence[object] = ()) -> list[T]:
    """The rows of a query as values; columns that the value does not have are left out, times are in UTC."""
    names = [field.name for field in fields(kind)]
    rows = warehouse.rows(connection, query, parameters)
    return [kind(**{name: _aware(row[name]) for name in names}) for row in rows]


def _aware(value: object) -> Any:  # noqa: ANN401  # whatever the column holds
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value
