"""The expectation suites, run by Great Expectations over small frames of counts, booleans and ratios.

The suites in expectations/*.json judge tables that the models built; they compare nothing themselves. This
is the only module that imports Great Expectations, inside one function, because that takes seconds.
"""

import gc
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from parity_pipeline import paths
from parity_pipeline.errors import ParityError

if TYPE_CHECKING:
    import pandas as pd

STAGING_PREFIX: Final = "stg_"
AUDIT_SCHEMA: Final = "audit"
_PLACE: Final = "place"
Parameters = Mapping[str, Decimal]
ReadFrame = Callable[[str], "pd.DataFrame"]


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
class FailedExpectation:
    """One thing that does not hold."""

    table: str
    expectation: str
    column: str
    observed: str


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


def run_suite(suite: Suite, read_frame: ReadFrame, parameters: Parameters) -> SuiteResult:
    """Validate every table of a suite; `read_frame` runs a query."""
    # Great Expectations takes floats; both parameters are thresholds, and SQL has applied them exactly.
    known = {name: float(value) for name, value in parameters.items()}
    failed: list[FailedExpectation] = []
    for table, expectations in suite.expectations.items():
        frame = _without_decimals(read_frame(suite.query(table)))
        failed += _validator()(f"{suite.name}: {table}", table, frame, expectations, known)
    return SuiteResult(name=suite.name, failed=tuple(failed))


def _read_suite(file: Path) -> Suite:
    content = json.loads(file.read_text(encoding="utf-8"))
    expectations = {table: tuple(each) for table, each in content["tables"].items()}
    return Suite(name=file.stem, expectations=expectations)


def _columns(expectation: Mapping[str, Any]) -> tuple[str, ...]:
    names = ("column", "column_A", "column_B")
    return tuple(expectation["kwargs"][name] for name in names if name in expectation["kwargs"])


def _without_decimals(frame: "pd.DataFrame") -> "pd.DataFrame":
    # Only ratios and thresholds are left here, and rounding keeps their order. Whether a threshold is met was
    # decided exactly in SQL; the suite sees that too.
    for column in frame.columns:
        if frame[column].dtype == object:
            frame[column] = [float(value) if isinstance(value, Decimal) else value for value in frame[column]]
    return frame


Validate = Callable[
    [str, str, "pd.DataFrame", tuple[Mapping[str, Any], ...], Mapping[str, float]], list[FailedExpectation]
]


@cache
def _validator() -> Validate:
    """Start Great Expectations once: an ephemeral context without analytics or progress bars."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with _uncollected():
        import great_expectations as gx  # takes seconds to import
        from great_expectations.expectations.expectation_configuration import (
            ExpectationConfiguration,
        )

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_pandas("tables")

    def validate(
        name: str,
        table: str,
        frame: "pd.DataFrame",
        expectations: tuple[Mapping[str, Any], ...],
        parameters: Mapping[str, float],
    ) -> list[FailedExpectation]:
        assets = {asset.name for asset in source.assets}
        asset = source.get_asset(name) if name in assets else source.add_dataframe_asset(name)
        batches = {each.name for each in asset.batch_definitions}
        definition = (
            asset.get_batch_definition("all")
            if "all" in batches
            else asset.add_batch_definition_whole_dataframe("all")
        )
        batch = definition.get_batch(batch_parameters={"dataframe": frame})
        asked = [
            ExpectationConfiguration(**each, meta={_PLACE: place}) for place, each in enumerate(expectations)
        ]

        def results(places: Iterable[int], **form: str) -> dict[int, Any]:
            suite = gx.ExpectationSuite(name=name, expectations=[asked[place] for place in places])
            outcome = batch.validate(suite, expectation_parameters=dict(parameters), **form)
            return {each.expectation_config.meta[_PLACE]: each for each in outcome.results}

        # What holds needs no details, and without them a suite takes half the time.
        brief = results(range(len(asked)), result_format="BOOLEAN_ONLY")
        failed = [place for place, each in brief.items() if not each.success]
        details = results(failed) if failed else {}
        return [_failed(table, details[place]) for place in failed]

    return validate


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector, which finds nothing in an import and takes a sixth of its time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _failed(table: str, result: Any) -> FailedExpectation:  # noqa: ANN401  # Great Expectations has no types
    configuration = result.expectation_config
    found = result.result
    unexpected = found.get("partial_unexpected_list")
    observed = found.get("observed_value", ", ".join(map(str, unexpected)) if unexpected else None)
    return FailedExpectation(
        table=table,
        expectation=configuration.type,
        column=str(configuration.kwargs.get("column") or ""),
        observed="could not be evaluated" if observed is None else str(observed),
    )
