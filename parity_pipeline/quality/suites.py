"""The expectation suites, run by Great Expectations over small tables of counts, booleans and ratios.

The suites in expectations/*.json judge tables that the models built; they compare nothing themselves. The
library, which takes seconds to start, is at work in a process of its own: see expectations_process.py.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from parity_pipeline import paths
from parity_pipeline.errors import ParityError
from parity_pipeline.quality.expectations_process import expectations_process
from parity_pipeline.quality.judged_tables import FailedExpectation, JudgedTable

if TYPE_CHECKING:
    import pyarrow as pa

STAGING_PREFIX: Final = "stg_"
AUDIT_SCHEMA: Final = "audit"
Parameters = Mapping[str, Decimal]
ReadRows = Callable[[str], "pa.Table"]


@dataclass(frozen=True)
class Suite:
    """One file of expectations: for each table it reads, what must hold there."""

    name: str
    expectations: Mapping[str, tuple[Mapping[str, Any], ...]]

    @property
    def is_staging(self) -> bool:
        """Whether it judges what was read, so that a failure stops the comparison."""
        return self.name.startswith(STAGING_PREFIX)

    def query(self, table: str) -> str:
        """What to read of a table: of the shared ones only this check's rows and the columns judged."""
        if table.startswith(f"{AUDIT_SCHEMA}."):
            return f"select * from {table}"  # names come from our own files
        columns = {name for each in self.expectations[table] for name in _columns(each)}
        wanted = ", ".join(sorted(columns))
        return f"select {wanted} from {table} where check_name = '{self.name}'"  # as above


@dataclass(frozen=True)
class SuiteResult:
    """What a suite found."""

    name: str
    failed: tuple[FailedExpectation, ...]

    @property
    def success(self) -> bool:
        """Whether everything holds."""
        return not self.failed

    @property
    def unsound(self) -> tuple[FailedExpectation, ...]:
        """The failures that say that the figures cannot be relied on, not that they are bad."""
        return tuple(each for each in self.failed if each.table.startswith(f"{AUDIT_SCHEMA}."))


def load_suites(folder: Path | None = None) -> tuple[Suite, ...]:
    """Every suite there is, by name."""
    files = sorted((folder or paths.expectations_folder()).glob("*.json"))
    if not files:
        raise ParityError("There are no expectation suites; the installation is incomplete.")
    return tuple(_read_suite(file) for file in files)


def run_suite(suite: Suite, read: ReadRows, parameters: Parameters) -> SuiteResult:
    """Validate every table of a suite; `read` runs a query."""
    # Great Expectations takes floats; both parameters are thresholds, and SQL has applied them exactly.
    known = {name: float(value) for name, value in parameters.items()}
    failed: list[FailedExpectation] = []
    for table, expectations in suite.expectations.items():
        judged = JudgedTable(table, read(suite.query(table)), expectations, known)
        failed += expectations_process().validate(judged)
    return SuiteResult(name=suite.name, failed=tuple(failed))


def _read_suite(file: Path) -> Suite:
    content = json.loads(file.read_text(encoding="utf-8"))
    expectations = {table: tuple(each) for table, each in content["tables"].items()}
    return Suite(name=file.stem, expectations=expectations)


def _columns(expectation: Mapping[str, Any]) -> tuple[str, ...]:
    names = ("column", "column_A", "column_B")
    return tuple(expectation["kwargs"][name] for name in names if name in expectation["kwargs"])
