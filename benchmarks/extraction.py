"""How fast, how sparing and how robust a pull is, over HTTP against the sandbox server.

`python -m benchmarks.extraction` (or `make bench-extraction`) prints figures; only a landing that is lost or
differs ends it with 1. Times depend on the machine and decide nothing.
"""

import argparse
import asyncio
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from benchmarks.extraction_pages import cpu_by_page
from benchmarks.extraction_server import AS_OF, Sent, Server, Serving, serving
from parity_pipeline import pipeline
from parity_pipeline.extraction import plan
from parity_pipeline.home import Home
from parity_pipeline.landing import Manifest
from parity_pipeline.mapping_files import read_links
from parity_pipeline.run_request import make_request
from parity_pipeline.sandbox.disruptions import Disruption
from parity_pipeline.settings import load_settings

LIMIT = 80
AT_ONCE = 16


@dataclass(frozen=True)
class Measured:
    """One pull: what it landed and what it took. Memory is the peak of the whole process."""

    manifest: Manifest
    seconds: float
    cpu_seconds: float
    peak_megabytes: float
    least_seconds: float
    """How long the limits alone would make it."""

    @property
    def requests(self) -> int:
        """All requests, repeated ones included."""
        return sum(each.requests for each in self.manifest.requests)

    @property
    def throttled(self) -> int:
        """Answers with status 429."""
        return sum(each.throttled for each in self.manifest.requests)

    @property
    def digests(self) -> list[tuple[str, str, str]]:
        """What was landed."""
        return [(each.source, each.resource, each.sha256) for each in self.manifest.resources]


