"""The sentences of a verdict's reasons: each names the check, the number, the threshold and who is worst.

Nothing is decided here.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from parity_pipeline import amounts
from parity_pipeline.quality.evidence import (
    CheckFigures,
    Completeness,
    CycleCoverage,
    Evidence,
    SafetyHit,
    UnitCycle,
)
from parity_pipeline.quality.suites import SuiteResult

RECONSTRUCTED: Final = (
    "This day was reconstructed: it was pulled later than on its own day, when invoices and usage may have "
    "changed, so it cannot be better than UNDECIDED."
)
_MOST_NAMED: Final = 3
_VENDORS: Final = {"stripe": "Stripe", "metronome": "Metronome"}
_WRONG_KEY: Final = "there is nothing to compare; is the key that of the right account?"


def incomplete_pull(evidence: Evidence) -> tuple[str, ...]:
    """What could not be read, if anything."""
    error = evidence.extraction_error
    if error is not None:
        return (f"The pull is incomplete: {error.rstrip('.')}.",)
    open_still = [each for each in evidence.completeness if not each.complete]
    unread = [evidence.named(each.account, each.key) for each in open_still if not each.never_read]
    if unread:
        return (f"The pull is incomplete: {_listed(unread)} not read to the end.",)
    return tuple(evidence.named(each.account, _never_read(each)) for each in open_still)


def _never_read(usage: Completeness) -> str:
    customers = amounts.counted(usage.never_read, "customer")
    runs = amounts.counted(usage.runs_left, "more run")
    return (
        f"The pull is incomplete: too little usage of {customers} was read from Stripe up to now; "
        f"about {runs} will do (limits.summaries_per_run), or one with --full."
    )


def differing_when_read(evidence: Evidence) -> tuple[str, ...]:
    """Customers whose usage differed, and was read too long ago to count."""
    return tuple(
        evidence.named(
            each.account,
            f"The usage of {amounts.counted(each.differing_customers, 'customer')} differed and was read "
            "longer ago than gate.max_age_hours; raise limits.summaries_per_run, or run with --full.",
        )
        for each in evidence.usage_turns
        if each.differing_customers
    )


def malformed_input(suites: Iterable[SuiteResult]) -> tuple[str, ...]:
    """Which staging suites found input that must not be compared."""
    return tuple(
        f"The input is unfit to be compared: {suite.name} has {each.observed} in "
        f"{each.column or each.expectation}, where there must be none."
        for suite in suites
        for each in suite.failed
    )


def empty_sides(evidence: Evidence) -> tuple[str, ...]:
    """Sides of an account that have no customer, or nothing that was ever billed or metered."""
    found = []
    for side in evidence.sides:
        vendor = _VENDORS[side.source]
        if not side.customers:
            told = f"{vendor} returned no customer: {_WRONG_KEY}"
        elif not side.invoices and not side.usage_rows:
            told = f"{vendor} returned neither an invoice nor usage: {_WRONG_KEY}"
        else:
            continue
        found.append(evidence.named(side.account, told))
    return tuple(found)


def not_run(check: str) -> str:
    """A check without a result."""
    return f"{check} has no result: its suite did not run."


def no_rows(check: str) -> str:
    """A check that compared nothing."""
    return f"{check} has no rows: nothing was compared."


def inputs_not_read(check: str, unread: Sequence[str]) -> str:
    """A check without rows that may be empty only because nobody could look."""
    return f"{check} has no rows, and that proves nothing because {_listed(unread)} not read in full."


def unsound(suite: SuiteResult) -> tuple[str, ...]:
    """Figures that contradict themselves."""
    return tuple(
        f"{suite.name} cannot be relied on: "
        f"{each.column or each.expectation} of {each.table} is {each.observed}."
        for each in suite.unsound
    )


def nothing_settled(check: str) -> str:
    """A check whose rows are all pending."""
    return f"{check} has no settled row yet."


def unsettled_cycles(evidence: Evidence) -> tuple[str, ...]:
    """Too few customers of an account with enough settled billing periods."""
    return tuple(
        evidence.named(each.account, _too_few(each)) for each in evidence.cycle_coverage if not each.is_met
    )


def _too_few(coverage: CycleCoverage) -> str:
    if coverage.eligible_customers == 0:
        return "No customer had a metered subscription when the parallel run started, so no cycle can count."
    cycles = amounts.counted(coverage.required_cycles, "settled billing period")
    return (
        f"{coverage.customers_with_cycles} of {coverage.eligible_customers} customers have {cycles}; "
        f"{amounts.percent(coverage.settled_share)} of them must."
    )


def too_few_go_days(evidence: Evidence) -> str:
    """A day that is GO by itself, and too few before it."""
    days = evidence.go_days_before + 1
    told = "day is" if days == 1 else "consecutive days are"
    return (
        f"All checks pass, but only {days} {told} GO up to now; "
        f"{evidence.required_go_days} consecutive ones are required."
    )


def safety(evidence: Evidence) -> tuple[str, ...]:
    """What must not happen to a customer, one sentence a cause."""
    sentences = []
    for cause in sorted({hit.cause for hit in evidence.safety_hits}):
        of_cause = [hit for hit in evidence.safety_hits if hit.cause == cause]
        named = [
            f"{evidence.named(hit.account, _customer(hit))} ({hit.detail})" for hit in of_cause[:_MOST_NAMED]
        ]
        told = f"{'; '.join(named)}{_more(len(of_cause))}"
        sentences.append(f"Safety, {cause}: {amounts.counted(len(of_cause), 'hit')}: {told}.")
    return tuple(sentences)


def failed_check(evidence: Evidence, check: str) -> tuple[str, ...]:
    """Why a check fails: the worst unit and cycle, the share of customers, breaches that may not be."""
    figures, suite = evidence.figures(check), evidence.suite(check)
    if figures is None or suite is None:
        return (not_run(check),)
    ratios = [_ratio(evidence, figures, each) for each in _worst_of_each_unit(evidence.failed_cycles(check))]
    counts = []
    if figures.is_complete_required and figures.breaches:
        breaches = amounts.counted(figures.breaches, "breach", "breaches")
        counts.append(f"{breaches} in {figures.rows} rows, and it passes only without one")
    if not figures.is_share_met:
        counts += _shares(evidence, figures)
    named = "" if ratios else _named(evidence, check)
    found = [*ratios, *(f"{check} fails: {each}{named}." for each in counts)]
    others = [f"{check} fails: {each.expectation} on {each.column or each.table}." for each in suite.failed]
    return tuple(found or others)


def _shares(evidence: Evidence, figures: CheckFigures) -> list[str]:
    """How many customers are within; of the accounts where they are too few, when there are several."""
    few = [
        evidence.named(each.account, f"{each.customers_within} of {each.customers}")
        for each in evidence.customer_shares
        if each.check_name == figures.check_name and not each.is_share_met
    ]
    must = f"customers are within tolerance, {amounts.percent(figures.customer_share)} must be"
    return [f"{each} {must}" for each in few or [f"{figures.customers_within} of {figures.customers}"]]


def _ratio(evidence: Evidence, figures: CheckFigures, worst: UnitCycle) -> str:
    named = _named(evidence, figures.check_name, worst)
    of_account = f" of {worst.account}" if evidence.has_several_accounts else ""
    return (
        f"{figures.check_name} fails for {worst.unit}{of_account} in {worst.cycle:%Y-%m}: the gate ratio is "
        f"{amounts.percent(worst.gate_ratio)} ({amounts.amount(worst.unit, worst.gate_variance)}), at most "
        f"{amounts.percent(figures.variance_ratio)} is allowed{named}."
    )


def _worst_of_each_unit(cycles: Sequence[UnitCycle]) -> list[UnitCycle]:
    worst: dict[tuple[str, str], UnitCycle] = {}
    for each in cycles:
        worst.setdefault((each.account, each.unit), each)
    return list(worst.values())


def _named(evidence: Evidence, check: str, place: UnitCycle | None = None) -> str:
    """The customers with the greatest variance, there or anywhere, as the end of a sentence."""
    worst = [
        each
        for each in evidence.worst_customers
        if each.check_name == check
        and (
            place is None or (each.account, each.unit, each.cycle) == (place.account, place.unit, place.cycle)
        )
    ]
    worst.sort(key=lambda each: (each.rank, each.unit, each.account))
    first_of_each = {(each.account, each.customer): each for each in reversed(worst)}
    shown = [each for each in worst if first_of_each[each.account, each.customer] is each][:_MOST_NAMED]
    # The sentence about a place has named its account already.
    names = [each.customer if place else evidence.named(each.account, each.customer) for each in shown]
    named = [
        f"{name} ({amounts.amount(each.unit, each.variance)})"
        for name, each in zip(names, shown, strict=True)
    ]
    return f"; greatest: {', '.join(named)}" if named else ""


def _customer(hit: SafetyHit) -> str:
    return hit.stripe_customer_id or hit.metronome_customer_id or hit.subject


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMED])
    return f"{shown}{_more(len(names))} {'was' if len(names) == 1 else 'were'}"


def _more(count: int) -> str:
    return f" and {count - _MOST_NAMED} more" if count > _MOST_NAMED else ""
