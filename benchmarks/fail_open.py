"""Never fail open: every injected way to see less than everything must end in anything but GO.

`python -m benchmarks.fail_open [--only KIND] [--jobs N]` prints a table by kind; it exits 1 when an injection
ended GO, named nothing, had no effect or ended in an error that nobody foresaw.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.fail_open_endpoints import ENDPOINTS
from benchmarks.fail_open_homes import HomeInjection, Homes, home_injections, killed_run
from benchmarks.fail_open_injections import Injection, injections, small_pages
from benchmarks.fail_open_runs import (
    AS_OF,
    MAX_AGE_HOURS,
    SEED,
    Bench,
    Ending,
    Survey,
    clean_world,
    survey_of,
)
from parity_pipeline.home import Home
from parity_pipeline.published_verdict import read_verdict
from parity_pipeline.sandbox.world import World

LEAST: Final = 200
"""So many injections there must be at least."""


@dataclass(frozen=True)
class Result:
    """What one injection came to."""

    name: str
    kind: str
    ending: Ending
    took_effect: bool
    is_named: bool
    seconds: float

    @property
    def is_fine(self) -> bool:
        """Whether it took effect, did not end GO, and told what is missing."""
        is_closed = self.ending.decision in ("NO_GO", "UNDECIDED", "exit 2")
        return is_closed and self.took_effect and self.is_named


@dataclass(frozen=True)
class Plan:
    """What all workers share: what a clean run reads, and finished homes to copy."""

    survey: Survey
    homes: Homes

    def all(self) -> list[Injection | HomeInjection]:
        """Every injection."""
        return [*injections(self.survey), *home_injections()]


def planned(bench: Bench) -> Plan:
    """Three runs first: a clean one, a clean one in small pages, and one that is NO_GO.

    Raises RuntimeError when the clean ones are not GO over complete listings.
    """
    homes = Homes(bench.folder / "go", bench.folder / "other_go", bench.folder / "no_go")
    _expect("GO", bench.run(homes.go))
    _expect(
        "GO", bench.run(homes.other_go, sides=("stripe", "metronome"), disruptions=small_pages(ENDPOINTS))
    )
    _expect("NO_GO", bench.run(homes.no_go, sides=("metronome",), world=_other_world()))
    return Plan(survey_of(homes.other_go), homes)


def inject(bench: Bench, plan: Plan, injection: Injection | HomeInjection) -> Result:
    """Bring one injection about and see how it ends."""
    started = time.perf_counter()
    home = bench.new_home()
    took_effect = True
    if isinstance(injection, HomeInjection):
        ending = _asked_gate(bench, plan.homes, home, injection)
    else:
        disruptions = injection.damage()
        ending = bench.run(home, sides=injection.sides, disruptions=disruptions, world=_world_of(injection))
        took_effect = bool(disruptions[0].spoilt) if disruptions else True
    shutil.rmtree(home, ignore_errors=True)
    return Result(
        name=injection.name,
        kind=injection.kind,
        ending=ending,
        took_effect=took_effect,
        is_named=injection.is_named_in(ending.told),
        seconds=time.perf_counter() - started,
    )


def _asked_gate(bench: Bench, homes: Homes, home: Path, injection: HomeInjection) -> Ending:
    shutil.copytree(homes.go, home)
    injection.spoil(Home(home), homes)
    if injection.point is not None:
        with bench.variables(sides=("metronome",), world=_other_world()) as variables:
            killed_run(injection.point, home, variables)
    verdict = read_verdict(home, now=injection.now, max_age_hours=MAX_AGE_HOURS)
    return Ending(verdict.decision, " ".join(verdict.reasons))


def _world_of(injection: Injection) -> World | None:
    if injection.other_seed is not None:
        return clean_world(seed=injection.other_seed)
    return clean_world(as_of=AS_OF - timedelta(days=injection.older_days)) if injection.older_days else None


def _other_world() -> World:
    return clean_world(seed=SEED + 1)


def _expect(decision: str, ending: Ending) -> None:
    if ending.decision != decision or not ending.is_complete:
        raise RuntimeError(f"A run that must be {decision} ended {ending.decision}: {ending.told}")


class _Worker:
    """What one process keeps between injections."""

    bench: Bench
    plan: Plan
    by_name: dict[str, Injection | HomeInjection]


def _start_worker(folder: Path, plan: Plan) -> None:
    place = Path(tempfile.mkdtemp(dir=folder))
    _Worker.bench = Bench(place).__enter__()  # until the process ends
    _Worker.plan = plan
    _Worker.by_name = {each.name: each for each in plan.all()}


def _inject_by_name(name: str) -> Result:
    return inject(_Worker.bench, _Worker.plan, _Worker.by_name[name])


def run_all(folder: Path, *, only: str | None, jobs: int, console: Console) -> list[Result]:
    """Every injection, or those of one kind, in processes of their own."""
    with Bench(folder / "plan") as bench:
        plan = planned(bench)
    everything = plan.all()
    if len(everything) < LEAST:
        raise RuntimeError(f"There are only {len(everything)} injections; {LEAST} are wanted.")
    names = [each.name for each in everything if only in (None, each.kind)]
    start = partial(_start_worker, folder, plan)
    results: list[Result] = []
    with ProcessPoolExecutor(jobs, initializer=start) as pool, console.status("") as status:
        for result in pool.map(_inject_by_name, names):
            results.append(result)
            status.update(f"{len(results)} of {len(names)}: {result.name}")
            if not result.is_fine:
                console.print(Text(_complaint(result), style="red"))
    return results


def _complaint(result: Result) -> str:
    what = "ended" if result.took_effect else "had no effect and ended"
    return f"{result.name} {what} {result.ending.decision}: {result.ending.told[:300] or 'nothing told'}"


def table(results: Sequence[Result]) -> Table:
    """One line a kind."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    shown.add_column("kind", no_wrap=True)
    columns = ("NO_GO", "UNDECIDED", "exit 2", "error", "GO")
    for name in ("injections", *columns[:3], "error", "GO (fail open!)", "name what is missing", "seconds"):
        shown.add_column(name, justify="right")
    for kind, group in groupby(sorted(results, key=lambda each: each.kind), key=lambda each: each.kind):
        shown.add_row(kind, *_figures(list(group), columns))
    shown.add_row("all", *_figures(results, columns), style="bold")
    return shown


def _figures(results: Sequence[Result], columns: Iterable[str]) -> list[str]:
    counts = [sum(each.ending.decision == name for each in results) for name in columns]
    named = sum(each.is_named for each in results)
    seconds = sum(each.seconds for each in results)
    return [str(len(results)), *map(str, counts), str(named), f"{seconds:.0f}"]


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 when every injection was closed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", metavar="KIND", help="run one kind only, as in the table")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once")
    options = parser.parse_args(arguments)
    console = Console()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="fail-open-") as folder:
        results = run_all(Path(folder), only=options.only, jobs=options.jobs, console=console)
    console.print(table(results))
    bad = [each for each in results if not each.is_fine]
    console.print(
        f"{len(results)} injections in {time.perf_counter() - started:.0f} s; {len(bad)} not closed."
    )
    return 1 if bad or not results else 0


if __name__ == "__main__":
    sys.exit(main())
