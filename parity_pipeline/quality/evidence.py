"""What the gate judges by: figures read from summaries, suite results and the completeness of the pull."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from parity_pipeline import amounts
from parity_pipeline.periods import rfc3339
from parity_pipeline.quality.suites import SuiteResult


@dataclass(frozen=True)
class CheckFigures:
    """One row of parity.check_summary."""

    check_name: str
    rows: int
    matched: int
    within_tolerance: int
    breaches: int
    pending: int
    waived: int
    settled_rows: int
    customers: int
    customers_within: int
    variance_ratio: Decimal
    warn_ratio: Decimal
    customer_share: Decimal
    worst_gate_ratio: Decimal
    is_ratio_met: bool
    is_share_met: bool
    is_complete_required: bool
    is_warned: bool


@dataclass(frozen=True)
class UnitCycle:
    """One row of parity.check_unit_cycles."""

    account: str
    check_name: str
    unit: str
    cycle: date
    rows: int
    settled_rows: int
    expected_value: Decimal | None
    actual_value: Decimal | None
    net_variance: Decimal
    gross_variance: Decimal
    gate_variance: Decimal
    gate_ratio: Decimal
    is_within: bool


@dataclass(frozen=True)
class WorstCustomer:
    """One row of parity.worst_customers."""

    check_name: str
    unit: str
    cycle: date
    rank: int
    account: str
    stripe_customer_id: str | None
    metronome_customer_id: str | None
    variance: Decimal

    @property
    def customer(self) -> str:
        """The id that a reader knows the customer by: Stripe's, else Metronome's."""
        return self.stripe_customer_id or self.metronome_customer_id or "an unknown customer"


@dataclass(frozen=True)
class CustomerShare:
    """One row of parity.check_customers."""

    account: str
    check_name: str
    customers: int
    customers_within: int
    is_share_met: bool


@dataclass(frozen=True)
class Side:
    """One row of parity.sides."""

    account: str
    source: str
    customers: int
    invoices: int
    usage_rows: int


@dataclass(frozen=True)
class SafetyHit:
    """One row of parity.safety."""

    account: str
    cause: str
    stripe_customer_id: str | None
    metronome_customer_id: str | None
    subject: str
    detail: str


@dataclass(frozen=True)
class Completeness:
    """One row of control.completeness."""

    account: str
    source: str
    resource: str
    requests: int
    pages: int
    rows: int
    watermark: datetime | None
    is_required: bool
    complete: bool
    note: str | None
    reused: int = 0
    """Answers that an earlier landing gave."""
    reused_from: str | None = None
    oldest_read_at: datetime | None = None
    put_off: int = 0
    """Customers that were not asked, because customers take turns."""
    never_read: int = 0
    """Of those, customers of whom too little was ever read."""
    runs_left: int = 0
    """About how many runs it takes until there are none of those."""
    aged: int = 0
    """Customers that were not asked and whose usage is too old to count."""

    @property
    def remark(self) -> str:
        """What is special about it: its note, and what comes from an earlier landing, and since when."""
        parts = [self.note] if self.note else []
        if self.reused:
            parts.append(f"{self.reused} answers from {self.reused_from}")
        if self.put_off:
            parts.append(f"{amounts.counted(self.put_off, 'customer')} not asked in this run")
        if self.never_read:
            parts.append(f"too little known of {self.never_read} of them")
        if self.aged:
            parts.append(f"usage of {self.aged} of them too old to count")
        if self.oldest_read_at:
            parts.append(f"the oldest read after {rfc3339(self.oldest_read_at)}")
        return ", ".join(parts)

    @property
    def key(self) -> str:
        """`stripe/invoices`."""
        return f"{self.source}/{self.resource}"

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts it is about: several where they share a Metronome environment."""
        return tuple(self.account.split(","))

    @property
    def is_offered(self) -> bool:
        """Whether the vendor has this listing at all."""
        return not (self.note or "").startswith("not offered")


@dataclass(frozen=True)
class UsageTurns:
    """One row of parity.usage_turns."""

    account: str
    put_off_customers: int
    never_read_customers: int
    aged_customers: int
    aged_rows: int
    differing_customers: int
    oldest_known_until: datetime | None
    oldest_read_at: datetime | None


@dataclass(frozen=True)
class CycleCoverage:
    """One row of parity.cycle_coverage."""

    account: str
    eligible_customers: int
    customers_with_cycles: int
    required_cycles: int
    settled_share: Decimal
    is_met: bool


@dataclass(frozen=True)
class Evidence:
    """Everything the verdict rests on."""

    checks: Sequence[CheckFigures]
    unit_cycles: Sequence[UnitCycle]
    worst_customers: Sequence[WorstCustomer]
    suites: Sequence[SuiteResult]
    safety_hits: Sequence[SafetyHit]
    completeness: Sequence[Completeness]
    sides: Sequence[Side]
    cycle_coverage: Sequence[CycleCoverage]
    """One for each account of the run."""
    customer_shares: Sequence[CustomerShare] = ()
    usage_turns: Sequence[UsageTurns] = ()
    """One for each account in which customers take turns."""
    extraction_error: str | None = None
    required_go_days: int = 1
    go_days_before: int = 0
    """Days without a gap, up to the one before, that were GO by their own evidence."""
    is_reconstructed: bool = False
    is_blocked: bool = False
    """Whether the input was unfit, so that nothing was compared."""

    def figures(self, check: str) -> CheckFigures | None:
        """The summary of one check."""
        return next((each for each in self.checks if each.check_name == check), None)

    def suite(self, check: str) -> SuiteResult | None:
        """The suite result of one check."""
        return next((each for each in self.suites if each.name == check), None)

    def failed_cycles(self, check: str) -> list[UnitCycle]:
        """The units and cycles of a check that are above its threshold, the worst first."""
        failed = [each for each in self.unit_cycles if each.check_name == check and not each.is_within]
        return sorted(failed, key=lambda each: (-each.gate_ratio, each.account, each.unit, each.cycle))

    def accounts_without_rows(self, check: str) -> list[str]:
        """The accounts of which a check has no row."""
        return self._without(check, "rows")

    def accounts_without_settled_rows(self, check: str) -> list[str]:
        """The accounts of which a check has no settled row."""
        return self._without(check, "settled_rows")

    def unread(self, keys: Sequence[str], account: str) -> list[str]:
        """Those of these resources of an account that were not read in full, or are not offered."""
        read = {
            each.key
            for each in self.completeness
            if each.complete and each.is_offered and account in each.accounts
        }
        return [key for key in keys if key not in read]

    @property
    def has_several_accounts(self) -> bool:
        """Whether a reader must be told which account is meant."""
        return len(self.cycle_coverage) > 1

    def named(self, account: str, text: str) -> str:
        """The text, with the account where there are several."""
        return f"{account}: {text}" if self.has_several_accounts else text

    def _without(self, check: str, count: Literal["rows", "settled_rows"]) -> list[str]:
        accounts = [each.account for each in self.cycle_coverage]
        if len(accounts) == 1:
            figures = self.figures(check)
            return [] if figures is not None and getattr(figures, count) else accounts
        found = {
            each.account for each in self.unit_cycles if each.check_name == check and getattr(each, count)
        }
        return [account for account in accounts if account not in found]
