"""Why one customer differs, as a value; every rendering of `parity explain` is made from it alone.

Amounts are minor units of their currency, quantities raw units of their meter.
Times are UTC, periods half-open.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True)
class Link:
    """One way in which the customer is linked, or why it is not."""

    stripe_customer_id: str | None
    metronome_customer_id: str | None
    link_source: str | None
    status: str
    aliases: tuple[str, ...]


@dataclass(frozen=True)
class Contract:
    """A contract of the customer in Metronome."""

    contract_id: str
    rate_card: str | None
    starts_at: datetime
    ends_at: datetime | None
    is_archived: bool


@dataclass(frozen=True)
class Compared:
    """A row of a check: `subject` is its currency, meter or product with group values."""

    check: str
    subject: str
    presence: str
    expected: Decimal | None
    actual: Decimal | None
    variance: Decimal
    status: str
    period_start: datetime | None
    period_end: datetime | None
    usage_date: date | None
    pricing_group_values: str | None = None


@dataclass(frozen=True)
class Effect:
    """A part of an invoice's variance."""

    currency: str
    effect: str
    meter: str | None
    product: str | None
    amount: Decimal


@dataclass(frozen=True)
class Line:
    """A line of an invoice; `side` is stripe or metronome, `unit_amount` the rate where there is one."""

    currency: str
    side: str
    kind: str
    meter: str | None
    product: str | None
    pricing_group_values: str | None
    quantity: Decimal | None
    unit_amount: Decimal | None
    amount: Decimal


@dataclass(frozen=True)
class Period:
    """One billing period: totals and credit by currency, quantities by meter, effects and lines."""

    start: datetime
    end: datetime
    totals: tuple[Compared, ...]
    credits: tuple[Compared, ...]
    quantities: tuple[Compared, ...]
    effects: tuple[Effect, ...]
    lines: tuple[Line, ...]

    @property
    def has_differences(self) -> bool:
        """Whether there is more to tell than that it matches."""
        rows = (*self.totals, *self.credits, *self.quantities)
        return bool(self.lines) or any(row.status not in {"match", "within_tolerance"} for row in rows)


@dataclass(frozen=True)
class Finding:
    """A share of a breach, or a safety hit, with its cause and the sentence that shows it."""

    check: str
    subject: str
    currency: str | None
    period_start: datetime | None
    usage_date: date | None
    variance: Decimal | None
    cause: str
    evidence: str


@dataclass(frozen=True)
class Remedy:
    """What a cause means, what to do about it, and what can look the same."""

    code: str
    meaning: str
    next_step: str
    looks_like: str


@dataclass(frozen=True)
class NearMiss:
    """A name without a partner and what it is likely meant to be."""

    kind: str
    subject: str
    name: str
    resembles: str
    resembles_id: str
    how: str
    evidence: str


@dataclass(frozen=True)
class CustomerExplanation:
    """One customer of one account."""

    account: str
    stripe_customer_id: str | None
    metronome_customer_id: str | None
    status: str
    links: tuple[Link, ...]
    contracts: tuple[Contract, ...]
    periods: tuple[Period, ...]
    others: tuple[Compared, ...]
    """Breaches of the checks that have no billing period: coverage, events of a day, group values."""
    findings: tuple[Finding, ...]
    remedies: tuple[Remedy, ...]
    near_misses: tuple[NearMiss, ...]

    @property
    def name(self) -> str:
        """Stripe's id, else Metronome's."""
        return self.stripe_customer_id or self.metronome_customer_id or ""

    @property
    def breaches(self) -> tuple[Compared, ...]:
        """All rows that breach."""
        in_periods: Iterable[Compared] = (
            row for each in self.periods for row in (*each.totals, *each.quantities, *each.credits)
        )
        return tuple(row for row in (*in_periods, *self.others) if row.status == "breach")


@dataclass(frozen=True)
class Explanation:
    """The answer to `parity explain`: the customers that the id or alias names, one for each account."""

    asked_for: str
    run_id: str
    as_of: datetime
    customers: tuple[CustomerExplanation, ...]
