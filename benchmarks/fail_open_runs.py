"""Runs of the whole pipeline against a sandbox of which one side may be damaged, and what they came to."""

import gzip
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import duckdb

from benchmarks.fail_open_damage import instant_of
from benchmarks.fail_open_endpoints import Endpoint, Side, known
from parity_pipeline import pipeline
from parity_pipeline.errors import ParityError, UsageError
from parity_pipeline.home import DATABASE
from parity_pipeline.run_request import make_request
from parity_pipeline.sandbox.disruptions import Disruption
from parity_pipeline.sandbox.server import RunningSandbox, running_sandbox
from parity_pipeline.sandbox.world import World, build_world
from parity_pipeline.settings import load_settings
from parity_pipeline.sources import transport

AS_OF: Final = datetime(2026, 6, 10, tzinfo=UTC)
START: Final = datetime(2026, 4, 1, tzinfo=UTC)
NOW: Final = AS_OF + timedelta(hours=3)
SEED: Final = 7
CUSTOMERS: Final = 20
MAX_AGE_HOURS: Final = 36

Row = dict[str, Any]


@dataclass(frozen=True)
class Ending:
    """What a run came to: a verdict, `exit 2`, or `error` for what nobody foresaw; and what it told."""

    decision: str
    told: str
    is_complete: bool = True
    """Whether control.completeness says so of every resource; of a run that published."""


@dataclass(frozen=True)
class Survey:
    """What a clean run read: the endpoints of its ledger and the rows that it landed."""

    endpoints: tuple[Endpoint, ...]
    rows: dict[tuple[str, str], list[Row]] = field(repr=False)

    def of(self, endpoint: Endpoint) -> list[Row]:
        """The rows of an endpoint, each with the landed columns of its question."""
        return self.rows.get((endpoint.side, endpoint.resource), [])

    def weighty(self, endpoint: Endpoint) -> Row:
        """A row whose loss matters: the largest usage or invoice of a settled month, else the middle row."""
        rows, name = self.of(endpoint), endpoint.amount
        if endpoint.kind is not None:
            rows = [row for row in rows if row["type"] == endpoint.kind]
        if name is None:
            return rows[len(rows) // 2]
        settled = [row for row in rows if _is_settled(row, *endpoint.period)]
        return max(settled, key=lambda row: Decimal(row[name] or 0))

    def longest(self, endpoint: Endpoint) -> int:
        """The most rows that one question was answered with."""
        counts: dict[tuple[str, ...], int] = {}
        for row in self.of(endpoint):
            key = tuple(str(row[name]) for name in endpoint.context)
            counts[key] = counts.get(key, 0) + 1
        return max(counts.values(), default=0)


def _is_settled(row: Row, start: str, end: str) -> bool:
    first, last = instant_of(row[start]), instant_of(row[end])
    return first is not None and last is not None and first >= START and last <= AS_OF - timedelta(days=1)


class _Hurried(transport.Timing):
    """Pauses between attempts are left out; how often a request is sent stays as it is."""

    def __init__(self) -> None:
        super().__init__(sleep=_no_pause)


async def _no_pause(_: float) -> None:
    return


@contextmanager
def without_pauses() -> Iterator[None]:
    """Runs in this block do not sleep before they ask again."""
    usual = transport.Timing
    transport.Timing = _Hurried  # type: ignore[assignment,misc]  # a run takes no other
    try:
        yield
    finally:
        transport.Timing = usual  # type: ignore[misc]  # puts the class back


def clean_world(*, seed: int = SEED, as_of: datetime = AS_OF) -> World:
    """The pretend company, about which both vendors were told the truth."""
    return build_world(seed=seed, as_of=as_of, customers=CUSTOMERS)


class Bench:
    """A clean sandbox that stays up, and runs of which one side may be another's. Use as a context."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open = ExitStack()

    def __enter__(self) -> "Bench":
        """Start the clean sandbox."""
        self._open.enter_context(without_pauses())
        self.clean = self._open.enter_context(running_sandbox(clean_world(), folder=self.folder / "config"))
        self._number = 0
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it; what the runs wrote stays in the folder."""
        self._open.close()

    def new_home(self) -> Path:
        """An empty home folder."""
        self._number += 1
        return self.folder / f"home{self._number}"

    def run(
        self,
        home: Path,
        *,
        sides: Sequence[Side] = (),
        disruptions: Sequence[Disruption] = (),
        world: World | None = None,
    ) -> Ending:
        """One run; the sides named are served by a sandbox of their own, damaged or of another world."""
        with ExitStack() as stack:
            variables = self.clean.variables()
            if sides:
                other = running_sandbox(
                    world or clean_world(), folder=self.folder / "other", disruptions=disruptions
                )
                variables |= _addresses(stack.enter_context(other), sides)
            return _ended(home, variables)

    @contextmanager
    def variables(self, *, sides: Sequence[Side], world: World) -> Iterator[dict[str, str]]:
        """The environment of a run of which these sides are another world's."""
        with running_sandbox(world, folder=self.folder / "other") as other:
            yield {**self.clean.variables(), **_addresses(other, sides)}


def survey_of(home: Path) -> Survey:
    """What the run of a home read."""
    with duckdb.connect(str(home / "published" / DATABASE), read_only=True) as file:
        asked = file.execute("select source, endpoint from control.requests order by all").fetchall()
    (landing,) = (home / "landing").iterdir()
    return Survey(tuple(known(*each) for each in asked), _landed_rows(landing))


def _addresses(served: RunningSandbox, sides: Sequence[Side]) -> dict[str, str]:
    names = {"stripe": "STRIPE_API_BASE", "metronome": "METRONOME_BASE_URL"}
    return {names[side]: served.variables()[names[side]] for side in sides}


def _ended(home: Path, variables: dict[str, str]) -> Ending:
    settings = load_settings(variables, home=home)
    request = make_request(now=NOW, as_of=AS_OF.isoformat(), configured_start=settings.parallel_run.start)
    try:
        result = pipeline.run(settings, request, clock=lambda: NOW, tell=lambda _: None).result
    except UsageError as error:
        return Ending("exit 2", str(error))
    except ParityError as error:
        return Ending("error", str(error))
    except Exception as error:  # noqa: BLE001  # whatever it is, it is counted as what nobody foresaw
        return Ending("error", f"{type(error).__name__}: {error}")
    return Ending(
        result.verdict.decision,
        " ".join(result.verdict.reasons),
        is_complete=all(each.complete for each in result.completeness),
    )


def _landed_rows(landing: Path) -> dict[tuple[str, str], list[Row]]:
    found: dict[tuple[str, str], list[Row]] = {}
    for file in sorted(landing.glob("*/*/*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        found[file.parent.name, file.name.partition(".")[0]] = rows
    found["stripe", "subscription_items"] = [
        {**item, "subscription": row["id"]}
        for row in found["stripe", "subscriptions"]
        for item in row["items"]["data"]
    ]
    return found
