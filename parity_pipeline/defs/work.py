"""The work of one run: its database, opened once, and what the suites found in it.

The steps themselves are pipeline.py's; here is only what the steps of a run of Dagster share.
"""

import logging
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

from parity_pipeline import pipeline, publication, warehouse
from parity_pipeline.defs.runs import PartitionRuns
from parity_pipeline.errors import LandingError
from parity_pipeline.extraction import Pull
from parity_pipeline.home import Home
from parity_pipeline.mapping_files import read_links
from parity_pipeline.notifications import notify_of_run
from parity_pipeline.periods import Window
from parity_pipeline.progress import Tell
from parity_pipeline.quality.expectations_process import prepare_expectations
from parity_pipeline.quality.suites import Suite, SuiteResult, load_suites
from parity_pipeline.report.result import RunResult
from parity_pipeline.run_request import RunRequest
from parity_pipeline.settings import Settings
from parity_pipeline.warehouse import Connection

_LOG: Final = logging.getLogger(__name__)


@dataclass
class RunWork:
    """One run in one process. A later run of the same partition goes on with what this one built."""

    runs: PartitionRuns
    _opened: ExitStack = field(default_factory=ExitStack)
    _connection: tuple[datetime, Connection] | None = None
    _judged: dict[str, tuple[frozenset[str], SuiteResult]] = field(default_factory=dict)

    @cached_property
    def settings(self) -> Settings:
        """The settings, the same for the whole run."""
        return self.runs.settings()

    @cached_property
    def home(self) -> Home:
        """Where the run writes."""
        return Home(self.settings.home)

    def close(self) -> None:
        """Let others open the database."""
        self._connection = None
        self._opened.close()

    def to_read(self, as_of: datetime) -> Connection:
        """The database of a partition that was landed."""
        if self._connection is None or self._connection[0] != as_of:
            return self._open(as_of, is_new=False)
        return self._connection[1]

    def changed(self, table: str) -> None:
        """Forget what the suites that read this table found before it was built anew."""
        self._judged = {name: found for name, found in self._judged.items() if table not in found[0]}

    def land(self, as_of: datetime, tell: Tell) -> Pull:
        """Read both vendors, or an earlier landing of a past day, and load the database anew."""
        links = read_links(self.settings)
        prepare_expectations()
        request, pull = self.runs.pull(as_of, self.settings, links, tell)
        connection = self._open(as_of, is_new=True)
        pipeline.load(connection, self.settings, request, links, pull, self.home)
        if pull.error is not None:
            self._publish_blocked(connection, request, pull, [])
        return pull

    def judge(self, as_of: datetime, suite: Suite) -> SuiteResult:
        """What a suite finds; within a run it is asked once, as a check or for the verdict."""
        connection = self.to_read(as_of)
        if suite.name not in self._judged:
            result = pipeline.judge(connection, suite, self.settings)
            self._judged[suite.name] = frozenset(suite.expectations), result
        return self._judged[suite.name][1]

    def check_input(self, as_of: datetime) -> list[SuiteResult]:
        """Run the staging suites; unfit input ends the run, so its verdict is published here."""
        results = [self.judge(as_of, suite) for suite in load_suites() if suite.is_staging]
        if not all(result.success for result in results):
            connection = self.to_read(as_of)
            self._publish_blocked(connection, _request(connection), Pull(None), results)
        return results

    def publish(self, as_of: datetime) -> RunResult:
        """Judge, decide and publish what the assets built."""
        connection = self.to_read(as_of)
        suites = [self.judge(as_of, suite) for suite in load_suites()]
        result = pipeline.conclude(
            connection, self.settings, _request(connection), Pull(None), suites, is_blocked=False
        )
        self._publish(connection, result)
        return result

    def _open(self, as_of: datetime, *, is_new: bool) -> Connection:
        self.close()
        self._judged.clear()
        work = pipeline.open_work(self.settings, as_of, is_new=is_new)
        self._connection = as_of, self._opened.enter_context(work)
        return self._connection[1]

    def _publish(self, connection: Connection, result: RunResult) -> None:
        with pipeline.alone(self.home, self.runs.clock):
            publication.publish(connection, self.home, result)
        notify_of_run(self.settings.notify, self.home, result, tell=_LOG.warning)

    def _publish_blocked(
        self, connection: Connection, request: RunRequest, pull: Pull, suites: list[SuiteResult]
    ) -> None:
        pipeline.compare(connection, is_blocked=True)
        result = pipeline.conclude(connection, self.settings, request, pull, suites, is_blocked=True)
        self._publish(connection, result)


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
