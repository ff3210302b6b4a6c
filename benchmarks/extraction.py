"""How fast, how sparing and how robust a pull is, over HTTP against the sandbox server.

`python -m benchmarks.extraction [--only PART]` (or `make bench-extraction`) prints figures; only a landing
that is lost or differs ends it with 1. Times depend on the machine and decide nothing.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import httpx

from benchmarks.extraction_pages import cpu_by_page
from benchmarks.extraction_pull import Measured, pull, pull_apart
from benchmarks.extraction_recorded import recorded_memory
from benchmarks.extraction_server import AS_OF, Sent, Server, Serving, serving
from benchmarks.recorded_server import serving_recorded
from parity_pipeline.sandbox.disruptions import Disruption
from parity_pipeline.sources.resources import Source

LIMIT = 80
AT_ONCE = 16
SUMMARIES = "GET /v1/billing/meters/{id}/event_summaries"
TROUBLE = {
    "5 % of answers 429, 5 % 503, 1 % of connections cut": (
        Disruption("", "status", status=429, share=0.05, retry_after=0),
        Disruption("", "status", status=503, share=0.05, retry_after=0),
        Disruption("", "disconnect", share=0.01),
    ),
    "every tenth answer half a second late": (Disruption("", "slow", seconds=0.5, share=0.1),),
    "one endpoint down for a minute": (Disruption("/v2/contracts", "status", status=503, lasting=60),),
}


def at_limits(folder: Path, customers: int) -> None:
    """The reached share of what the busiest endpoint may be asked, and how many requests were refused."""
    known = {
        f"PARITY_LIMITS__{vendor}_{what}": str(rate)
        for vendor in ("STRIPE", "METRONOME")
        for what, rate in (("PER_SECOND", LIMIT), ("PER_ENDPOINT", LIMIT // 4))
    }
    with serving(Serving(customers), folder / "config") as server:
        calm = pull(server.variables, folder / "calm")
        server.limit(LIMIT)
        for name, settings in (("known", known), ("not known", {})):
            found = pull({**server.variables, **settings}, folder / name)
            least = max(
                max(each.requests - each.retries for each in found.manifest.requests) / (LIMIT // 4),
                max(found.of(source) for source in ("stripe", "metronome")) / LIMIT,
            )
            print(
                f"at {LIMIT} a second and {LIMIT // 4} an endpoint, {name}: {found.requests} requests,",
                end=" ",
            )
            print(f"{least / found.seconds:.1%} of the allowed rate over {found.seconds:.0f} s,", end=" ")
            print(f"{found.throttled / found.requests:.2%} refused")
            same(calm, found, f"a pull at limits that are {name}")


def bare(server: Server, sent: Sequence[Sent]) -> tuple[float, float]:
    """Seconds, and CPU seconds, in which a bare loop downloads the same pages and keeps nothing."""
    addresses = (server.variables["STRIPE_API_BASE"], server.variables["METRONOME_BASE_URL"])
    keys = (server.variables["STRIPE_API_KEY"], server.variables["METRONOME_BEARER_TOKEN"])
    left = iter(sent)

    async def work(client: httpx.AsyncClient) -> None:
        for each in left:
            side = int(each.is_for_metronome)
            headers = {"Authorization": f"Bearer {keys[side]}", "Content-Type": "application/json"}
            url = f"{addresses[side]}{each.path}?{each.query}"
            answer = await client.request(each.method, url, content=each.body, headers=headers)
            answer.raise_for_status()

    async def run() -> None:
        async with httpx.AsyncClient(timeout=60) as client:
            await asyncio.gather(*(work(client) for _ in range(AT_ONCE)))

    began, cpu = time.perf_counter(), time.process_time()
    asyncio.run(run())
    return time.perf_counter() - began, time.process_time() - cpu


def without_limits(folder: Path, customers: int) -> None:
    """Beside a bare loop over the same pages."""
    with serving(Serving(customers), folder / "config") as server:
        pull(server.variables, folder / "warm")
        sent = list(server.sent())
        found = pull(server.variables, folder / "home")
        seconds, cpu = bare(server, sent)
    print(f"without limits: {found.seconds:.1f} s for {found.requests} requests,", end=" ")
    print(f"{found.seconds / seconds:.1f} times a bare loop's {seconds:.1f} s;", end=" ")
    print(f"{found.cpu_seconds / found.requests * 1000:.1f} ms of CPU a request", end=" ")
    print(f"beside {cpu / len(sent) * 1000:.1f} ms")


def sparing(folder: Path, customers: int) -> None:
    """The requests of a first, a second and the next day's pull, beside the fewest that could do."""
    with serving(Serving(customers), folder / "config") as server:
        first = pull(server.variables, folder / "home", AS_OF - timedelta(days=1))
        holding = server.holding()
        second = pull(server.variables, folder / "home", AS_OF - timedelta(days=1))
        next_day = pull(server.variables, folder / "home")
        full = pull(server.variables, folder / "full")
    for name, each in (("first", first), ("second, same day", second), ("next day", next_day)):
        spared = sum(count.spared for count in each.manifest.requests)
        print(f"{name:>18}: {each.requests} requests, {spared} questions answered by an earlier landing")
    print(f"of those of the first {holding} brought something, the others told that there is nothing;")
    print(f"the second asked {second.requests - second.fewest} of them to see whether known answers hold")
    same(first, second, "a second pull")
    same(full, next_day, "a pull after yesterday's")


