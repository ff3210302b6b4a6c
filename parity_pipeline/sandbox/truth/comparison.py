"""Published rows held against the truth: which are missing, which are too many, which have other values.

Nothing is opened here; the caller brings a way to query the published database.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, Final

from parity_pipeline.sandbox.truth.rows import Grain, TruthRow

Query = Callable[[str], list[tuple[Any, ...]]]
"""Runs a query on the published database."""

_CUSTOMER: Final = ("account", "stripe_customer_id", "metronome_customer_id")
_PERIOD: Final = ("period_start", "period_end")
GRAINS: Final[dict[str, tuple[str, ...]]] = {
    "invoice_totals": (*_CUSTOMER, "currency", *_PERIOD),
    "line_item_quantities": (*_CUSTOMER, "meter", *_PERIOD),
    "credit_drawdowns": (*_CUSTOMER, "currency", *_PERIOD),
    "contract_coverage": _CUSTOMER,
    "event_ingestion": (*_CUSTOMER, "meter", *_PERIOD, "usage_date"),
    "group_key_coverage": (*_CUSTOMER, "product", "pricing_group_values"),
}
"""The grain columns of each parity table."""

_TAIL: Final = ("presence", "expected_value", "actual_value", "variance", "status")
_FLOAT: Final = Context(prec=15, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class Published:
    """One row of a parity table."""

    grain: Grain
    presence: str
    expected: Decimal | None
    actual: Decimal | None
    variance: Decimal
    status: str


@dataclass(frozen=True)
class Difference:
    """A row that both have, with other values; `what` names the columns."""

    published: Published
    truth: TruthRow
    what: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """The outcome; all three empty when the tables hold the truth."""

    missing: tuple[TruthRow, ...]
    extra: tuple[Published, ...]
    different: tuple[Difference, ...]

    @property
    def is_equal(self) -> bool:
        """Whether the published rows are the truth."""
        return not (self.missing or self.extra or self.different)


def compare_with_truth(query: Query, truth: Iterable[TruthRow]) -> Comparison:
    """Hold the six published tables against the rows that they must hold."""
    found: dict[Grain, Published] = {}
    extra: list[Published] = []
    for row in published_rows(query):
        if row.grain in found:
            extra.append(row)  # the same grain twice
        found.setdefault(row.grain, row)
    missing: list[TruthRow] = []
    different: list[Difference] = []
    for wanted in truth:
        row_found = found.pop(wanted.grain, None)
        if row_found is None:
            missing.append(wanted)
        elif what := _differing(row_found, wanted):
            different.append(Difference(row_found, wanted, what))
    return Comparison(tuple(missing), (*extra, *found.values()), tuple(different))


def published_rows(query: Query) -> list[Published]:
    """Every row of the six tables."""
    rows: list[Published] = []
    for check, columns in GRAINS.items():
        names = ", ".join((*columns, *_TAIL))
        for values in query(f"select {names} from parity.{check}"):  # noqa: S608  # names of this module's own
            grain = {name: _utc(value) for name, value in zip(columns, values, strict=False)}
            # The columns are the dataclass's own fields, in a dict.
            rows.append(Published(Grain(check=check, **grain), *values[len(columns) :]))  # type: ignore[arg-type]
    return rows


def _utc(value: Any) -> Any:  # noqa: ANN401  # whatever type the column has
    """A timestamp of a table is UTC without an offset."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def _differing(published: Published, truth: TruthRow) -> tuple[str, ...]:
    is_float = published.grain.check == "event_ingestion"
    same = {
        "presence": published.presence == truth.presence,
        "expected": _is_same(published.expected, truth.expected, is_float=is_float),
        "actual": _is_same(published.actual, truth.actual, is_float=is_float),
        "variance": is_float or published.variance == truth.variance,
        "status": published.status == truth.status,
    }
    return tuple(name for name, is_equal in same.items() if not is_equal)


def _is_same(published: Decimal | None, truth: Decimal | None, *, is_float: bool) -> bool:
    if published is None or truth is None:
        return published is truth
    return _FLOAT.plus(published) == _FLOAT.plus(truth) if is_float else published == truth
