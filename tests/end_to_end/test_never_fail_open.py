"""Seeing less than everything never ends GO: a sample of benchmarks/fail_open.py, one of most kinds."""

from collections.abc import Iterator

import pytest

from benchmarks.fail_open import LEAST, Plan, inject
from benchmarks.fail_open_endpoints import ENDPOINTS
from benchmarks.fail_open_homes import Homes
from benchmarks.fail_open_injections import small_pages
from benchmarks.fail_open_runs import Bench, survey_of

SAMPLE = {
    "403: stripe GET /v1/invoices": "exit 2",
    "429 for ever: metronome POST /v1/usage": "UNDECIDED",
    "truncated: stripe GET /v1/prices": "UNDECIDED",
    "field missing: metronome POST /v2/contracts/list": "UNDECIDED",
    "other mode: stripe GET /v1/customers": "UNDECIDED",
    "emptied: metronome POST /v1/contracts/customerBalances/list": "UNDECIDED",
    "doubled: stripe GET /v1/subscriptions": "UNDECIDED",
    "page repeated: metronome POST /v1/usage": "UNDECIDED",
    "reordered: stripe GET /v1/customers": "UNDECIDED",
    "cursor stuck: stripe GET /v1/billing/meters": "UNDECIDED",
    "cursor never ends: metronome GET /v1/customers": "UNDECIDED",
    "object missing: metronome POST /v1/usage/groups": "UNDECIDED",
    "stale day: metronome POST /v1/usage": "NO_GO",
    "old verdict: a second too old": "UNDECIDED",
    "broken verdict: database missing": "UNDECIDED",
    "broken verdict: report.json half": "UNDECIDED",
    "killed: after the rename of the database, fresh verdict before": "UNDECIDED",
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A clean sandbox."""
    with Bench(tmp_path_factory.mktemp("bench")) as started:
        yield started


@pytest.fixture(scope="module")
def plan(bench: Bench) -> Plan:
    """What a clean run in small pages reads, and the home that it leaves."""
    home = bench.folder / "go"
    ending = bench.run(home, sides=("stripe", "metronome"), disruptions=small_pages(ENDPOINTS))
    assert (ending.decision, ending.is_complete) == ("GO", True), ending.told
    return Plan(survey_of(home), Homes(go=home, other_go=home, no_go=home))


def test_there_are_enough_injections(plan: Plan) -> None:
    """Each has a name of its own, and every endpoint that a run reads is damaged."""
    everything = plan.all()
    assert len({each.name for each in everything}) == len(everything) >= LEAST
    subjects = {each.subject for each in everything}
    assert {each.name for each in plan.survey.endpoints} <= subjects


@pytest.mark.parametrize(("name", "decision"), SAMPLE.items(), ids=SAMPLE)
def test_less_than_everything_is_never_go(bench: Bench, plan: Plan, name: str, decision: str) -> None:
    """The injection took effect, did not end GO, and the reason names what is missing."""
    (injection,) = [each for each in plan.all() if each.name == name]
    result = inject(bench, plan, injection)
    assert result.is_fine, result
    assert result.ending.decision == decision, result.ending.told
