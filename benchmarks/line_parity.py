"""The comparison of invoice lines alone: the floor, the pipeline's way and what people would use instead.

`python -m benchmarks.line_parity --lines 1000000` prints figures. Peers that are not installed are left
out; `pip install parity-pipeline[peers]` brings them. Times decide nothing; counts that are wrong are told.
`PARITY_COMPUTE__MEMORY_LIMIT` bounds the memory of the floor and of the pipeline's way.
"""

import argparse
import multiprocessing
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.compute_stages import Cost, measured
from benchmarks.line_engines import ENGINES, SQL, Counts
from parity_pipeline import warehouse

LINES_A_CUSTOMER = 98  # ten invoices with as many lines as stripe.sql gives them


@dataclass(frozen=True)
class Told:
    """One comparison: what it counted, what it took, or why it could not."""

    counts: Counts | None
    cost: Cost
    error: str = ""


def make(folder: Path, lines: int) -> None:
    """Write both sides as Parquet."""
    with warehouse.connect(folder / "lines.duckdb") as connection:
        connection.execute(f"create table sizes as select {lines // LINES_A_CUSTOMER} as customers")
        for side in ("stripe", "metronome"):
            connection.execute(f"create table {side} as {(SQL / side).with_suffix('.sql').read_text()}")
            connection.execute(f"copy {side} to '{folder / side}.parquet' (format parquet)")
    (folder / "lines.duckdb").unlink()


def compare(name: str, folder: Path) -> Told:
    """One comparison; its memory is that of a process that did nothing else."""
    counts, error = None, ""
    with measured() as cost:
        try:
            counts = ENGINES[name](folder)
        except ImportError as missing:
            error = f"not installed ({missing.name})"
        except Exception as failed:  # noqa: BLE001  # a peer may fail in any way; the others go on
            error = f"{type(failed).__name__}: {failed}"
    return Told(counts, cost, error)


def apart(name: str, folder: Path) -> Told:
    """The same in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(compare, (name, folder))


def show(name: str, runs: Sequence[Told], floor: Sequence[Told]) -> None:
    """A line: medians, and how they stand to the floor's."""
    if runs[0].counts is None:
        print(f"{name:28}{runs[0].error}")
        return
    seconds, cpu, least = (
        statistics.median(each.cost.seconds for each in runs),
        statistics.median(each.cost.cpu_seconds for each in runs),
        statistics.median(each.cost.cpu_seconds for each in floor),
    )
    peak = max(each.cost.peak_megabytes for each in runs)
    wrong = "" if runs[0].counts == floor[0].counts else f"  counts {runs[0].counts}, not {floor[0].counts}"
    print(f"{name:28}{seconds:9.2f}{cpu:9.2f}{cpu / least:9.1f}{peak:9.0f}{wrong}")


def main() -> None:
    """Every engine at every size."""
    parser = argparse.ArgumentParser(description="Compare invoice lines in several ways.")
    parser.add_argument("--lines", type=int, nargs="+", default=[1_000_000], help="lines a side")
    parser.add_argument("--runs", type=int, default=3, help="of which the median is shown")
    parser.add_argument("--only", nargs="+", choices=list(ENGINES), default=list(ENGINES), help="engines")
    asked = parser.parse_args()
    for lines in asked.lines:
        with tempfile.TemporaryDirectory(prefix="parity-lines-") as name:
            folder = Path(name)
            make(folder, lines)
            floor = [apart(next(iter(ENGINES)), folder) for _ in range(asked.runs)]
            print(f"\n{lines:,} lines a side: {floor[0].counts} equal, differing, on one side only")
            print(f"{'':28}{'wall s':>9}{'CPU s':>9}{'x floor':>9}{'peak MB':>9}")
            for engine in asked.only:
                is_floor = engine == next(iter(ENGINES))
                runs = floor if is_floor else [apart(engine, folder) for _ in range(asked.runs)]
                show(engine, runs, floor)


if __name__ == "__main__":
    main()
