"""The verdict that rows deserve, worked out anew from the contract: the oracle of the pipeline's own gate.

Pure arithmetic over rows; only multiplication, never a ratio. What the rows are is decided in truth/.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal, get_args

from parity_pipeline.sandbox.truth.rows import EXACT, Check, TruthRow
from parity_pipeline.setting_sections import Thresholds

CheckStatus = Literal["PASS", "FAIL", "UNDECIDED"]
Decision = Literal["GO", "NO_GO", "UNDECIDED"]
Customer = tuple[str, str | None, str | None]
"""Account, Stripe's id and Metronome's id."""

CHECKS: Final[tuple[Check, ...]] = get_args(Check)
NEEDS_ROWS: Final[frozenset[Check]] = frozenset(
    {"invoice_totals", "line_item_quantities", "contract_coverage", "event_ingestion"}
)
WITHOUT_BREACH: Final = frozenset({"contract_coverage", "group_key_coverage"})
_MONEY: Final = frozenset({"invoice_totals", "credit_drawdowns"})
_MOMENT: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Evidence:
    """What the verdict rests on besides the rows.

    `at_start` names each account, with its Stripe customers whose metered subscription existed when the
    parallel run began and who can have a settled period by now. `safety` are the causes of safety hits, each
    with the Stripe customer's id.
    """

    at_start: Mapping[str, frozenset[str]]
    safety: tuple[tuple[str, str], ...] = ()
    is_complete: bool = True


@dataclass(frozen=True)
class Judgement:
    """Each check's status, the verdict, and which units and customers are not within.

    A check that must have rows and has no settled one yet is undecided.
    """

    checks: Mapping[Check, CheckStatus]
    verdict: Decision
    safety: tuple[tuple[str, str], ...] = ()
    units_off: Mapping[Check, tuple[tuple[str, str, str], ...]] = field(default_factory=dict)
    customers_off: Mapping[Check, tuple[Customer, ...]] = field(default_factory=dict)


def judge(
    rows: Iterable[TruthRow],
    *,
    thresholds: Thresholds,
    as_of: datetime,
    evidence: Evidence,
    required_cycles: int = 1,
    settled_share: Decimal = Decimal("0.8"),
) -> Judgement:
    """The verdict, first that holds; `as_of` is the instant before which everything counts."""
    by_check: dict[Check, list[TruthRow]] = {check: [] for check in CHECKS}
    for row in rows:
        by_check[row.grain.check].append(row)
    findings = {check: _find(by_check[check], thresholds.of(check), as_of) for check in CHECKS}
    checks = {check: _status(check, findings[check], evidence.at_start) for check in CHECKS}
    has_cycles = all(
        _has_cycles(by_check["invoice_totals"], account, customers, required_cycles, settled_share)
        for account, customers in evidence.at_start.items()
    )
    verdict: Decision = "GO"
    if not evidence.is_complete or any(
        not evidence.at_start.keys() <= findings[check].accounts for check in NEEDS_ROWS
    ):
        verdict = "UNDECIDED"
    elif evidence.safety or "FAIL" in checks.values():
        verdict = "NO_GO"
    elif "UNDECIDED" in checks.values() or not has_cycles:
        verdict = "UNDECIDED"
    return Judgement(
        checks,
        verdict,
        evidence.safety,
        {check: found.units_off for check, found in findings.items()},
        {check: found.customers_off for check, found in findings.items()},
    )


@dataclass(frozen=True)
class _Findings:
    """What one check's rows come to; an account is judged by itself."""

    accounts: frozenset[str]
    settled_accounts: frozenset[str]
    units_off: tuple[tuple[str, str, str], ...]
    customers_off: tuple[Customer, ...]
    is_share_met: bool
    has_breach: bool


def _find(rows: list[TruthRow], thresholds: Thresholds, as_of: datetime) -> _Findings:
    customers = _by_customer(rows)
    ratio = thresholds.variance_ratio
    off = tuple(customer for customer, own in customers.items() if any(_cycles_off(own, ratio, as_of)))
    counts = Counter(account for account, *_ in customers)
    off_counts = Counter(account for account, *_ in off)
    return _Findings(
        accounts=frozenset(row.grain.account for row in rows),
        settled_accounts=frozenset(counts),
        units_off=tuple(sorted(_cycles_off(rows, ratio, as_of))),
        customers_off=off,
        is_share_met=all(
            count - off_counts[account] >= thresholds.customer_share * count
            for account, count in counts.items()
        ),
        has_breach=any(row.status == "breach" for row in rows),
    )