def pull(variables: dict[str, str], home: Path, as_of: datetime = AS_OF) -> Measured:
    """One pull into a home folder."""
    settings, now = load_settings(variables, home=home), datetime.now(UTC)
    request = make_request(now=now, as_of=as_of.isoformat(), configured_start=settings.parallel_run.start)
    place, links = Home(home), read_links(settings)
    place.prepare()
    wall, cpu = time.perf_counter(), time.process_time()
    pulled = pipeline.extract(
        settings, request, links, place, clock=lambda: datetime.now(UTC), tell=lambda _: None
    )
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if pulled.manifest is None or pulled.error is not None:
        raise SystemExit(f"a pull was not complete: {pulled.error}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    vendors = plan(settings, replace(request, is_full=True), links, place, clock=lambda: now)
    return Measured(pulled.manifest, wall, cpu, peak, max(each.seconds for each in vendors))


def pull_apart(variables: dict[str, str], home: Path) -> Measured:
    """The same in a process of its own, for its peak of memory."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(pull, (variables, home))


def at_limits(folder: Path, customers: int) -> None:
    """The reached share of the allowed rate, and how many requests were refused."""
    known = {
        f"PARITY_LIMITS__{vendor}_{what}": str(rate)
        for vendor in ("STRIPE", "METRONOME")
        for what, rate in (("PER_SECOND", LIMIT), ("PER_ENDPOINT", LIMIT // 4))
    }
    with serving(Serving(customers, requests_per_second=LIMIT), folder / "config") as server:
        found = pull({**server.variables, **known}, folder / "known")
        unknown = pull(server.variables, folder / "unknown")
    share = found.least_seconds / found.seconds
    print(f"at {LIMIT} a second and {LIMIT // 4} an endpoint, known: {found.requests} requests,", end=" ")
    print(f"{share:.1%} of the allowed rate, {found.throttled / found.requests:.2%} refused")
    share = found.least_seconds / unknown.seconds
    print(f"the same limits, not known: {share:.1%} of the allowed rate,", end=" ")
    print(f"{unknown.throttled / unknown.requests:.2%} refused")


def bare(server: Server, sent: Sequence[Sent]) -> float:
    """Seconds that a bare loop takes to download the same pages and keep nothing."""
    addresses = (server.variables["STRIPE_API_BASE"], server.variables["METRONOME_BASE_URL"])
    keys = (server.variables["STRIPE_API_KEY"], server.variables["METRONOME_BEARER_TOKEN"])
    left = iter(sent)

    async def work(client: httpx.AsyncClient) -> None:
        for each in left:
            side = int(each.is_for_metronome)
            headers = {"Authorization": f"Bearer {keys[side]}", "Content-Type": "application/json"}
            url = addresses[side] + each.path
            answer = await client.request(
                each.method, url, params=each.query, content=each.body, headers=headers
            )
            answer.raise_for_status()

    async def run() -> None:
        async with httpx.AsyncClient(timeout=60) as client:
            await asyncio.gather(*(work(client) for _ in range(AT_ONCE)))

    began = time.perf_counter()
    asyncio.run(run())
    return time.perf_counter() - began


def without_limits(folder: Path, customers: int) -> None:
    """Beside a bare loop over the same pages; the requests of a first, a second and the next day's pull."""
    with serving(Serving(customers, is_recording=True), folder / "recorded") as server:
        pull(server.variables, folder / "warm")
        sent = list(server.sent())
    with serving(Serving(customers), folder / "config") as server:
        pull(server.variables, folder / "home", AS_OF - timedelta(days=1))
        first = pull(server.variables, folder / "first")
        second = pull(server.variables, folder / "first")
        next_day = pull(server.variables, folder / "home")
        seconds = bare(server, sent)
    print(f"without limits: {first.seconds:.1f} s for {first.requests} requests,", end=" ")
    print(f"{first.seconds / seconds:.1f} times a bare loop's {seconds:.1f} s;", end=" ")
    print(f"{first.cpu_seconds / first.requests * 1000:.1f} ms of CPU a request")
    for name, each in (("first", first), ("second, same day", second), ("next day", next_day)):
        spared = sum(count.spared for count in each.manifest.requests)
        print(f"{name:>18}: {each.requests} requests, {spared} questions answered by an earlier landing")
    same(first, second, "a second pull")
    same(first, next_day, "a pull after yesterday's")


def faults(folder: Path, customers: int) -> None:
    """Trouble under way: the same landing as without."""
    kinds = {
        "refused and failing": (
            Disruption("event_summaries", "status", status=429, times=customers // 3, retry_after=0),
            Disruption("/v2/contracts", "status", status=503, times=4, retry_after=0),
            Disruption("/v1/usage", "status", status=500, times=4, retry_after=0),
        ),
        "cut connections": (
            Disruption("event_summaries", "disconnect", times=max(4, customers // 10)),
            Disruption("customerBalances", "truncated", times=3),
        ),
    }
    with serving(Serving(customers), folder / "config") as server:
        calm = pull(server.variables, folder / "calm")
    for number, (name, disruptions) in enumerate(kinds.items()):
        with serving(Serving(customers, disruptions=disruptions), folder / f"c{number}") as server:
            found = pull(server.variables, folder / f"h{number}")
        retries = sum(each.retries for each in found.manifest.requests)
        print(f"{name}: {retries} repeated requests, {found.seconds:.1f} s beside {calm.seconds:.1f} s")
        same(calm, found, name)


def memory(folder: Path, sizes: Sequence[int]) -> None:
    """The peak of a process that does nothing but pull."""
    for customers in sizes:
        with serving(Serving(customers), folder / f"c{customers}") as server:
            found = pull_apart(server.variables, folder / f"h{customers}")
        rows = sum(each.rows for each in found.manifest.resources)
        print(f"{customers} customers: {rows} rows, {found.requests} requests,", end=" ")
        print(f"{found.seconds:.1f} s, peak {found.peak_megabytes:.0f} MB")


def same(one: Measured, other: Measured, name: str) -> None:
    """Stop when two pulls that must land the same did not."""
    differing = [a[1] for a, b in zip(one.digests, other.digests, strict=True) if a != b]
    if differing:
        raise SystemExit(f"{name} landed otherwise: {', '.join(differing)}")


def main() -> int:
    """Print all figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--customers", type=int, default=60)
    options.add_argument("--memory", type=int, nargs="*", default=[100, 400], help="customers, size by size")
    chosen = options.parse_args()
    parts: list[Callable[[Path], None]] = [
        lambda folder: at_limits(folder, chosen.customers),
        lambda folder: without_limits(folder, chosen.customers),
        lambda folder: faults(folder, chosen.customers),
        lambda folder: memory(folder, chosen.memory),
    ]
    for part in parts:
        with tempfile.TemporaryDirectory() as folder:
            part(Path(folder))
    for line in cpu_by_page():
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
