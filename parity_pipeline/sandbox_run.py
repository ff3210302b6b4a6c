"""Runs the pipeline against the sandbox, and serves the sandbox for others."""

import signal
import tempfile
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from parity_pipeline import pipeline
from parity_pipeline.home import Home
from parity_pipeline.periods import floor_day, rfc3339
from parity_pipeline.pipeline import Outcome
from parity_pipeline.run_request import make_request, parse_instant
from parity_pipeline.sandbox.own_process import sandbox_process
from parity_pipeline.sandbox.scenario import scenario_world
from parity_pipeline.sandbox.server import running_sandbox
from parity_pipeline.settings import load_settings


def run_on_sandbox(
    scenario: str,
    *,
    home: Path,
    as_of: str | None,
    since: str | None,
    now: datetime,
    tell: Callable[[str], None],
) -> Outcome:
    """One run over HTTP against the sandbox; it writes under the home's sandbox folder only."""
    instant = parse_instant(as_of, option="--as-of") if as_of is not None else floor_day(now)
    place = Home(home).sandbox()
    place.prepare()
    tell("start the sandbox")
    with sandbox_process(scenario, as_of=instant, folder=place.folder / "config") as served:
        settings = load_settings(served.variables(), home=place.folder)
        request = make_request(
            now=now,
            as_of=rfc3339(instant),
            since=since,
            configured_start=settings.parallel_run.start,
        )
        return pipeline.run(settings, request, clock=lambda: datetime.now(UTC), tell=tell)


def serve_until_interrupted(
    scenario: str, *, seed: int, customers: int, now: datetime, tell: Callable[[str], None]
) -> None:
    """Serve both pretend APIs and tell the variables of a run against them; Ctrl-C or a plain kill ends it.

    A process that is started in the background may inherit that it ignores Ctrl-C.
    """
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.default_int_handler)
    world = scenario_world(scenario, as_of=floor_day(now), seed=seed, customers=customers)
    with (
        tempfile.TemporaryDirectory(prefix="parity-sandbox-") as folder,
        running_sandbox(world, folder=Path(folder)) as served,
    ):
        for name, value in served.variables().items():
            tell(f"export {name}={value}")
        tell(f"# The sandbox's company is as of {rfc3339(served.as_of)}. Stop it with Ctrl-C.")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            tell("# Stopped.")