def faults(folder: Path, customers: int) -> None:
    """Trouble under way: the same landing as without."""
    with serving(Serving(customers), folder / "config") as server:
        calm = pull(server.variables, folder / "calm")
    for number, (name, disruptions) in enumerate(TROUBLE.items()):
        with serving(Serving(customers, disruptions), folder / f"c{number}") as server:
            found = pull(server.variables, folder / f"h{number}")
        retries = sum(each.retries for each in found.manifest.requests)
        print(
            f"{name}: {retries} repeated requests, {found.seconds:.1f} s beside {calm.seconds:.1f} s,",
            end=" ",
        )
        same(calm, found, name)
        print("the same landing")


def memory(folder: Path, sizes: Sequence[int]) -> None:
    """The peak of a process that does nothing but pull."""
    for customers in sizes:
        with serving_recorded(customers) as variables:
            found = pull_apart(variables, folder / f"h{customers}")
        rows = sum(each.rows for each in found.manifest.resources)
        print(f"{customers} customers: {rows} rows, {found.requests} requests,", end=" ")
        print(f"{found.seconds:.1f} s, peak {found.peak_megabytes:.0f} MB")


def recorded(sizes: Sequence[int]) -> None:
    """The same from pages that were not sent, one vendor at a time."""
    sources: tuple[Source, ...] = ("stripe", "metronome")
    for source in sources:
        for customers in sizes:
            print(recorded_memory(source, customers))


def same(one: Measured, other: Measured, name: str) -> None:
    """Stop when two pulls that must land the same did not."""
    differing = [a[1] for a, b in zip(one.digests, other.digests, strict=True) if a != b]
    if differing:
        raise SystemExit(f"{name} landed otherwise: {', '.join(differing)}")


def main() -> int:
    """Print all figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--customers", type=int, default=120)
    options.add_argument(
        "--memory", type=int, nargs="*", default=[100, 1_000], help="customers, size by size"
    )
    options.add_argument(
        "--recorded", type=int, nargs="*", default=[1_000, 10_000], help="the same, recorded"
    )
    options.add_argument("--only", help="one part: limits, bare, sparing, faults, memory, recorded or pages")
    chosen = options.parse_args()
    parts: dict[str, Callable[[Path], None]] = {
        "limits": lambda folder: at_limits(folder, chosen.customers),
        "bare": lambda folder: without_limits(folder, chosen.customers),
        "sparing": lambda folder: sparing(folder, chosen.customers),
        "faults": lambda folder: faults(folder, chosen.customers),
        "memory": lambda folder: memory(folder, chosen.memory),
        "recorded": lambda _: recorded(chosen.recorded),
        "pages": lambda _: print(*cpu_by_page(), sep="\n"),
    }
    for name, part in parts.items():
        if chosen.only in (None, name):
            with tempfile.TemporaryDirectory() as folder:
                part(Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