def _status(check: Check, found: _Findings, accounts: Collection[str]) -> CheckStatus:
    if found.units_off or not found.is_share_met or (check in WITHOUT_BREACH and found.has_breach):
        return "FAIL"
    is_open = check in NEEDS_ROWS and not set(accounts) <= found.settled_accounts
    return "UNDECIDED" if is_open else "PASS"


def is_within(rows: Sequence[TruthRow], variance_ratio: Decimal) -> bool:
    """Whether the gate ratio of rows of one unit and cycle is at most this.

    What lies outside its row's allowance counts in full; what lies inside only where it leans: by as much as
    its sum is more than two roots of the summed squares of what each row may be off by. That is
    outside + |inside| - 2 root(squares) <= ratio * expected, put so that no root or quotient is needed.
    """
    settled = [row for row in rows if row.is_settled]
    inside = [row for row in settled if row.is_inside_allowance]
    outside = sum((abs(row.variance) for row in settled if not row.is_inside_allowance), Decimal(0))
    expected = sum((abs(row.expected or Decimal(0)) for row in settled), Decimal(0))
    room = EXACT.multiply(variance_ratio, expected) - outside
    leaning = abs(sum((_unexplained(row) for row in inside), Decimal(0))) - room
    squares = sum((EXACT.power(_may_be_off(row), 2) for row in inside), Decimal(0))
    return room >= 0 and (leaning <= 0 or EXACT.multiply(leaning, leaning) <= 4 * squares)


def cycle(row: TruthRow, as_of: datetime) -> str:
    """The month in which a row's period ends, `2026-05`; a row about the whole window ends with it."""
    grain = row.grain
    last: date = (
        grain.usage_date
        if grain.usage_date is not None
        else (grain.period_end if grain.period_end is not None else as_of) - _MOMENT
    )
    return f"{last:%Y-%m}"


def _unexplained(row: TruthRow) -> Decimal:
    """The part of a variance that rounding up every quantity cannot account for."""
    if row.variance <= 0:
        return row.variance
    return max(row.variance - row.slack.rounded_up, Decimal(0))


def _may_be_off(row: TruthRow) -> Decimal:
    """What a row may be off by without leaning: one unit, or the usage of an edge hour."""
    return Decimal(1) if row.grain.check in _MONEY else max(Decimal(1), row.slack.edge)


def _cycles_off(
    rows: Iterable[TruthRow], variance_ratio: Decimal, as_of: datetime
) -> list[tuple[str, str, str]]:
    """The accounts, units and cycles whose gate ratio is too great."""
    groups: dict[tuple[str, str, str], list[TruthRow]] = defaultdict(list)
    for row in rows:
        groups[row.grain.account, row.grain.unit, cycle(row, as_of)].append(row)
    return [place for place, found in groups.items() if not is_within(found, variance_ratio)]


def _by_customer(rows: Iterable[TruthRow]) -> dict[Customer, list[TruthRow]]:
    """The rows of each customer who has a settled one."""
    found: dict[Customer, list[TruthRow]] = defaultdict(list)
    for row in rows:
        found[row.grain.account, row.grain.stripe_customer_id, row.grain.metronome_customer_id].append(row)
    return {customer: own for customer, own in found.items() if any(row.is_settled for row in own)}


def _has_cycles(
    totals: Iterable[TruthRow], account: str, at_start: Collection[str], required: int, settled_share: Decimal
) -> bool:
    """Whether enough of an account's customers of the start have enough settled billing periods."""
    settled: dict[str | None, set[datetime | None]] = defaultdict(set)
    for row in totals:
        if row.is_settled and row.grain.account == account:
            settled[row.grain.stripe_customer_id].add(row.grain.period_end)
    enough = [customer for customer in at_start if len(settled[customer]) >= required]
    return bool(enough) and len(enough) >= settled_share * len(at_start)
