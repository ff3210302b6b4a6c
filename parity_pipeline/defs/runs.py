"""What the assets of one partition share: the settings, the request and the work database.

The steps themselves are pipeline.py's; here is only what a partition means for them.
"""

import json
import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from parity_pipeline import pipeline, publication, warehouse
from parity_pipeline.errors import LandingError, UsageError
from parity_pipeline.extraction import Pull
from parity_pipeline.history import read_days
from parity_pipeline.home import Home
from parity_pipeline.landing import MANIFEST, Manifest, read_manifest
from parity_pipeline.mapping_files import read_links
from parity_pipeline.notifications import is_wanted, notify_of_run
from parity_pipeline.periods import DAY, Window, floor_day, rfc3339
from parity_pipeline.progress import Tell
from parity_pipeline.quality.suites import SuiteResult
from parity_pipeline.report.result import RunResult
from parity_pipeline.run_request import RunRequest, make_request, new_run_id
from parity_pipeline.setting_sections import Schedule
from parity_pipeline.settings import Settings, load_schedule, load_settings
from parity_pipeline.warehouse import Connection

_LOG: Final = logging.getLogger(__name__)


def utc_now() -> datetime:
    """The clock of a real run."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class PartitionRuns:
    """Runs by partition; without an environment the process's own is read."""

    environment: Mapping[str, str] | None = None
    clock: Callable[[], datetime] = utc_now

    def settings(self) -> Settings:
        """The settings, read anew for each asset."""
        return load_settings(self.environment)

    def schedule(self) -> Schedule:
        """When the daily run starts; needs no key to either vendor."""
        return load_schedule(self.environment)

    def home(self) -> Home:
        """Where the runs write."""
        return Home(self.settings().home)

    def land(self, as_of: datetime, tell: Tell) -> Pull:
        """Read both vendors, or an earlier landing of a past day, and load the work database."""
        settings, now = self.settings(), self.clock()
        home, links = Home(settings.home), read_links(settings)
        home.prepare()
        if as_of > now:
            raise UsageError(f"The day before {rfc3339(as_of)} is not over yet.")
        earlier = _earlier_landing(home, as_of, settings.metadata_keys) if as_of < floor_day(now) else None
        if earlier is not None:
            request = RunRequest(
                new_run_id(now), earlier.window, is_reconstructed=earlier.started_at >= as_of + DAY
            )
            pull = Pull(earlier)
        else:
            request = make_request(
                now=now,
                as_of=rfc3339(as_of),
                configured_start=settings.parallel_run.start,
                is_reconstructed=now >= as_of + DAY,
            )
            pull = pipeline.extract(settings, request, links, home, clock=self.clock, tell=tell)
        with pipeline.open_work(settings, request.window.as_of) as connection:
            pipeline.load(connection, settings, request, links, pull, home)
            if pull.error is not None:
                self._publish_blocked(connection, settings, request, pull, [])
        return pull

    @contextmanager
    def work(self, as_of: datetime) -> Iterator[Connection]:
        """The work database of a partition that was landed."""
        with pipeline.open_work(self.settings(), as_of, is_new=False) as connection:
            yield connection

    def check_input(self, as_of: datetime) -> list[SuiteResult]:
        """Run the staging suites; unfit input ends the run, so its verdict is published here."""
        settings = self.settings()
        with self.work(as_of) as connection:
            results = pipeline.judge_all(connection, settings, is_staging=True)
            if not all(result.success for result in results):
                request = _request(connection)
                self._publish_blocked(connection, settings, request, Pull(None), results)
        return results

    def was_told(self, as_of: datetime) -> bool:
        """Whether people were sent the verdict of this instant's run."""
        settings = self.settings()
        days = read_days(Home(settings.home).history, before=as_of + DAY)
        if not days or days[-1].day != as_of.date():
            return False
        before = days[-2].verdict if len(days) > 1 else None
        return is_wanted(settings.notify, days[-1].verdict, before=before)

    def publish(self, as_of: datetime) -> RunResult:
        """Judge, decide and publish what the assets built."""
        settings = self.settings()
        with self.work(as_of) as connection:
            suites = [
                *pipeline.judge_all(connection, settings, is_staging=True),
                *pipeline.judge_all(connection, settings, is_staging=False),
            ]
            result = pipeline.conclude(
                connection, settings, _request(connection), Pull(None), suites, is_blocked=False
            )
            self._publish(connection, settings, result)
        return result

    def _publish(self, connection: Connection, settings: Settings, result: RunResult) -> None:
        home = Home(settings.home)
        with pipeline.alone(home, self.clock):
            publication.publish(connection, home, result)
        notify_of_run(settings.notify, home, result, tell=_LOG.warning)

    def _publish_blocked(
        self,
        connection: Connection,
        settings: Settings,
        request: RunRequest,
        pull: Pull,
        suites: list[SuiteResult],
    ) -> None:
        pipeline.compare(connection, is_blocked=True)
        result = pipeline.conclude(connection, settings, request, pull, suites, is_blocked=True)
        self._publish(connection, settings, result)


def _request(connection: Connection) -> RunRequest:
    """The request of the run that filled this database."""
    (row,) = warehouse.rows(connection, "select * from control.run")
    start, as_of = row["parallel_run_start"], row["as_of"]
    if not isinstance(start, datetime) or not isinstance(as_of, datetime):
        raise LandingError("control.run has no window; materialize the landing again")
    return RunRequest(
        run_id=str(row["run_id"]),
        window=Window(start.replace(tzinfo=UTC), as_of.replace(tzinfo=UTC)),
        is_reconstructed=bool(row["is_reconstructed"]),
    )


def _earlier_landing(home: Home, as_of: datetime, metadata_keys: Collection[str]) -> Manifest | None:
    """The latest complete landing for this instant that kept this metadata; only its digests are verified."""
    for folder in home.landings():
        if _instant(folder) == as_of:
            manifest = read_manifest(folder)
            if manifest.complete and set(metadata_keys) <= set(manifest.metadata_keys):
                return manifest
    return None


def _instant(folder: Path) -> datetime | None:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return datetime.fromisoformat(manifest["window"]["as_of"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
