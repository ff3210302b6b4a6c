"""Pulls against the sandbox over HTTP, without the comparison, for the tests beside it."""

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sandbox_runs import AS_OF

from parity_pipeline import pipeline
from parity_pipeline.extraction import Pull
from parity_pipeline.home import Home
from parity_pipeline.landing import Manifest
from parity_pipeline.mapping_files import read_links
from parity_pipeline.run_request import make_request
from parity_pipeline.sandbox.disruptions import Disruption
from parity_pipeline.sandbox.server import running_sandbox
from parity_pipeline.sandbox.world import World
from parity_pipeline.settings import load_settings


@contextmanager
def served(
    told: World,
    folder: Path,
    disruptions: Sequence[Disruption] = (),
    requests_per_second: int | None = None,
) -> Iterator[dict[str, str]]:
    """The variables of a run against this world, for as long as the block runs."""
    with running_sandbox(
        told, folder=folder / "config", disruptions=disruptions, requests_per_second=requests_per_second
    ) as sandbox:
        yield sandbox.variables()


@contextmanager
def served_at(told: World, folder: Path, ports: tuple[int, int]) -> Iterator[dict[str, str]]:
    """The same at ports that are known, so that another world may be found at the same place later."""
    with running_sandbox(
        told, folder=folder / "config", stripe_port=ports[0], metronome_port=ports[1]
    ) as sandbox:
        yield sandbox.variables()


def free_ports() -> tuple[int, int]:
    """Two ports that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        return one.getsockname()[1], two.getsockname()[1]


def extract(
    variables: dict[str, str],
    home: Path,
    tell: Callable[[str], None] = lambda _: None,
    *,
    is_full: bool = False,
    now: datetime | None = None,
    as_of: datetime = AS_OF,
) -> Pull:
    """One pull of now into a home folder; a clock that is given stands still."""
    settings = load_settings(variables, home=home)
    started = now or datetime.now(UTC)
    request = make_request(now=started, as_of=as_of.isoformat(), configured_start=settings.parallel_run.start)
    Home(home).prepare()
    return pipeline.extract(
        settings,
        replace(request, is_full=is_full),
        read_links(settings),
        Home(home),
        clock=lambda: now or datetime.now(UTC),
        tell=tell,
    )


def complete(pull: Pull) -> Manifest:
    """The manifest of a pull that got to its end."""
    assert pull.error is None
    assert pull.manifest is not None
    assert pull.manifest.complete
    return pull.manifest


def digests(manifest: Manifest) -> list[tuple[str, str, str, int]]:
    """What was landed, to the byte."""
    return [(each.source, each.resource, each.sha256, each.rows) for each in manifest.resources]


def requests(manifest: Manifest) -> int:
    """All requests of a pull."""
    return sum(each.requests for each in manifest.requests)
