"""Bad input: one clear line, the right exit code, nothing compared by mistake, and what was landed stays."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rewriting import Rewritten
from sandbox_runs import Run, run_world, world
from starlette.types import ASGIApp

from parity_pipeline.errors import UsageError
from parity_pipeline.published_verdict import read_verdict
from parity_pipeline.sandbox.disruptions import Disruption
from parity_pipeline.sandbox.server import STRIPE_KEY
from parity_pipeline.sandbox.serving import served
from parity_pipeline.sandbox.stripe_side.api import stripe_app
from parity_pipeline.sandbox.world import World
from parity_pipeline.setting_sections import CHECKS

FEW = 20  # enough for bad input
WRONG_KEY = "rk_test_of_somebody_else"


def assert_undecided(run: Run, told: str) -> None:
    """The run compared nothing, says why in one line, and published that."""
    verdict = run.result.verdict
    assert verdict.decision == "UNDECIDED"
    assert verdict.exit_code == 3
    assert any(told in reason for reason in verdict.reasons), verdict.reasons
    assert all("\n" not in reason for reason in verdict.reasons)
    assert (run.home / "published" / "report.html").is_file()
    assert run.rows("select verdict from parity.verdict") == [("UNDECIDED",)]
    for check in CHECKS:
        assert run.rows(f"select count(*) from parity.{check}") == [(0,)]  # our own names
    assert list((run.home / "landing").glob("*/manifest.json"))


@pytest.mark.parametrize(
    ("variable", "told"),
    [("STRIPE_API_KEY", "stripe"), ("METRONOME_BEARER_TOKEN", "metronome")],
)
def test_wrong_credentials(variable: str, told: str, tmp_path: Path) -> None:
    """A key that the vendor refuses is wrong usage: exit 2, and nothing is published."""
    with pytest.raises(UsageError) as caught:
        run_world(world(customers=FEW), tmp_path, environment={variable: WRONG_KEY})
    assert told in str(caught.value).lower()
    assert WRONG_KEY not in str(caught.value)
    assert not list((tmp_path / "home" / "published").iterdir())
    assert list((tmp_path / "home" / "landing").iterdir())


@pytest.mark.parametrize("path", ["/v1/invoices", "/v1/billable-metrics"])
def test_a_missing_scope(path: str, tmp_path: Path) -> None:
    """A 403 on one resource names it: exit 2, and nothing is published."""
    with pytest.raises(UsageError, match=path):
        run_world(world(customers=FEW), tmp_path, disruptions=[Disruption(path, "status", status=403)])
    assert not list((tmp_path / "home" / "published").iterdir())


@pytest.mark.parametrize(
    ("disruption", "told"),
    [
        (Disruption("/v1/subscriptions", "malformed"), "/v1/subscriptions"),
        (Disruption("/v1/billable-metrics", "malformed"), "/v1/billable-metrics"),
        (Disruption("/v1/billing/meters", "missing_field", field="event_name"), "event_name"),
        (Disruption("/v1/invoices", "missing_field", field="has_more"), "/v1/invoices"),
    ],
)
def test_an_answer_that_cannot_be_read(disruption: Disruption, told: str, tmp_path: Path) -> None:
    """A malformed answer, or one without a required field, ends the pull."""
    assert_undecided(run_world(world(customers=FEW), tmp_path, disruptions=[disruption]), told)


def test_an_answer_that_breaks_off(tmp_path: Path) -> None:
    """Half a page, however often it is asked for, is no page."""
    run = run_world(
        world(customers=FEW),
        tmp_path,
        disruptions=[Disruption("/v1/prices", "truncated")],
        environment={"PARITY_LIMITS__PATIENCE_SECONDS": "1"},
    )
    assert_undecided(run, "/v1/prices")


def test_an_unreachable_host(tmp_path: Path) -> None:
    """Nobody answers: incomplete, not equal."""
    run = run_world(world(customers=FEW), tmp_path, environment={"METRONOME_BASE_URL": "http://127.0.0.1:9"})
    assert_undecided(run, "127.0.0.1")


def test_prices_that_are_missing_block_the_comparison(tmp_path: Path) -> None:
    """A listing that is cut off without an error is caught by what refers to it."""
    run = run_world(world(customers=FEW), tmp_path, disruptions=[Disruption("/v1/prices", "empty")])
    assert_undecided(run, "unknown_price_count")


def test_a_bad_pull_replaces_an_earlier_go(tmp_path: Path) -> None:
    """The gate does not go on saying GO after a pull that failed."""
    first = run_world(world(customers=FEW), tmp_path)
    assert read_verdict(first.home, now=first.result.as_of, max_age_hours=36).decision == "GO"
    second = run_world(
        world(customers=FEW), tmp_path, disruptions=[Disruption("/v1/billing/credit_grants", "malformed")]
    )
    assert read_verdict(second.home, now=second.result.as_of, max_age_hours=36).decision == "UNDECIDED"
    assert len(list((second.home / "history").iterdir())) == 2
    assert len(list((second.home / "landing").iterdir())) == 2


def run_rewritten(tmp_path: Path, path: str, change: Callable[[bytes], bytes]) -> Run:
    """A run in which Stripe's answers at a path are changed on their way."""
    told = world(customers=FEW)
    app: ASGIApp = Rewritten(stripe_app(told, api_key=STRIPE_KEY, pushed=[]), path=path, change=change)
    with served(app) as address:
        return run_world(told, tmp_path, environment={"STRIPE_API_BASE": address})


def test_an_unknown_value_of_a_kind(tmp_path: Path) -> None:
    """A status that no rule knows ends the pull and names its place."""
    run = run_rewritten(
        tmp_path, "/v1/invoices", lambda body: body.replace(b'"status":"paid"', b'"status":"settled"')
    )
    assert_undecided(run, "status")


def test_an_unknown_currency(tmp_path: Path) -> None:
    """Nobody knows how many minor units it has, so it is not compared."""
    run = run_rewritten(
        tmp_path, "/v1/invoices", lambda body: body.replace(b'"currency":"eur"', b'"currency":"qqq"')
    )
    assert_undecided(run, "unknown_currency_count")


def empty_stripe(told: World) -> None:
    """Stripe has no customer."""
    told.stripe = replace(told.stripe, customers={}, events=[])


def empty_metronome(told: World) -> None:
    """Metronome has no customer."""
    told.metronome_quirks.absent_customers |= set(told.company.customers)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (empty_stripe, "Stripe returned no customer"),
        (empty_metronome, "Metronome returned neither an invoice nor usage"),
    ],
)
def test_an_empty_account(change: Callable[[World], None], told: str, tmp_path: Path) -> None:
    """A side without a customer is a wrong key, not a disagreement."""
    built = world(customers=FEW)
    change(built)
    run = run_world(built, tmp_path)
    assert run.result.verdict.decision == "UNDECIDED"
    assert any(told in reason for reason in run.result.verdict.reasons), run.result.verdict.reasons
