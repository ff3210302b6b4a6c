"""The DuckDB column types of a landed file, read off the annotations of its record.

Decimals are landed as text so that no reader rounds them; times are landed in UTC.
"""

from datetime import datetime
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from parity_pipeline.sources.resources import Resource

_SCALARS: Final[tuple[tuple[type, str], ...]] = (
    (bool, "BOOLEAN"),  # before int, its base
    (int, "BIGINT"),
    (str, "VARCHAR"),
    (Decimal, "VARCHAR"),
    (datetime, "TIMESTAMP"),
)


def duckdb_columns(resource: Resource) -> dict[str, str]:
    """Column name to DuckDB type: account, context, then the record's fields in order."""
    columns = dict.fromkeys(("account", *resource.context), "VARCHAR")
    fields = _fields(resource.record)
    if twice := columns.keys() & fields.keys():
        raise ValueError(f"{resource.key}: context repeats the fields {sorted(twice)}")
    return columns | fields


@cache
def holds_times(kind: Any) -> bool:  # noqa: ANN401 - an annotation can be anything
    """Whether a record, or anything inside it, has a time."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return any(holds_times(hint) for hint in get_type_hints(kind).values())
    return kind is datetime or any(holds_times(part) for part in get_args(kind) if not isinstance(part, str))


def _fields(record: type[msgspec.Struct]) -> dict[str, str]:
    hints = get_type_hints(record)
    return {field.encode_name: _column_type(hints[field.name]) for field in msgspec.structs.fields(record)}


def _column_type(kind: Any) -> str:  # noqa: ANN401 - an annotation can be anything
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        (inner,) = {_column_type(part) for part in get_args(kind) if part is not NoneType}
        return inner
    if origin is Literal:
        return "VARCHAR"
    if origin is list:
        return f"{_column_type(get_args(kind)[0])}[]"
    if issubclass(kind, msgspec.Struct):
        parts = ", ".join(f'"{name}" {inner}' for name, inner in _fields(kind).items())
        return f"STRUCT({parts})"
    return next(name for scalar, name in _SCALARS if issubclass(kind, scalar))
