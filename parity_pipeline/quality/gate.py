"""The gate: from the figures of the checks, the suites and the completeness of the pull to one verdict.

Pure: it reads no file, no table and no clock. The order of the rules is the public contract's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from parity_pipeline.quality import reasons
from parity_pipeline.quality.evidence import CheckFigures, Evidence
from parity_pipeline.setting_sections import CHECKS

Decision = Literal["GO", "NO_GO", "UNDECIDED"]
CheckStatus = Literal["PASS", "FAIL", "UNDECIDED"]
EXIT_CODES: Final[Mapping[Decision, int]] = {"GO": 0, "NO_GO": 1, "UNDECIDED": 3}

NEVER_EMPTY: Final = frozenset(
    {"invoice_totals", "line_item_quantities", "contract_coverage", "event_ingestion"}
)
"""Checks that must have rows: without them nothing was compared."""

INPUTS_WHEN_EMPTY: Final[Mapping[str, tuple[str, ...]]] = {
    "credit_drawdowns": (
        "stripe/invoices",
        "stripe/invoice_lines",
        "stripe/credit_grants",
        "stripe/credit_balance_transactions",
        "metronome/invoices",
    ),
    "group_key_coverage": (
        "metronome/products",
        "metronome/contracts",
        "metronome/contract_rates",
        "metronome/usage",
        "metronome/usage_groups",
    ),
}
"""What must have been read in full before a check without rows may pass."""


@dataclass(frozen=True)
class Verdict:
    """The answer, and why."""

    decision: Decision
    reasons: tuple[str, ...]
    checks: Mapping[str, CheckStatus] = field(default_factory=dict)
    is_go_day: bool = False
    """Whether the day's own evidence says GO; the verdict may still wait for more such days."""

    @property
    def exit_code(self) -> int:
        """What the command line ends with."""
        return EXIT_CODES[self.decision]


def decide(evidence: Evidence) -> Verdict:
    """The verdict, first that holds: nothing to rely on, a failure, too little evidence, else GO."""
    safety = reasons.safety(evidence)
    unreliable = _unreliable(evidence)
    statuses = {check: _status(evidence, check) for check in CHECKS}
    if unreliable:
        if evidence.is_blocked:
            statuses = dict.fromkeys(CHECKS, "UNDECIDED")
        return Verdict("UNDECIDED", (*unreliable, *safety), statuses)
    failures = _failures(evidence, statuses)
    if safety or failures:
        return Verdict("NO_GO", (*safety, *failures), statuses)
    too_early = _too_early(evidence)
    if too_early:
        return Verdict("UNDECIDED", too_early, statuses)
    if evidence.go_days_before + 1 < evidence.required_go_days:
        return Verdict("UNDECIDED", (reasons.too_few_go_days(evidence),), statuses, is_go_day=True)
    return Verdict("GO", (), statuses, is_go_day=True)


def _unreliable(evidence: Evidence) -> tuple[str, ...]:
    """Why the figures cannot be relied on at all; empty when they can."""
    found = reasons.incomplete_pull(evidence)
    found += reasons.malformed_input(result for result in evidence.suites if result.name not in CHECKS)
    if found:
        return found
    empty = reasons.empty_sides(evidence)
    for check in CHECKS:
        found += _unreliable_check(evidence, check)
    return (*empty, *found)


def _unreliable_check(evidence: Evidence, check: str) -> tuple[str, ...]:
    figures, suite = evidence.figures(check), evidence.suite(check)
    if figures is None or suite is None:
        return (reasons.not_run(check),)
    found: tuple[str, ...] = ()
    for account in evidence.accounts_without_rows(check):
        if check in NEVER_EMPTY:
            found += (evidence.named(account, reasons.no_rows(check)),)
        elif unread := evidence.unread(INPUTS_WHEN_EMPTY[check], account):
            found += (evidence.named(account, reasons.inputs_not_read(check, unread)),)
    return found or reasons.unsound(suite)


def _status(evidence: Evidence, check: str) -> CheckStatus:
    figures, suite = evidence.figures(check), evidence.suite(check)
    if figures is None or suite is None or _unreliable_check(evidence, check):
        return "UNDECIDED"
    if not suite.success or not _meets_thresholds(figures):
        return "FAIL"
    return "UNDECIDED" if _accounts_to_settle(evidence, check) else "PASS"


def _accounts_to_settle(evidence: Evidence, check: str) -> list[str]:
    """The accounts in which a check that must have settled rows has none yet."""
    return evidence.accounts_without_settled_rows(check) if check in NEVER_EMPTY else []


def _meets_thresholds(figures: CheckFigures) -> bool:
    """The figures' own word: a suite that lost an expectation must not let a check pass."""
    complete = figures.breaches == 0 or not figures.is_complete_required
    return figures.is_ratio_met and figures.is_share_met and complete


def _failures(evidence: Evidence, statuses: Mapping[str, CheckStatus]) -> tuple[str, ...]:
    return tuple(
        sentence
        for check in CHECKS
        if statuses[check] == "FAIL"
        for sentence in reasons.failed_check(evidence, check)
    )


def _too_early(evidence: Evidence) -> tuple[str, ...]:
    """What is still missing before the evidence suffices."""
    found = reasons.unsettled_cycles(evidence) + reasons.differing_when_read(evidence)
    for check in CHECKS:
        for account in _accounts_to_settle(evidence, check):
            found += (evidence.named(account, reasons.nothing_settled(check)),)
    if evidence.is_reconstructed:
        found += (reasons.RECONSTRUCTED,)
    return found
