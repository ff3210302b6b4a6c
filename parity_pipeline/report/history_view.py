"""The history on a terminal and as JSON: a verdict a day, a sparkline a check, what changed since."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from parity_pipeline import amounts
from parity_pipeline.history import Change, DayRecord, changes
from parity_pipeline.periods import rfc3339
from parity_pipeline.report.terminal import VERDICT_STYLES
from parity_pipeline.report.words import CHECK_TITLES

SCHEMA_VERSION: Final = 1
_BARS: Final = "▁▂▃▄▅▆▇█"
_UNKNOWN: Final = "·"
_MOST_CHANGES: Final = 10
_MOST_LETTERS: Final = 110


def sparkline(ratios: Sequence[Decimal | None]) -> str:
    """One bar a day between zero and the greatest of them; a dot where a day has none."""
    greatest = max((each for each in ratios if each is not None), default=Decimal(0))
    return "".join(_UNKNOWN if each is None else _BARS[_level(each, greatest)] for each in ratios)


def show_history(days: Sequence[DayRecord], console: Console, *, shown: int) -> None:
    """Print the last days, of which there is one at least."""
    console.print(_verdicts(days[-shown:]))
    console.print()
    console.print(_ratios(days[-shown:]))
    _show_changes(days, console)


def history_json(days: Sequence[DayRecord], *, shown: int) -> str:
    """The same for machines: ratios and amounts are decimal strings, amounts in minor units."""
    content = {
        "schema_version": SCHEMA_VERSION,
        "days": [_day(each) for each in days[-shown:]],
        "changes": [change_dict(each) for each in _latest_changes(days)],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _level(ratio: Decimal, greatest: Decimal) -> int:
    """Zero has the lowest bar for itself; anything above is at least the second."""
    if ratio == 0 or greatest == 0:
        return 0
    return max(1, int(ratio * (len(_BARS) - 1) / greatest))


def _verdicts(days: Sequence[DayRecord]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("as of", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("why, and what the day said before it was run again")
    for day in days:
        earlier = [f"replaces {each.verdict} of run {each.run_id}" for each in day.earlier]
        told = "; ".join([*map(_short, day.reasons[:1]), *earlier])
        table.add_row(
            day.day.isoformat(), Text(day.verdict, style=VERDICT_STYLES.get(day.verdict, "")), Text(told)
        )
    return table


def _short(reason: str) -> str:
    """The beginning of a reason; the report has it in full."""
    return reason if len(reason) <= _MOST_LETTERS else f"{reason[: _MOST_LETTERS - 1].rstrip()}…"


def _ratios(days: Sequence[DayRecord]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("greatest gate ratio")
    table.add_column(f"{days[0].day} to {days[-1].day}", no_wrap=True)
    table.add_column("last", justify="right", no_wrap=True)
    for check, title in CHECK_TITLES.items():
        ratios = [Decimal(day.checks[check].gate_ratio) if check in day.checks else None for day in days]
        last = "-" if ratios[-1] is None else amounts.percent(ratios[-1])
        table.add_row(title, sparkline(ratios), last)
    return table


def _show_changes(days: Sequence[DayRecord], console: Console) -> None:
    found = _latest_changes(days)
    if not found:
        return
    counts = {kind: sum(each.kind == kind for each in found) for kind in ("new", "resolved", "continuing")}
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    console.print(Text(f"\nIncidents since the day before: {told}."), soft_wrap=True)
    for each in found[:_MOST_CHANGES]:
        console.print(Text(f"- {change_line(each)}"), soft_wrap=True)
    if len(found) > _MOST_CHANGES:
        console.print(Text(f"  and {len(found) - _MOST_CHANGES} more; all are in parity.incident_changes."))


def change_dict(change: Change) -> dict[str, Any]:
    """One change for machines; amounts are decimal strings in minor units."""
    return {
        "change": change.kind,
        "account": change.incident.account,
        "cause": change.incident.cause,
        "place": change.incident.place,
        "since": change.since.isoformat(),
        "amount": dict(change.incident.amounts),
        "gross_amount": dict(change.incident.gross),
    }


def change_line(change: Change) -> str:
    """One change as a line."""
    gross = {currency: Decimal(value) for currency, value in change.incident.gross.items()}
    money = ", ".join(
        amounts.net_and_gross(currency, Decimal(value), gross.get(currency))
        for currency, value in change.incident.amounts.items()
    )
    of_account = "" if change.incident.account in ("", "default") else f"{change.incident.account}: "
    there = f", there since {change.since}" if change.kind != "new" else ""
    told = f"{change.kind}: {of_account}{change.incident.cause}, {change.incident.place}{there}"
    return f"{told} ({money})" if money else told


def _latest_changes(days: Sequence[DayRecord]) -> tuple[Change, ...]:
    return changes(days[:-1], days[-1]) if days else ()


def _day(day: DayRecord) -> dict[str, Any]:
    return {
        "as_of": rfc3339(day.as_of),
        "run_id": day.run_id,
        "verdict": day.verdict,
        "go_day": day.is_go_day,
        "reasons": list(day.reasons),
        "checks": {
            name: {"status": each.status, "gate_ratio": each.gate_ratio} for name, each in day.checks.items()
        },
        "replaces": [{"run_id": each.run_id, "verdict": each.verdict} for each in day.earlier],
    }
