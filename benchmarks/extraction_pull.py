"""One pull as a benchmark sees it: what it landed and what it took."""

import multiprocessing
import resource
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.extraction_server import AS_OF
from parity_pipeline import pipeline
from parity_pipeline.home import Home
from parity_pipeline.landing import Manifest
from parity_pipeline.mapping_files import read_links
from parity_pipeline.run_request import make_request
from parity_pipeline.settings import load_settings
from parity_pipeline.sources.answered import sample_size

KNOWN_ANSWERS = "meter_event_summaries"


@dataclass(frozen=True)
class Measured:
    """One pull. Memory is the peak of the whole process."""

    manifest: Manifest
    seconds: float
    cpu_seconds: float
    peak_megabytes: float

    @property
    def requests(self) -> int:
        """All requests, repeated ones included."""
        return sum(each.requests for each in self.manifest.requests)

    def of(self, source: str) -> int:
        """The requests to one vendor that were not repeated ones."""
        return sum(each.requests - each.retries for each in self.manifest.requests if each.source == source)

    @property
    def throttled(self) -> int:
        """Answers with status 429."""
        return sum(each.throttled for each in self.manifest.requests)

    @property
    def fewest(self) -> int:
        """The requests without those that only look whether known answers still hold."""
        known = sum(each.reused for each in self.manifest.resources if each.resource == KNOWN_ANSWERS)
        return self.requests - sample_size(known)

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
    return Measured(pulled.manifest, wall, cpu, peak)


def pull_apart(variables: dict[str, str], home: Path) -> Measured:
    """The same in a process of its own, for its peak of memory."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(pull, (variables, home))
