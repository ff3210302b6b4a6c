"""The peak of memory when one vendor's side of any size is read from pages below the transport."""

import asyncio
import json
import multiprocessing
import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
from pydantic import SecretStr

from benchmarks.recorded_metronome import metronome_answer
from benchmarks.recorded_stripe import stripe_answer
from parity_pipeline.landing import read_manifest
from parity_pipeline.landing_writer import LandingWriter
from parity_pipeline.periods import Window
from parity_pipeline.sources.guard import METRONOME_READS, STRIPE_READS
from parity_pipeline.sources.journal import Journal, Purpose
from parity_pipeline.sources.limits import Limits
from parity_pipeline.sources.metronome import MetronomeLists
from parity_pipeline.sources.metronome_api import MetronomeAccess, MetronomeApi
from parity_pipeline.sources.metronome_rates import MetronomeRates
from parity_pipeline.sources.metronome_usage import MetronomeUsage, UnadditiveNeeds
from parity_pipeline.sources.resources import Source
from parity_pipeline.sources.sink import Lander
from parity_pipeline.sources.stripe import StripeLists
from parity_pipeline.sources.stripe_api import StripeAccess, StripeApi
from parity_pipeline.sources.stripe_usage import StripeUsage
from parity_pipeline.sources.transport import ReadOnlyTransport

BASE = "http://vendor.test"
WINDOW = Window(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 31, tzinfo=UTC))


def recorded_memory(source: Source, customers: int) -> str:
    """A line with the peak of a process that reads so many customers of one vendor."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (source, customers))


def _measured(source: Source, customers: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        cpu = time.process_time()
        rows, requests = asyncio.run(_read(Path(folder), source, customers))
        cpu = time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"{customers} customers of {source} from recorded pages: {rows} rows, {requests} requests, "
        f"{cpu:.0f} s of CPU, peak {peak:.0f} MB beside {before:.0f} MB before"
    )


async def _read(folder: Path, source: Source, customers: int) -> tuple[int, int]:
    def answer(request: httpx.Request) -> httpx.Response:
        path, params = request.url.path, request.url.params
        if source == "stripe":
            return httpx.Response(200, content=stripe_answer(path, params, customers))
        body = json.loads(request.content) if request.content else {}
        return httpx.Response(200, content=metronome_answer(path, params, body, customers))

    transport = ReadOnlyTransport(
        source=source,
        base_url=BASE,
        reads=STRIPE_READS if source == "stripe" else METRONOME_READS,
        limits=Limits(16),
        inner=httpx.MockTransport(answer),
    )
    journal = Journal(folder / "journal", Purpose.of("recorded"), now=datetime.now(UTC))
    writer = LandingWriter(folder / "run", "recorded", WINDOW)
    lander = Lander(writer, "default", read_at=journal.began_at, notes=journal.notes)
    await (_stripe if source == "stripe" else _metronome)(transport, journal, lander)
    writer.close()
    journal.drop()
    return sum(each.rows for each in read_manifest(writer.folder).resources), sum(
        each.requests for each in transport.ledger.counts()
    )


async def _stripe(transport: ReadOnlyTransport, journal: Journal, lander: Lander) -> None:
    api = StripeApi(StripeAccess(SecretStr("rk_test_1"), BASE), transport, journal=journal)
    lists, named = StripeLists(api, lander, WINDOW), asyncio.Future[list[str]]()
    named.set_result([])
    for read in (lists.customers, lists.subscriptions, lists.prices, lists.meters, lists.invoices):
        await read()
    await StripeUsage(api, lander, WINDOW).summaries(lists.facts, named, named)
    await api.aclose()


async def _metronome(transport: ReadOnlyTransport, journal: Journal, lander: Lander) -> None:
    api = MetronomeApi(MetronomeAccess(SecretStr("token"), BASE), transport, journal=journal)
    lists, usage = MetronomeLists(api, lander, WINDOW), MetronomeUsage(api, lander, WINDOW, [])
    for read in (
        lists.customers,
        lists.billing_configurations,
        lists.billable_metrics,
        lists.products,
        lists.rate_cards,
        lists.contracts,
        lists.invoices,
        lists.balances,
        usage.by_day,
    ):
        await read()
    await MetronomeRates(api, lander, WINDOW).read(lists.facts)
    await usage.by_period(lists.facts, UnadditiveNeeds(frozenset(), frozenset()))
    await usage.by_group(lists.facts)
    await api.aclose()
