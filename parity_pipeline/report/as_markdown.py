"""report.md: the result as Markdown, for a pull request, a ticket or a chat."""

from collections.abc import Iterable, Sequence
from typing import Final

from parity_pipeline import amounts
from parity_pipeline.periods import rfc3339
from parity_pipeline.report.history_view import change_line
from parity_pipeline.report.result import CheckReport, RunResult
from parity_pipeline.report.trend import changes_of
from parity_pipeline.report.words import (
    CHECK_TITLES,
    CUSTOMER_STATUSES,
    VERDICT_MEANINGS,
    effects_line,
    exclusion,
)

MOST_INCIDENTS: Final = 20
_UNSEEN: Final = "Nothing was compared, so nobody can say."
_COUNTS: Final = ("rows", "match", "within", "breaches", "pending", "waived")


def to_markdown(result: RunResult) -> str:
    """The whole file."""
    parts = [
        _head(result),
        _checks(result),
        _totals(result),
        _worst(result),
        _safety(result),
        _changes(result),
        _incidents(result),
        _causes(result),
        _findings(result),
        _customers(result),
        _cohorts(result),
        _exclusions(result),
        _waivers(result),
        _completeness(result),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(result: RunResult) -> str:
    verdict = result.verdict
    lines = [
        f"# {verdict.decision}: {VERDICT_MEANINGS[verdict.decision]}",
        "",
        f"Parallel run from {result.start.date()} up to {rfc3339(result.as_of)}, scope `{result.scope}`, "
        f"run `{result.run_id}`.",
    ]
    if result.is_reconstructed:
        lines += ["", "This day was reconstructed later."]
    lines += [""] * bool(verdict.reasons) + [f"- {_escaped(reason)}" for reason in verdict.reasons]
    return "\n".join(lines)


def _checks(result: RunResult) -> str:
    header = ("check", "status", *_COUNTS, "customers", "gate ratio", "limit")
    rows = [
        (
            CHECK_TITLES[each.name],
            each.status + (" (warning)" if each.figures.is_warned and each.status == "PASS" else ""),
            each.figures.rows,
            each.figures.matched,
            each.figures.within_tolerance,
            each.figures.breaches,
            each.figures.pending,
            each.figures.waived,
            f"{each.figures.customers_within} of {each.figures.customers}",
            amounts.percent(each.figures.worst_gate_ratio),
            amounts.percent(each.figures.variance_ratio),
        )
        for each in result.checks
    ]
    return _section("Checks", _table(header, rows))


def _totals(result: RunResult) -> str:
    header = ("check", "unit", "cycle", "Stripe", "Metronome", "net", "gross", "gate ratio")
    rows = [row for check in result.checks for row in _totals_of(result, check)]
    note = "Settled rows only. Each cycle is judged by itself; net and gross are shown and decide nothing."
    return _section("Totals", note, _table(header, rows)) if rows else ""


def _totals_of(result: RunResult, check: CheckReport) -> list[tuple[object, ...]]:
    return [
        (
            CHECK_TITLES[check.name],
            result.named(total.account, total.unit),
            f"{cycle.cycle:%Y-%m}",
            amounts.bare(total.unit, cycle.expected_value),
            amounts.bare(total.unit, cycle.actual_value),
            amounts.bare(total.unit, cycle.net_variance),
            amounts.bare(total.unit, cycle.gross_variance),
            amounts.percent(cycle.gate_ratio),
        )
        for total in check.totals
        for cycle in total.settled_cycles
    ]


def _worst(result: RunResult) -> str:
    rows = [
        (
            CHECK_TITLES[check.name],
            each.unit,
            f"{each.cycle:%Y-%m}",
            result.named(each.account, each.customer),
            amounts.bare(each.unit, each.variance),
        )
        for check in result.checks
        for each in check.worst
    ]
    return (
        _section("Largest differences", _table(("check", "unit", "cycle", "customer", "variance"), rows))
        if rows
        else ""
    )


def _safety(result: RunResult) -> str:
    if not result.safety:
        return _section("Safety", _UNSEEN if result.is_blocked else "No safety hit.")
    rows = [
        (each.cause, result.named(each.account, each.stripe_customer_id or ""), each.subject, each.detail)
        for each in result.safety
    ]
    return _section("Safety", _table(("cause", "customer", "subject", "detail"), rows))


def _changes(result: RunResult) -> str:
    told = [change_line(each) for each in changes_of(result) if each.kind != "continuing"]
    lines = [f"- {_escaped(each)}" for each in told[:MOST_INCIDENTS]]
    return _section("New and resolved incidents", "\n".join(lines)) if lines else ""


def _incidents(result: RunResult) -> str:
    rows = [
        (
            each.cause,
            result.named(each.account, each.scope),
            each.first_day or "",
            each.last_day or "",
            each.customers,
            each.findings,
            each.money,
            each.next_step,
        )
        for each in result.incidents[:MOST_INCIDENTS]
    ]
    header = ("cause", "where", "from", "to", "customers", "findings", "money", "next step")
    note = f"The {len(rows)} greatest of {len(result.incidents)}; all are in `parity.incidents`."
    return _section("Incidents", note, _table(header, rows)) if rows else ""


def _causes(result: RunResult) -> str:
    rows = [
        (
            each.code,
            each.check,
            each.findings,
            each.customers,
            ", ".join(amounts.amount(currency, value) for currency, value in each.explained.items()),
        )
        for each in result.causes
    ]
    header = ("cause", "check", "findings", "customers", "variance")
    told = "\n\n".join(filter(None, (_table(header, rows), effects_line(result.effects))))
    return _section("Causes", told) if rows else ""


def _findings(result: RunResult) -> str:
    if not result.findings:
        return ""
    rows = [
        (
            each.check,
            result.named(each.account, each.customer),
            each.subject,
            each.when,
            each.cause,
            each.explanation,
        )
        for each in result.findings
    ]
    return _section(
        "Findings",
        f"The {len(result.findings)} greatest of {result.findings_in_all}; all are in `parity.findings`.",
        _table(("check", "customer", "subject", "when", "cause", "explanation"), rows),
    )


def _customers(result: RunResult) -> str:
    rows = [(status, count, CUSTOMER_STATUSES[status]) for status, count in result.customers.items()]
    notes = [
        result.named(
            each.account,
            f"{each.customers_with_cycles} of {each.eligible_customers} customers have "
            f"{amounts.counted(each.required_cycles, 'settled billing period')}.",
        )
        for each in result.cycles
    ]
    return _section("Customers", _table(("status", "customers", "meaning"), rows), *notes)


def _cohorts(result: RunResult) -> str:
    rows = [
        (each.name, each.named, each.known, each.verdict.decision, " ".join(each.verdict.reasons))
        for each in result.cohorts
    ]
    return _section("Cohorts", _table(("cohort", "named", "known", "verdict", "why"), rows)) if rows else ""


def _exclusions(result: RunResult) -> str:
    if not result.exclusions:
        return _section("Left out", _UNSEEN if result.is_blocked else "Nothing was left out.")
    rows = [
        (
            exclusion(each.reason),
            each.count,
            ", ".join(amounts.amount(currency, value) for currency, value in each.amounts.items()),
        )
        for each in result.exclusions
    ]
    return _section("Left out", _table(("reason", "count", "amount"), rows))


def _waivers(result: RunResult) -> str:
    rows = [
        (
            each.check,
            result.named(each.account, each.customer or "any"),
            each.subject or "any",
            each.reason,
            each.approved_by,
            each.expires_on,
            each.matching_rows,
            each.status,
        )
        for each in result.waivers
    ]
    header = ("check", "customer", "subject", "reason", "approved by", "expires on", "rows", "status")
    return _section("Waivers", _table(header, rows)) if rows else ""


def _completeness(result: RunResult) -> str:
    rows = [
        (
            result.named(each.account, each.source),
            each.resource,
            each.requests,
            each.pages,
            each.rows,
            rfc3339(each.watermark) if each.watermark else "",
            "yes" if each.complete else "no",
            each.remark,
        )
        for each in result.completeness
    ]
    header = ("source", "resource", "requests", "pages", "rows", "up to", "complete", "note")
    return _section("Completeness", _table(header, rows))


def _section(title: str, *parts: str) -> str:
    return "\n\n".join((f"## {title}", *parts))


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [" | ".join(header), " | ".join("---" for _ in header)]
    lines += [" | ".join(_escaped(str(cell)) for cell in row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def _escaped(text: str) -> str:
    """Outside text must not break a table, start markup or carry HTML."""
    flat = " ".join(text.split())
    for sign, replacement in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "\\|"), ("`", "'")):
        flat = flat.replace(sign, replacement)
    return flat
