"""A row that a parity table must hold, and how its status follows from its two values.

Which rows there are is decided beside; here is only what every check's rows share. Money is in minor units,
quantities in the meter's raw unit, both rounded half-up once, at the twelfth place. Times are UTC.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final, Literal

Check = Literal[
    "invoice_totals",
    "line_item_quantities",
    "credit_drawdowns",
    "contract_coverage",
    "event_ingestion",
    "group_key_coverage",
]
Presence = Literal["both", "expected_only", "actual_only"]
Status = Literal["pending", "match", "within_tolerance", "breach"]

EXACT: Final = Context(prec=60, rounding=ROUND_HALF_UP)
"""Wide enough for every sum and product of the sandbox's amounts."""
_PLACES: Final = Decimal("0.000000000001")
_FLOAT: Final = Context(prec=15, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Grain:
    """What a row is about: the values of a table's grain columns; None where a column is NULL or absent.

    The period is half-open. `pricing_group_values` is JSON text with sorted keys.
    """

    check: Check
    account: str
    stripe_customer_id: str | None
    metronome_customer_id: str | None
    currency: str | None = None
    meter: str | None = None
    product: str | None = None
    pricing_group_values: str | None = None
    period_start: datetime | None = None
    period_end: datetime | None = None
    usage_date: date | None = None

    @property
    def unit(self) -> str:
        """What the values are counted in, and never summed across."""
        return self.currency or self.meter or self.product or "contracts"


@dataclass(frozen=True, slots=True)
class Slack:
    """How much of a variance needs no explanation.

    `allowance` is the contract's. `edge` is the usage of the hours that one side cannot cut in two.
    `rounded_up` is what a product that rounds every quantity up may have added.
    """

    allowance: Decimal = Decimal(0)
    edge: Decimal = Decimal(0)
    rounded_up: Decimal = Decimal(0)


NO_SLACK: Final = Slack()


@dataclass(frozen=True, slots=True)
class TruthRow:
    """One row. A side that is absent is None; `is_shifted` when the two periods lie more than a day apart."""

    grain: Grain
    expected: Decimal | None
    actual: Decimal | None
    is_settled: bool
    slack: Slack = NO_SLACK
    is_shifted: bool = False
    variance_ratio: Decimal = Decimal("0.01")

    @property
    def presence(self) -> Presence:
        """Which sides there are."""
        if self.expected is None:
            return "actual_only"
        return "expected_only" if self.actual is None else "both"

    @property
    def variance(self) -> Decimal:
        """Actual minus expected, an absent side counting 0."""
        return EXACT.subtract(self.actual or Decimal(0), self.expected or Decimal(0))

    @property
    def is_inside_allowance(self) -> bool:
        """Whether the variance is no more than the row's allowance."""
        return abs(self.variance) <= self.slack.allowance

    @property
    def status(self) -> Status:
        """The first that holds, before any waiver."""
        if not self.is_settled:
            return "pending"
        if self.is_shifted:
            return "breach"
        if self.is_equal:
            return "match"
        greatest = max(abs(self.expected or Decimal(0)), abs(self.actual or Decimal(0)))
        if self.is_inside_allowance or abs(self.variance) <= EXACT.multiply(self.variance_ratio, greatest):
            return "within_tolerance"
        return "breach"

    @property
    def is_equal(self) -> bool:
        """Whether the two values are the same; to fifteen digits where an API sends floats."""
        if self.grain.check != "event_ingestion":
            return self.variance == 0
        expected, actual = (value or Decimal(0) for value in (self.expected, self.actual))
        return _FLOAT.plus(expected) == _FLOAT.plus(actual)


def rounded(value: Decimal | None) -> Decimal | None:
    """A value as a table holds it; an absent one stays absent."""
    return None if value is None else value.quantize(_PLACES, context=EXACT)
