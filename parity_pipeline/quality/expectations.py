"""Great Expectations, as the program of a process of its own: it answers for one table after the other.

`python -m parity_pipeline.quality.expectations FD` reads requests from a connection and ends with it. This is
the only module that imports the library.
"""

import gc
import os
import sys
import traceback
from collections.abc import Iterable
from decimal import Decimal
from multiprocessing.connection import Connection
from typing import Any, Final

from parity_pipeline.quality.judged_tables import FailedExpectation, JudgedTable

os.environ["GX_ANALYTICS_ENABLED"] = "false"
gc.disable()  # it finds nothing in an import and takes a sixth of its time

import great_expectations as gx  # noqa: E402  # what is above must come first
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration  # noqa: E402

gc.enable()

_PLACE: Final = "place"


class Validator:
    """An ephemeral context, without analytics or progress bars."""

    def __init__(self) -> None:
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        source = context.data_sources.add_pandas("tables")
        self._tables = source.add_dataframe_asset("table").add_batch_definition_whole_dataframe("all")

    def validate(self, judged: JudgedTable) -> list[FailedExpectation]:
        """What does not hold of a table."""
        batch = self._tables.get_batch(batch_parameters={"dataframe": _frame(judged.rows)})
        asked = [
            ExpectationConfiguration(**each, meta={_PLACE: place})
            for place, each in enumerate(judged.expectations)
        ]

        def results(places: Iterable[int], **form: str) -> dict[int, Any]:
            suite = gx.ExpectationSuite(name=judged.table, expectations=[asked[place] for place in places])
            outcome = batch.validate(suite, expectation_parameters=dict(judged.parameters), **form)
            return {each.expectation_config.meta[_PLACE]: each for each in outcome.results}

        # What holds needs no details, and without them a suite takes half the time.
        brief = results(range(len(asked)), result_format="BOOLEAN_ONLY")
        # The library leaves out what it cannot use.
        if unknown := [each.type for place, each in enumerate(asked) if place not in brief]:
            raise LookupError(f"no result for {', '.join(unknown)}")
        failed = [place for place, each in brief.items() if not each.success]
        details = results(failed) if failed else {}
        return [_failed(judged.table, details[place]) for place in failed]


def answer(requests: Connection) -> None:
    """Validate what is asked for until nobody asks any more; what goes wrong is told as text."""
    validator = Validator()
    while True:
        try:
            judged = requests.recv()
        except EOFError:
            return
        try:
            requests.send(validator.validate(judged))
        except Exception:  # noqa: BLE001  # whoever asked raises it again
            requests.send(traceback.format_exc())


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


def _frame(rows: Any) -> Any:  # noqa: ANN401  # neither Arrow nor pandas has types
    # Only ratios and thresholds are decimals here, and rounding keeps their order. Whether a threshold is met
    # was decided exactly in SQL; the suite sees that too.
    frame = rows.to_pandas()
    for column in frame.columns:
        if frame[column].dtype == object:
            frame[column] = [float(value) if isinstance(value, Decimal) else value for value in frame[column]]
    return frame


if __name__ == "__main__":
    answer(Connection(int(sys.argv[1])))
