"""Customers take turns over days: what is asked each day, what counts, and that nothing goes unseen."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from extractions import complete, digests, extract, free_ports, served_at
from sandbox_runs import AS_OF, SEED, Run, world

from parity_pipeline import pipeline
from parity_pipeline.home import Home
from parity_pipeline.landing import LandedResource, Manifest, read_manifest
from parity_pipeline.run_request import make_request
from parity_pipeline.sandbox.faults import apply_faults
from parity_pipeline.sandbox.world import World, build_world
from parity_pipeline.settings import load_settings

START = AS_OF.date().replace(month=4, day=1)
DAYS = 3
PROGRAM = "from parity_pipeline.cli import main; main()"
TURNS = {"PARITY_LIMITS__SUMMARIES_PER_RUN": "40"}
IN_TIME = {**TURNS, "PARITY_GATE__MAX_AGE_HOURS": "72"}
USAGE = (
    "select stripe_customer_id, meter, usage_date, period_start, period_end, expected_value, actual_value, "
    "status from parity.event_ingestion"
)


@dataclass(frozen=True)
class Walk:
    """A company that is read each day at two o'clock, always at the same address."""

    company: World
    folder: Path
    ports: tuple[int, int]

    def run(self, number: int, home: str, environment: dict[str, str]) -> Run:
        """The run of a day, of which the last one is the company's own."""
        day = AS_OF - timedelta(days=DAYS - 1 - number)
        now = day + timedelta(hours=2)
        with served_at(self.company.at(day), self.folder / f"{home}{number}", self.ports) as variables:
            settings = load_settings({**variables, **environment}, home=self.folder / home)
            request = make_request(now=now, as_of=day.isoformat(), configured_start=START)
            outcome = pipeline.run(settings, request, clock=lambda: now, tell=lambda _: None)
        return Run(outcome.result, self.folder / home)


def _walk(folder: Path, *faults: str) -> Walk:
    company = build_world(seed=SEED, as_of=AS_OF, customers=12)
    apply_faults(company, faults)
    return Walk(company, folder, free_ports())


def _summaries(run: Run) -> LandedResource:
    manifest = read_manifest(Home(run.home).landing(run.result.run_id))
    (found,) = (each for each in manifest.resources if each.resource == "meter_event_summaries")
    return found


def _put_off(run: Run) -> set[str]:
    return {customer for (customer,) in run.rows("select stripe_customer_id from control.usage_ages")}


def test_a_clean_company_over_days(tmp_path: Path) -> None:
    """UNDECIDED until everybody was asked once, then GO; what is settled is as a full run says."""
    walk, asked = _walk(tmp_path), set[str]()
    for number, decision in enumerate(("UNDECIDED", "UNDECIDED", "GO")):
        run = walk.run(number, "home", IN_TIME)
        verdict = run.result.verdict
        assert (verdict.decision, run.result.findings_in_all) == (decision, 0), verdict.reasons
        landed, waiting = _summaries(run), _put_off(run)
        assert landed.rotation is not None
        assert (landed.rotation.customers, landed.rotation.most_a_run) == (len(waiting), 40)
        assert 40 <= landed.rotation.questions - landed.reused - landed.rotation.unanswered <= 52
        if decision == "UNDECIDED":
            never = f"too little usage of {landed.rotation.never_read} customers was read from Stripe"
            assert never in verdict.reasons[0]
            assert f"about {landed.rotation.runs_left} more run" in verdict.reasons[0]
        else:
            assert landed.rotation.never_read == 0
            (remark,) = (
                each.remark for each in run.result.completeness if each.resource == "meter_event_summaries"
            )
            assert f"{len(waiting)} customers not asked in this run" in remark
        customers = {
            name for (name,) in run.rows("select distinct stripe_customer_id from parity.event_ingestion")
        }
        asked |= customers - waiting
    assert asked >= customers
    full = walk.run(DAYS - 1, "full", {})
    assert full.result.verdict.decision == "GO"
    settled = f"{USAGE} where status <> 'pending'"
    assert set(run.rows(settled)) < set(full.rows(settled))
    assert {row[0] for row in set(full.rows(settled)) - set(run.rows(settled))} <= waiting
    everybody = walk.run(DAYS - 1, "home", {})
    assert set(everybody.rows(USAGE)) == set(full.rows(USAGE))


def test_a_fault_is_found_and_stays_in_sight(tmp_path: Path) -> None:
    """Whoever differs is asked each day from then on; with usage too old to count the others wait, named."""
    walk, differing = _walk(tmp_path, "events_missing"), set[str]()
    for number in range(DAYS):
        run = walk.run(number, "home", TURNS)
        assert not differing & _put_off(run)
        rows = run.rows("select stripe_customer_id from parity.event_ingestion where status = 'breach'")
        differing |= {customer for (customer,) in rows}
    full = walk.run(DAYS - 1, "full", {})
    breaches = f"{USAGE} where status = 'breach'"
    assert set(run.rows(breaches)) == set(full.rows(breaches)) != set()
    assert run.result.verdict.decision == full.result.verdict.decision == "NO_GO"
    ((aged, rows),) = run.rows("select aged_customers, aged_rows from parity.usage_turns")
    assert aged > 0
    assert rows > 0
    waiting = run.rows("select count(*) from parity.event_ingestion where status = 'pending'")[0][0]
    assert waiting > rows


@pytest.fixture(scope="module")
def company() -> World:
    """Fifteen customers, nothing wrong."""
    return world(customers=15)


def test_a_killed_turn_goes_on_and_lands_the_same(company: World, tmp_path: Path) -> None:
    """The same customers are asked, and the same is landed, as by a run that nobody killed."""
    ports, yesterday = free_ports(), AS_OF - timedelta(days=1)
    pulls: dict[str, Manifest] = {}
    with served_at(company.at(yesterday), tmp_path / "one", ports) as variables:
        for home in ("calm", "home"):
            complete(extract({**variables, **TURNS}, tmp_path / home, as_of=yesterday))
    with served_at(company, tmp_path / "two", ports) as variables:
        _run_and_kill({**variables, **TURNS}, tmp_path / "home", journal_bytes=150_000)
        for home in ("calm", "home"):
            pulls[home] = complete(extract({**variables, **TURNS}, tmp_path / home))
    assert digests(pulls["home"]) == digests(pulls["calm"])
    (calm, resumed) = (
        [(each.rotation, each.reused) for each in pulls[home].resources if each.rotation]
        for home in ("calm", "home")
    )
    assert calm == resumed
    assert len(calm) == 1
    assert sum(each.resumed for each in pulls["home"].requests) > 0


def _run_and_kill(variables: dict[str, str], home: Path, *, journal_bytes: int) -> None:
    """Start `parity run` and kill it as soon as its journal holds so much."""
    journal = Home(home).journal
    command = [sys.executable, "-c", PROGRAM, "run", "--as-of", AS_OF.isoformat(), "--home", str(home)]
    with subprocess.Popen(  # noqa: S603  # our own program
        command, env={**os.environ, **variables}, stderr=subprocess.DEVNULL
    ) as running:
        deadline = time.monotonic() + 60
        while not (journal.is_file() and journal.stat().st_size >= journal_bytes):
            assert running.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.002)
        os.kill(running.pid, signal.SIGKILL)
