"""Verdicts that lie about: a run that was killed, and published files that are old, broken or another run's.

Each starts from a copy of a home whose last run ended GO, unless it says otherwise; the gate must not say
GO. Killed runs see another Metronome, so that a GO could only be the verdict of the run before.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import duckdb

from benchmarks.fail_open_killed import POINTS, PUBLISHING
from benchmarks.fail_open_runs import AS_OF, MAX_AGE_HOURS, NOW
from parity_pipeline.home import DATABASE, REPORT_HTML, REPORT_JSON, Home

STALE: Final = AS_OF + timedelta(hours=MAX_AGE_HOURS, seconds=1)
KILLED: Final = -9


@dataclass(frozen=True)
class Homes:
    """Finished homes to copy from: one that ended GO, another that did so too, one that ended NO_GO."""

    go: Path
    other_go: Path
    no_go: Path


@dataclass(frozen=True)
class HomeInjection:
    """One state of a home folder; `spoil` brings it about, then the gate is asked at `now`."""

    subject: str
    kind: str
    spoil: Callable[[Home, Homes], None]
    now: datetime = NOW
    point: str | None = None
    """Where a run in this home is killed, after `spoil`."""

    def is_named_in(self, told: str) -> bool:
        """Whether the reason names the verdict, the file or the check that is the matter."""
        return "published" in told or "fails for" in told

    @property
    def name(self) -> str:
        """`old verdict: a second too old`."""
        return f"{self.kind}: {self.subject}"


def home_injections() -> list[HomeInjection]:
    """All of them, in a fixed order."""
    return [*_killed(), *_old(), *_broken()]


def killed_run(point: str, home: Path, variables: dict[str, str]) -> None:
    """Run in a process of its own that dies at the point; raises when it lives on."""
    ended = subprocess.run(  # noqa: S603  # our own module
        [sys.executable, "-m", "benchmarks.fail_open_killed", point, str(home)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if ended.returncode != KILLED:
        raise RuntimeError(f"The run to be killed {point} ended {ended.returncode}: {ended.stderr[-2000:]}")


def _killed() -> Iterator[HomeInjection]:
    for point in POINTS:
        yield HomeInjection(f"{point}, no verdict before", "killed", _nothing_before, point=point)
        if point != "after the rename of the report":
            yield HomeInjection(
                f"{point}, stale verdict before", "killed", _as_it_was, now=STALE, point=point
            )
    for point in PUBLISHING:
        yield HomeInjection(f"{point}, fresh verdict before", "killed", _as_it_was, point=point)


def _old() -> Iterator[HomeInjection]:
    for name, now in {
        "a second too old": STALE,
        "a week old": AS_OF + timedelta(days=7),
        "a year old": AS_OF + timedelta(days=365),
        "from the future": AS_OF - timedelta(seconds=1),
        "from far in the future": AS_OF - timedelta(days=30),
    }.items():
        yield HomeInjection(name, "old verdict", _as_it_was, now=now)


def _broken() -> Iterator[HomeInjection]:
    spoils: dict[str, Callable[[Home, Homes], None]] = {
        "no home": lambda home, _: shutil.rmtree(home.folder),
        "nothing published": lambda home, _: shutil.rmtree(home.published),
        "report.json missing": lambda home, _: (home.published / REPORT_JSON).unlink(),
        "report.json empty": lambda home, _: _write(home, b""),
        "report.json half": lambda home, _: _write(home, _report(home)[: len(_report(home)) // 2]),
        "report.json no JSON": lambda home, _: _write(home, b"\xff\xfe GO"),
        "report.json a list": lambda home, _: _write(home, b'["GO"]'),
        "report.json only GO": lambda home, _: _write(home, b'{"verdict": "GO"}'),
        "verdict in small letters": lambda home, _: _edit(home, verdict="go"),
        "verdict is null": lambda home, _: _edit(home, verdict=None),
        "as_of without a zone": lambda home, _: _edit(home, as_of="2026-06-10T00:00:00"),
        "as_of is null": lambda home, _: _edit(home, as_of=None),
        "run id is null": lambda home, _: _edit(home, run_id=None),
        "report.json of another home": lambda home, all_: _copy(all_.other_go, home, REPORT_JSON),
        "database of another home": lambda home, all_: _copy(all_.other_go, home, DATABASE),
        "published folder of another home": lambda home, all_: _copy(
            all_.other_go, home, REPORT_JSON, DATABASE
        ),
        "database of a run that said NO_GO": lambda home, all_: _copy(all_.no_go, home, DATABASE),
        "NO_GO edited into GO": _edited_no_go,
        "a verdict of the sandbox only": lambda home, _: _into_sandbox(home),
        "database missing": lambda home, _: (home.published / DATABASE).unlink(),
        "database empty": lambda home, _: _fill(home.published / DATABASE, b""),
        "database half": lambda home, _: _halve(home.published / DATABASE),
        "database is a page": lambda home, _: _fill(
            home.published / DATABASE, (home.published / REPORT_HTML).read_bytes()
        ),
        "database without tables": lambda home, _: _execute(home, "drop schema parity cascade"),
        "database without a verdict": lambda home, _: _execute(home, "delete from parity.verdict"),
        "database with another verdict": lambda home, _: _execute(
            home, "update parity.verdict set verdict = 'NO_GO'"
        ),
        "database of an incomplete pull": lambda home, _: _execute(
            home, "update control.completeness set complete = false where resource = 'prices'"
        ),
        "database without completeness": lambda home, _: _execute(home, "delete from control.completeness"),
        "no history": lambda home, _: shutil.rmtree(home.history),
        "history of another run": lambda home, _: _forget(home),
    }
    for name, spoil in spoils.items():
        yield HomeInjection(name, "broken verdict", spoil)


def _as_it_was(_: Home, __: Homes) -> None:
    """The home of the GO, as it is."""


def _nothing_before(home: Home, _: Homes) -> None:
    shutil.rmtree(home.folder)


def _report(home: Home) -> bytes:
    return (home.published / REPORT_JSON).read_bytes()


def _write(home: Home, content: bytes) -> None:
    (home.published / REPORT_JSON).write_bytes(content)


def _edit(home: Home, **changes: Any) -> None:  # noqa: ANN401  # JSON
    _write(home, json.dumps({**json.loads(_report(home)), **changes}).encode())


def _copy(source: Path, home: Home, *names: str) -> None:
    for name in names:
        shutil.copy(Home(source).published / name, home.published / name)


def _edited_no_go(home: Home, homes: Homes) -> None:
    shutil.rmtree(home.folder)
    shutil.copytree(homes.no_go, home.folder)
    _edit(home, verdict="GO", reasons=[])


def _into_sandbox(home: Home) -> None:
    aside = home.folder.with_name(f"{home.folder.name}-aside")
    home.folder.rename(aside)
    home.folder.mkdir()
    aside.rename(home.sandbox().folder)


def _fill(file: Path, content: bytes) -> None:
    file.write_bytes(content)


def _halve(file: Path) -> None:
    _fill(file, file.read_bytes()[: file.stat().st_size // 2])


def _execute(home: Home, statement: str) -> None:
    with duckdb.connect(str(home.published / DATABASE)) as connection:
        connection.execute(statement)


def _forget(home: Home) -> None:
    for record in home.history.iterdir():
        record.rename(record.with_name("20260609_another.json"))
