"""The commands about reading: the plan of a pull, doctor, prune. What they find is decided elsewhere."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from parity_pipeline.command_line import ConfigOption, HomeOption, chosen_home, told_plainly
from parity_pipeline.progress import duration

if TYPE_CHECKING:
    from parity_pipeline.extraction import VendorPlan
    from parity_pipeline.sources.doctor import Examination
    from parity_pipeline.sources.plan import Planned

_HOURS_A_DAY: Final = 24


def show_plan(
    *, as_of: str | None, since: str | None, home: Path | None, config: Path | None, full: bool = False
) -> None:
    """Print what the next run will ask of each vendor, and how long that takes."""
    from parity_pipeline import extraction
    from parity_pipeline.home import Home
    from parity_pipeline.home_lock import home_lock
    from parity_pipeline.mapping_files import read_links
    from parity_pipeline.run_request import make_request
    from parity_pipeline.settings import load_settings

    settings, now = load_settings(config=config, home=home), datetime.now(UTC)
    place = Home(settings.home)
    place.prepare()
    request = make_request(now=now, as_of=as_of, since=since, configured_start=settings.parallel_run.start)
    request = replace(request, is_full=full)
    with home_lock(place.lock, now=now):
        vendors = extraction.plan(settings, request, read_links(settings), place, clock=lambda: now)
    for line in plan_lines(
        vendors,
        monthly_reads=settings.limits.stripe_monthly_reads,
        max_age_hours=settings.gate.max_age_hours,
    ):
        _tell(line)


def plan_lines(vendors: Sequence["VendorPlan"], *, monthly_reads: int, max_age_hours: int = 36) -> list[str]:
    """The plan in words: endpoint by endpoint, the largest first, and what a daily schedule reads."""
    from parity_pipeline.sources.plan import RUNS_A_MONTH

    lines = []
    for each in vendors:
        lines.append(f"{each.source} {each.name}: {each.requests} requests, {_pace(each)}")
        lines += [
            f"{planned.requests:>9}  {planned.endpoint}  ({planned.basis})"
            for planned in sorted(each.planned, key=lambda one: (-one.requests, one.endpoint))
        ]
        lines += turns_lines(each.planned, max_age_hours=max_age_hours)
        if each.source == "stripe":
            reads = each.daily_requests * RUNS_A_MONTH
            lines.append(
                f"A daily schedule reads {reads} in {RUNS_A_MONTH} days, {reads / monthly_reads:.0%} of the "
                f"{monthly_reads} that limits.stripe_monthly_reads allows."
            )
    return lines


def turns_lines(planned: Sequence["Planned"], *, max_age_hours: int) -> list[str]:
    """Over how many runs customers take turns, and whether their usage grows too old meanwhile."""
    lines = []
    for each in (one for one in planned if one.runs > 1):
        a_run = max(each.requests, each.daily or 0)
        oldest = (each.runs - 1) * _HOURS_A_DAY
        lines.append(
            f"Event summaries take {each.runs} runs: customers take turns, with about {a_run} questions "
            "a run (limits.summaries_per_run). --full asks everybody."
        )
        if oldest > max_age_hours:
            runs = max_age_hours // _HOURS_A_DAY + 1
            lines.append(
                f"Warning: run daily, the oldest usage would be {oldest} hours old, and what is older than "
                f"gate.max_age_hours ({max_age_hours}) is pending. Set that to {oldest + _HOURS_A_DAY // 2}, "
                f"or limits.summaries_per_run to {math.ceil(each.runs * a_run / runs)}."
            )
    return lines


def _pace(vendor: "VendorPlan") -> str:
    limits = vendor.limits
    if limits.per_second is None:
        speed = f"{limits.concurrent} at once and a guessed quarter of a second each, no rate being published"
    else:
        speed = f"{limits.per_second:g} a second"
        if limits.per_endpoint is not None:
            speed += f" and {limits.per_endpoint:g} an endpoint"
    return f"about {duration(vendor.seconds)} at {speed}"


def doctor(*, home: HomeOption = None, config: ConfigOption = None) -> None:
    """Ask every endpoint that a run needs once: what each key may read, what is missing. Exit 0 or 2."""
    from parity_pipeline import extraction
    from parity_pipeline.home import Home
    from parity_pipeline.settings import load_settings

    with told_plainly(chosen_home(home)):
        settings = load_settings(config=config, home=home)
        examination = extraction.examine_keys(settings, now=datetime.now(UTC))
        _show_examination(examination, Console())
        for line in extraction.places(settings, Home(settings.home)):
            _tell(line)
        raise typer.Exit(2 if any(each.is_trouble for each in examination.findings) else 0)


def prune(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be removed.")] = False,
    home: HomeOption = None,
    config: ConfigOption = None,
) -> None:
    """Remove old landings, but for those that the newest runs or a sign-off rest on."""
    from parity_pipeline.home import Home
    from parity_pipeline.home_lock import home_lock
    from parity_pipeline.retention import drop, old_landings, size_of
    from parity_pipeline.settings import load_retention

    with told_plainly(chosen_home(home)):
        place, now = Home(chosen_home(home)), datetime.now(UTC)
        if not place.landings():
            _tell(f"There are no landings in {place.folder}.")
            return
        with home_lock(place.lock, now=now):
            old = old_landings(place, load_retention(config=config), now=now)
            for folder in old:
                _tell(f"{'would remove' if dry_run else 'remove'} {folder}")
            freed = sum(size_of(folder) for folder in old) if dry_run else drop(old)
        _tell(f"{len(old)} landings, {freed} bytes.")


def _show_examination(examination: "Examination", console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("account", "endpoint", "state", "detail"):
        table.add_column(name, overflow="fold")
    for each in examination.findings:
        style = "red" if each.is_trouble else ""
        table.add_row(
            Text(f"{each.source} {each.account}"),
            Text(each.endpoint),
            Text(each.state, style=style),
            Text(each.detail),
        )
    console.print(table)
    for note in examination.notes:
        _tell(note)
    for warning in examination.warnings:
        _tell(f"Warning: {warning}")


def _tell(line: str) -> None:
    Console().print(Text(line), soft_wrap=True)
