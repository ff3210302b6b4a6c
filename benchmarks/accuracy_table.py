"""The scores of the accuracy benchmark as a table by fault, and whether they are good enough."""

from collections import defaultdict
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.accuracy_money import Money
from benchmarks.accuracy_names import Hints, hints_of_names
from benchmarks.accuracy_score import Score

_COLUMNS = (
    "cases",
    "verdicts right",
    "breaches found",
    "false alarms",
    "rows",
    "rows wrong",
    "not summed",
    "causes right",
    "money right",
    "unexplained",
    "hints wrong",
)
_NAME_SEEDS = range(1, 61)


def show(scores: Sequence[Score], *, seconds: float) -> int:
    """Print the table, the misses and the sums; 0 when nothing but causes is wrong, else 1."""
    console = Console(width=160)
    table = Table(title="Accuracy by fault", box=box.SIMPLE, padding=0)
    table.add_column("fault", no_wrap=True)
    for column in _COLUMNS:
        table.add_column(column, justify="right", no_wrap=True)
    groups: dict[str, list[Score]] = defaultdict(list)
    for score in scores:
        groups[score.case.group].append(score)
    for name in sorted(groups, key=lambda group: (group != "clean", group != "other readings", group)):
        table.add_row(name, *_cells(groups[name]))
    table.add_section()
    table.add_row("all", *_cells(scores))
    console.print(table)
    names = hints_of_names(_NAME_SEEDS)
    console.print(
        f"Of {names.needed:,} mistyped names {names.told:,} are suggested what they resemble, "
        f"{names.wrong:,} of them wrongly ({100 * names.wrong / max(1, names.told):.2f} %)."
    )
    wrong = [score for score in scores if not score.is_right]
    for score in wrong:
        console.print(f"{score.case}: {'; '.join(score.notes)}", markup=False, soft_wrap=True)
    for score in scores:
        if score.wrong_causes:
            console.print(f"{score.case}: told {', '.join(score.wrong_causes)}", markup=False, soft_wrap=True)
    runs = sum(score.seconds for score in scores)
    console.print(f"{len(scores)} runs in {seconds:,.0f} s ({runs / max(1, len(scores)):.1f} s a run).")
    return 1 if wrong else 0


def _cells(scores: Sequence[Score]) -> tuple[str, ...]:
    due, found = sum(each.breaches_due for each in scores), sum(each.breaches_found for each in scores)
    causes, right = sum(each.causes_due for each in scores), sum(each.causes_right for each in scores)
    money = sum((each.money for each in scores), Money())
    hints = sum((each.hints for each in scores), Hints())
    verdicts = sum(each.verdict == each.verdict_due and not each.checks_wrong for each in scores)
    return (
        str(len(scores)),
        f"{verdicts}/{len(scores)}",
        _share(found, due),
        f"{sum(each.false_alarms for each in scores):,}",
        f"{sum(each.rows for each in scores):,}",
        f"{sum(each.rows_wrong for each in scores):,}",
        f"{sum(each.unsummed for each in scores):,}",
        _share(right, causes),
        f"{100 * money.right / money.told:.1f} %" if money.told else "-",
        f"{sum(each.unexplained for each in scores):,}",
        f"{hints.wrong:,}/{hints.told:,}" if hints.told else "-",
    )


def _share(part: int, whole: int) -> str:
    return f"{part:,}/{whole:,} ({100 * part / whole:.1f} %)" if whole else "-"
