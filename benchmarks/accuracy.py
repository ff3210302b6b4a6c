"""How right the pipeline is: every fault of the sandbox, over HTTP, against what is true of each world.

`python -m benchmarks.accuracy` (or `make accuracy`) prints a table by fault and ends with 1 when anything is
missed, alarmed without a reason, or wrong by a cent. What is true is worked out by
`parity_pipeline.sandbox.truth` from the books of the two pretend vendors, and the verdict by
`parity_pipeline.sandbox.judgement`; neither shares code with the pipeline. Causes are reported, and do not
decide the exit code.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

from benchmarks.accuracy_case import Case
from benchmarks.accuracy_score import Score, run_case
from benchmarks.accuracy_table import show
from parity_pipeline.sandbox.faults import FAULTS
from parity_pipeline.sandbox.readings import OTHER_READINGS

SEEDS = 5
CUSTOMERS = 60
CLEAN_SIZES = (60, 23, 41, 90, 60)
COMBINATIONS = 4
FULL_SEEDS = 20
FULL_COMBINATIONS = 20
_FIRST_DAY = datetime(2026, 1, 3, tzinfo=UTC)


def cases(seeds: Sequence[int], *, only: str | None, customers: int, full: bool) -> Iterator[Case]:
    """Clean worlds, other readings, each fault once per seed in another size, and three faults at once."""
    for turn, seed in enumerate(seeds):
        as_of = _as_of(seed)
        if only in (None, "clean"):
            yield Case(seed, CLEAN_SIZES[turn % len(CLEAN_SIZES)], as_of)
        for number, (name, fault) in enumerate(FAULTS.items()):
            if name == "clean" or only not in (None, name):
                continue
            sizes = fault.sizes if full else (fault.sizes[(turn + number) % len(fault.sizes)],)
            for size in sizes:
                yield Case(seed, customers, as_of, fault=name, size=size)
        if only in (None, "combinations"):
            for number in range(FULL_COMBINATIONS if full else COMBINATIONS):
                yield Case(seed, customers, as_of, at_once=number)
        for number, reading in enumerate(OTHER_READINGS):
            if only in (None, "readings") and (full or number % len(seeds) == turn):
                yield Case(seed, customers, as_of, reading=reading)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases and print the table; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("--seeds", type=int, default=None, help=f"how many random seeds (default {SEEDS})")
    parser.add_argument("--first-seed", type=int, default=1, help="the first of them")
    parser.add_argument("--only", help="one fault, `clean`, `combinations` or `readings`")
    parser.add_argument("--customers", type=int, default=CUSTOMERS, help="customers of a faulty world")
    parser.add_argument(
        "--clean-customers", type=int, help="customers of every clean world, instead of 23 to 90"
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--full", action="store_true", help=f"{FULL_SEEDS} seeds, every size of every fault")
    chosen = parser.parse_args(arguments)
    count = chosen.seeds or (FULL_SEEDS if chosen.full else SEEDS)
    seeds = range(chosen.first_seed, chosen.first_seed + count)
    planned = list(cases(seeds, only=chosen.only, customers=chosen.customers, full=chosen.full))
    if chosen.clean_customers:
        planned = [
            replace(case, customers=chosen.clean_customers) if case.group == "clean" else case
            for case in planned
        ]
    started = time.perf_counter()
    scores = list(_scores(planned, jobs=chosen.jobs))
    return show(scores, seconds=time.perf_counter() - started)


def _scores(planned: Sequence[Case], *, jobs: int) -> Iterator[Score]:
    with (
        tempfile.TemporaryDirectory(prefix="parity-accuracy-") as folder,
        ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool,
    ):
        running = [pool.submit(run_case, case, Path(folder) / str(n)) for n, case in enumerate(planned)]
        for number, done in enumerate(as_completed(running), start=1):
            score = done.result()
            mark = "" if score.is_right else f"  WRONG: {'; '.join(score.notes)}"
            print(f"{number}/{len(planned)} {score.case}{mark}", file=sys.stderr, flush=True)
            yield score


def _as_of(seed: int) -> datetime:
    """An instant that the seed chooses, on any day and hour of two years."""
    chance = random.Random(f"{seed}:as_of")
    return _FIRST_DAY + timedelta(days=chance.randrange(730), hours=chance.choice((0, 0, 0, 7, 15)))


if __name__ == "__main__":
    sys.exit(main())
