"""A month walked day by day, as a scheduled pipeline sees it: the clock goes on, the company stays."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sandbox_runs import Run, run_world

from parity_pipeline.sandbox.world import World, build_world

LAST = datetime(2026, 6, 12, tzinfo=UTC)
DAYS = (
    datetime(2026, 5, 1, tzinfo=UTC),  # April's invoices are not even drafts yet
    datetime(2026, 5, 1, 0, 30, tzinfo=UTC),  # drafts in Stripe
    datetime(2026, 5, 1, 12, tzinfo=UTC),  # final in Stripe, in its grace period in Metronome
    datetime(2026, 5, 2, 1, tzinfo=UTC),  # final on both sides and settled
    datetime(2026, 5, 16, tzinfo=UTC),
    datetime(2026, 6, 1, 12, tzinfo=UTC),
    datetime(2026, 6, 2, 12, tzinfo=UTC),
    LAST,
)


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> dict[datetime, Run]:
    """One run for each of the days, in their order."""
    world = build_world(seed=7, as_of=LAST, customers=20)
    folder = tmp_path_factory.mktemp("walk")
    return {day: run_world(world.at(day), folder, as_of=day, home=f"{day:%m%dT%H%M}") for day in DAYS}


def test_no_day_raises_a_false_alarm(walked: dict[datetime, Run]) -> None:
    """What is not yet settled is pending, never wrong."""
    for day, run in walked.items():
        assert run.result.verdict.decision != "NO_GO", (day, run.result.verdict.reasons)
        assert run.result.findings_in_all == 0, day


def test_go_comes_with_the_first_settled_cycle(walked: dict[datetime, Run]) -> None:
    """Before a whole cycle is final on both sides and settled there is no verdict; from then on it is GO."""
    decisions = [run.result.verdict.decision for run in walked.values()]
    assert decisions == ["UNDECIDED"] * 3 + ["GO"] * 5


def test_what_is_settled_stays_as_it_is(walked: dict[datetime, Run]) -> None:
    """A settled invoice row keeps its values on every later day."""
    seen: dict[tuple[Any, ...], tuple[Decimal | None, Decimal | None]] = {}
    for run in walked.values():
        rows = run.rows(
            "select stripe_customer_id, currency, period_start, expected_value, actual_value "
            "from parity.invoice_totals where status <> 'pending'"
        )
        now = {tuple(row[:3]): (row[3], row[4]) for row in rows}
        for place, values in seen.items():
            assert now[place] == values
        seen |= now
    assert len(seen) >= 30


def test_a_draft_is_not_yet_there(walked: dict[datetime, Run]) -> None:
    """At the turn of the month Stripe has no invoice of April; half an hour later it has a draft."""
    ended = "select count(expected_value) from parity.invoice_totals where period_end = '2026-05-01'"
    at_the_turn, half_an_hour_later = (run.rows(ended)[0][0] for run in list(walked.values())[:2])
    assert at_the_turn == 0
    assert half_an_hour_later > 0


def test_an_instant_ahead_of_the_company_is_refused() -> None:
    """Nobody knows what happens then."""
    world: World = build_world(seed=7, as_of=LAST, customers=5)
    with pytest.raises(ValueError, match="known until"):
        world.at(LAST + timedelta(seconds=1))
