"""What everything after landing costs, at several sizes of company, and how it grows.

`python -m benchmarks.compute` (or `make bench`) prints figures and decides nothing.
"""

import argparse
import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean
from typing import TypeVar

from benchmarks.compute_dagster import run_orchestrated
from benchmarks.compute_floor import run_floor
from benchmarks.compute_stages import Cost, Costs, run_stages
from benchmarks.synthetic import ACCOUNT, RUN_ID, Company, land
from parity_pipeline.home import Home
from parity_pipeline.landing import Manifest, read_manifest

SIZES = (1_000, 10_000)

Result = TypeVar("Result")


def apart(function: Callable[..., Result], *arguments: object) -> Result:
    """Call it in a process of its own, so that memory is its own too."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def landed(company: Company, folder: Path) -> Manifest:
    """The company's landing, written unless it is there."""
    place = Home(folder).landing(RUN_ID)
    if (place / "manifest.json").exists():
        return read_manifest(place)
    return apart(land, company, place)


def show(customers: int, manifest: Manifest, costs: Costs, slowest: int) -> None:
    """One size: a line a stage, then the slowest models."""
    rows = {f"{each.source}/{each.resource}": each.rows for each in manifest.resources}
    landed_rows = sum(rows.values())
    print(f"\n{customers:,} customers: {rows['stripe/invoices']:,} Stripe invoices,", end=" ")
    print(
        f"{rows['stripe/invoice_lines']:,} lines, {rows['stripe/meter_event_summaries']:,} usage rows;",
        end=" ",
    )
    print(f"{landed_rows:,} landed rows in all; {costs.verdict}")
    print(f"{'stage':14}{'wall s':>9}{'CPU s':>9}{'rows/s':>12}{'peak MB':>9}")
    for name, cost in [*costs.stages.items(), ("whole", costs.whole)]:
        _line(name, cost, landed_rows)
    by_time = sorted(costs.models.items(), key=lambda each: -each[1].seconds)
    for name, cost in by_time[:slowest]:
        print(f"  {name:48}{cost.seconds:8.2f}{cost.cpu_seconds:8.2f}{cost.peak_megabytes:8.0f}", end=" ")
        print(f"{costs.rows[name]:>12,} rows")


def _line(name: str, cost: Cost, rows: int) -> None:
    speed = rows / cost.seconds if cost.seconds else 0.0
    print(f"{name:14}{cost.seconds:9.2f}{cost.cpu_seconds:9.2f}{speed:12,.0f}{cost.peak_megabytes:9.0f}")


def show_floor(whole: Cost, floors: Sequence[Cost]) -> None:
    """What the hardware allows, before and after the run, and how many times their mean the run takes."""
    for name, floor in zip(("floor before", "floor after"), floors, strict=True):
        print(f"{name:14}{floor.seconds:9.2f}{floor.cpu_seconds:9.2f}{'':12}{floor.peak_megabytes:9.0f}")
    by_cpu = whole.cpu_seconds / mean(each.cpu_seconds for each in floors)
    by_clock = whole.seconds / mean(each.seconds for each in floors)
    print(f"the run takes {by_cpu:.1f} times the floor's CPU time, {by_clock:.1f} times its wall time")


def show_orchestrated(bare: Cost, orchestrated: Cost) -> None:
    """What Dagster adds to the bare run."""
    more = orchestrated.cpu_seconds / bare.cpu_seconds - 1
    print(f"{'by Dagster':14}{orchestrated.seconds:9.2f}{orchestrated.cpu_seconds:9.2f}", end="")
    print(f"{'':12}{orchestrated.peak_megabytes:9.0f}  {more:+.0%} of CPU time")


def show_growth(sizes: Sequence[int], found: Sequence[Costs]) -> None:
    """How much longer each stage takes than at the size before, in CPU time."""
    for number in range(1, len(sizes)):
        small, large = sizes[number - 1], sizes[number]
        before, after = found[number - 1], found[number]
        print(f"\ngrowth from {small:,} to {large:,} customers ({large / small:.1f} times), in CPU time:")
        for name, cost in [*after.stages.items(), ("whole", after.whole)]:
            earlier = before.whole if name == "whole" else before.stages[name]
            print(f"{name:14}{cost.cpu_seconds / max(earlier.cpu_seconds, 0.001):9.1f} times")


def main() -> None:
    """Measure every size."""
    parser = argparse.ArgumentParser(description="What everything after landing costs.")
    parser.add_argument("--customers", type=int, nargs="+", default=SIZES, help="sizes of the company")
    parser.add_argument("--breaches", type=int, help="so many meters' periods differ, instead of 0.5 %%")
    parser.add_argument("--slowest", type=int, default=8, help="how many of the slowest models to show")
    parser.add_argument(
        "--folder", type=Path, help="keep landings and results here, and use those that are there"
    )
    parser.add_argument("--bare", action="store_true", help="leave out the run by Dagster")
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="parity-compute-"))
    variables = {name: value for name, value in os.environ.items() if name.startswith("PARITY_COMPUTE__")}
    found: list[Costs] = []
    try:
        for customers in asked.customers:
            company = Company(customers, breaches=asked.breaches)
            place = folder / f"{ACCOUNT}_{customers}_{asked.breaches}"
            manifest = landed(company, place)
            # A shared machine is not equally fast all the time, so the floor is measured on either side.
            before = apart(run_floor, place, RUN_ID, variables)
            found.append(apart(run_stages, place, RUN_ID, variables))
            after = apart(run_floor, place, RUN_ID, variables)
            show(customers, manifest, found[-1], asked.slowest)
            show_floor(found[-1].whole, [before, after])
            if not asked.bare:
                show_orchestrated(found[-1].whole, apart(run_orchestrated, place, variables))
        show_growth(asked.customers, found)
    finally:
        if asked.folder is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
