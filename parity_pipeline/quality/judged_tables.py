"""What is asked of Great Expectations about a table, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class JudgedTable:
    """A table with what must hold of it; `parameters` are what expectations name instead of a number."""

    table: str
    rows: "pa.Table"
    expectations: tuple[Mapping[str, Any], ...]
    parameters: Mapping[str, float]


@dataclass(frozen=True)
class FailedExpectation:
    """One thing that does not hold."""

    table: str
    expectation: str
    column: str
    observed: str
