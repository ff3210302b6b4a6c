"""A pull that is killed, or that an outage ends, goes on where it stopped and lands the same."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from extractions import complete, digests, extract, requests, served
from sandbox_runs import AS_OF, world

from parity_pipeline.home import Home
from parity_pipeline.sandbox.disruptions import Disruption
from parity_pipeline.sandbox.world import World

PROGRAM = "from parity_pipeline.cli import main; main()"


@pytest.fixture(scope="module")
def small() -> World:
    """A clean company of 15 customers."""
    return world(customers=15)


def _run_and_kill(variables: dict[str, str], home: Path, *, journal_bytes: int) -> None:
    """Start `parity run` and kill it as soon as its journal holds so much more than before."""
    journal = Home(home).journal
    before = journal.stat().st_size if journal.is_file() else 0
    command = [sys.executable, "-c", PROGRAM, "run", "--as-of", AS_OF.isoformat(), "--home", str(home)]
    with subprocess.Popen(  # noqa: S603  # our own program
        command, env={**os.environ, **variables}, stderr=subprocess.DEVNULL
    ) as running:
        deadline = time.monotonic() + 60
        while not (journal.is_file() and journal.stat().st_size >= before + journal_bytes):
            assert running.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.002)
        os.kill(running.pid, signal.SIGKILL)
    assert journal.stat().st_size > before


def test_a_killed_pull_goes_on_and_lands_the_same(small: World, tmp_path: Path) -> None:
    """Killed three times, it ends with the digests of an undisturbed run, and asks no page twice."""
    home = tmp_path / "home"
    with served(small, tmp_path) as variables:
        undisturbed = complete(extract(variables, tmp_path / "calm"))
        for size in (2_000, 150_000, 200_000):
            _run_and_kill(variables, home, journal_bytes=size)
        resumed = complete(extract(variables, home))
    assert digests(resumed) == digests(undisturbed)
    assert requests(resumed) < requests(undisturbed)
    assert not Home(home).journal.exists()
    assert [each.name for each in Home(home).landings()] == [resumed.run_id]


def test_after_an_outage_only_what_is_missing_is_asked(small: World, tmp_path: Path) -> None:
    """An endpoint that stays down ends the run; the next one is complete and asks no page twice."""
    down = Disruption("/v1/billing/credit_grants", "status", status=503, times=12, retry_after=0)
    home = tmp_path / "home"
    with served(small, tmp_path, [down]) as variables:
        failed = extract(variables, home)
        assert failed.error is not None
        assert "kept failing (503)" in failed.error
        told: list[str] = []
        resumed = complete(extract(variables, home, told.append))
        undisturbed = complete(extract(variables, tmp_path / "calm"))
    assert digests(resumed) == digests(undisturbed)
    known = requests(undisturbed) - requests(resumed)
    assert known > 0
    assert f"go on after {known} pages that were read before" in told


def test_what_does_not_fit_together_is_asked_anew(small: World, tmp_path: Path) -> None:
    """A malformed page leaves no journal: the next run begins at the beginning."""
    home = tmp_path / "home"
    with served(small, tmp_path, [Disruption("/v1/usage/groups", "malformed", times=1)]) as variables:
        failed = extract(variables, home)
        assert failed.error is not None
        assert not Home(home).journal.exists()
        complete(extract(variables, home))


def test_the_journal_holds_declared_fields_only(small: World, tmp_path: Path) -> None:
    """Names, addresses and keys of the pretend company are not in it."""
    home = tmp_path / "home"
    with served(small, tmp_path) as variables:
        _run_and_kill(variables, home, journal_bytes=150_000)
        kept = Home(home).journal.read_bytes()
    assert b'"data":' in kept
    for planted in ("email", "address", variables["STRIPE_API_KEY"], variables["METRONOME_BEARER_TOKEN"]):
        assert planted.encode() not in kept
