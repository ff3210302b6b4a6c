"""The result on a terminal: the verdict, the six checks and the reasons."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from parity_pipeline import amounts
from parity_pipeline.report.result import RunResult
from parity_pipeline.report.words import CHECK_TITLES, VERDICT_MEANINGS

VERDICT_STYLES = {"GO": "bold green", "NO_GO": "bold red", "UNDECIDED": "bold yellow"}
_STATUS_STYLES = {"PASS": "green", "FAIL": "red", "UNDECIDED": "yellow"}


def show(result: RunResult, console: Console) -> None:
    """Print the summary."""
    show_verdict(result.verdict.decision, result.verdict.reasons, console, with_checks=_checks(result))
    waived = sum(each.figures.waived for each in result.checks)
    if waived:
        told = f"{amounts.counted(waived, 'row')} with a waived difference: parity query waivers_in_use"
        console.print(Text(told), soft_wrap=True)
    idle = [each for each in result.waivers if each.status != "applied"]
    if idle:
        told = ", ".join(sorted({each.status for each in idle}))
        console.print(
            Text(f"{amounts.counted(len(idle), 'waiver')} that waives nothing: {told}"), soft_wrap=True
        )
    for each in result.cohorts:
        decision = each.verdict.decision
        known = f"{each.known} of {each.named} customers"
        console.print(
            Text(f"cohort {each.name}:"), Text(decision, style=VERDICT_STYLES[decision]), Text(known)
        )


def show_verdict(
    decision: str, reasons: tuple[str, ...], console: Console, *, with_checks: Table | None = None
) -> None:
    """Print a verdict and its reasons; the checks stand between them where there are any."""
    console.print(Text(decision, style=VERDICT_STYLES[decision]), Text(VERDICT_MEANINGS[decision]))
    if with_checks is not None:
        console.print(with_checks)
    for reason in reasons:
        console.print(Text(f"- {reason}"), soft_wrap=True)


def _checks(result: RunResult) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("check")
    table.add_column("status", no_wrap=True)
    for name in ("rows", "breaches", "pending", "within", "ratio"):
        table.add_column(name, justify="right", no_wrap=True)
    for check in result.checks:
        figures = check.figures
        table.add_row(
            CHECK_TITLES[check.name],
            Text(check.status, style=_STATUS_STYLES[check.status]),
            f"{figures.rows:,}",
            f"{figures.breaches:,}",
            f"{figures.pending:,}",
            f"{figures.customers_within}/{figures.customers}",
            amounts.percent(figures.worst_gate_ratio),
        )
    return table
