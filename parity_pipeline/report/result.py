"""One run's result as a value; every rendering is made from it alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from parity_pipeline.history import DayRecord
from parity_pipeline.quality.evidence import (
    CheckFigures,
    Completeness,
    CycleCoverage,
    SafetyHit,
    UnitCycle,
    WorstCustomer,
)
from parity_pipeline.quality.gate import CheckStatus, Verdict
from parity_pipeline.report.cohorts import CohortVerdict
from parity_pipeline.report.incidents import Incident


@dataclass(frozen=True)
class UnitTotal:
    """One account and unit of a check over all cycles; the cycles stand beneath it."""

    account: str
    unit: str
    expected: Decimal | None
    actual: Decimal | None
    net_variance: Decimal
    gross_variance: Decimal
    gate_ratio: Decimal
    cycles: tuple[UnitCycle, ...]

    @property
    def settled_cycles(self) -> tuple[UnitCycle, ...]:
        """The cycles that have anything to show."""
        return tuple(each for each in self.cycles if each.settled_rows)


@dataclass(frozen=True)
class CheckReport:
    """One of the six checks."""

    name: str
    status: CheckStatus
    figures: CheckFigures
    totals: tuple[UnitTotal, ...]
    worst: tuple[WorstCustomer, ...]


@dataclass(frozen=True)
class Exclusion:
    """Something that was left out of the comparison; the amounts by currency, in minor units."""

    reason: str
    count: int
    amounts: Mapping[str, Decimal]


@dataclass(frozen=True)
class Cause:
    """What one cause accounts for in one check; the amounts by currency, in minor units."""

    code: str
    check: str
    findings: int
    customers: int
    explained: Mapping[str, Decimal]


@dataclass(frozen=True)
class EffectBalance:
    """The totals of a currency that have effects, and what these leave of the variances, minor units."""

    currency: str
    totals: int
    residual: Decimal


@dataclass(frozen=True)
class Finding:
    """One breach or safety hit with its cause."""

    account: str
    check: str
    customer: str
    subject: str
    period_start: datetime | None
    usage_date: date | None
    currency: str | None
    variance: Decimal | None
    cause: str
    explanation: str

    @property
    def when(self) -> str:
        """The month or day it is about."""
        if self.usage_date is not None:
            return self.usage_date.isoformat()
        return self.period_start.date().isoformat() if self.period_start else ""


@dataclass(frozen=True)
class WaiverUse:
    """A line of the waivers file and what became of it."""

    check: str
    customer: str
    subject: str
    approved_by: str
    expires_on: date
    status: str
    account: str = ""
    """Empty for any."""
    reason: str = ""
    matching_rows: int = 0
    """Rows whose difference it would accept."""


@dataclass(frozen=True)
class RunResult:
    """Everything a reader of a run sees."""

    run_id: str
    as_of: datetime
    start: datetime
    scope: str
    is_reconstructed: bool
    verdict: Verdict
    checks: tuple[CheckReport, ...]
    safety: tuple[SafetyHit, ...]
    customers: Mapping[str, int]
    cycles: tuple[CycleCoverage, ...]
    """One for each account of the run."""
    exclusions: tuple[Exclusion, ...]
    causes: tuple[Cause, ...]
    findings: tuple[Finding, ...]
    """The greatest ones only; `findings_in_all` says how many there are."""
    findings_in_all: int
    waivers: tuple[WaiverUse, ...]
    completeness: tuple[Completeness, ...]
    effects: tuple[EffectBalance, ...] = ()
    incidents: tuple[Incident, ...] = ()
    cohorts: tuple[CohortVerdict, ...] = ()
    past_days: tuple[DayRecord, ...] = ()
    """The days before this one, the oldest first."""
    is_blocked: bool = False
    """Whether nothing was compared, because the pull or the input was unfit."""

    def named(self, account: str, text: str) -> str:
        """The text, with the account where there are several."""
        return f"{account}: {text}" if account and len(self.cycles) > 1 else text

    @property
    def is_complete(self) -> bool:
        """Whether everything was read to its end."""
        return all(each.complete for each in self.completeness)
