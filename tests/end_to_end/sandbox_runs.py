"""Runs of the whole pipeline against the sandbox over HTTP, for the tests beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from parity_pipeline import pipeline
from parity_pipeline.report.result import RunResult
from parity_pipeline.run_request import make_request
from parity_pipeline.sandbox.disruptions import Disruption
from parity_pipeline.sandbox.faults import apply_faults
from parity_pipeline.sandbox.server import running_sandbox
from parity_pipeline.sandbox.world import World, build_world
from parity_pipeline.settings import load_settings

AS_OF = datetime(2026, 6, 10, tzinfo=UTC)
NOW = AS_OF + timedelta(hours=3)
SEED = 7


@dataclass(frozen=True)
class Run:
    """A finished run: its result and the home it wrote to."""

    result: RunResult
    home: Path

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query on the published database."""
        with duckdb.connect(str(self.home / "published" / "billing_parity.duckdb"), read_only=True) as file:
            return file.execute(query).fetchall()


def world(*faults: str, customers: int = 60) -> World:
    """The pretend company with these faults."""
    built = build_world(seed=SEED, as_of=AS_OF, customers=customers)
    apply_faults(built, faults)
    return built


def run_world(
    told: World,
    folder: Path,
    *,
    disruptions: Sequence[Disruption] = (),
    environment: dict[str, str] | None = None,
    configuration: str = "",
    home: str = "home",
    tell: Callable[[str], None] = lambda _: None,
    as_of: datetime = AS_OF,
) -> Run:
    """One run against a world, three hours after `as_of`; the configuration is added to the sandbox's own."""
    now = as_of + timedelta(hours=3)
    with running_sandbox(told, folder=folder / "config", disruptions=disruptions) as served:
        with served.config_path.open("a", encoding="utf-8") as file:
            file.write(configuration)
        settings = load_settings({**served.variables(), **(environment or {})}, home=folder / home)
        request = make_request(now=now, as_of=as_of.isoformat(), configured_start=settings.parallel_run.start)
        outcome = pipeline.run(settings, request, clock=lambda: now, tell=tell)
    return Run(outcome.result, folder / home)
