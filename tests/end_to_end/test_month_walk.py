"""A month walked day by day, as a scheduled pipeline sees it: the clock goes on, the company stays."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
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
    datetime(2026, 6, 2, 12, tzinfo=UTC),
    LAST,
)


def _settled(run: Run) -> dict[tuple[Any, ...], tuple[Decimal | None, Decimal | None]]:
    """The two values of every settled invoice row."""
    rows = run.rows(
        "select stripe_customer_id, currency, period_start, expected_value, actual_value "
        "from parity.invoice_totals where status <> 'pending'"
    )
    return {tuple(row[:3]): (row[3], row[4]) for row in rows}


def test_a_month_day_by_day(tmp_path: Path) -> None:
    """No day is NO_GO or finds anything; GO comes with the first settled cycle; what is settled stays."""
    world = build_world(seed=7, as_of=LAST, customers=20)
    walked = {day: run_world(world.at(day), tmp_path, as_of=day, home=f"{day:%m%dT%H%M}") for day in DAYS}
    assert [run.result.verdict.decision for run in walked.values()] == ["UNDECIDED"] * 3 + ["GO"] * 4
    assert all(run.result.findings_in_all == 0 for run in walked.values())
    seen: dict[tuple[Any, ...], tuple[Decimal | None, Decimal | None]] = {}
    for run in walked.values():
        now = _settled(run)
        assert {place: now[place] for place in seen} == seen
        seen |= now
    assert len(seen) >= 30
    # At the turn of the month Stripe has no invoice of April; half an hour later it has a draft.
    ended = "select count(expected_value) from parity.invoice_totals where period_end = '2026-05-01'"
    at_the_turn, half_an_hour_later = (run.rows(ended)[0][0] for run in list(walked.values())[:2])
    assert at_the_turn == 0
    assert half_an_hour_later > 0


def test_an_instant_ahead_of_the_company_is_refused() -> None:
    """Nobody knows what happens then."""
    world: World = build_world(seed=7, as_of=LAST, customers=5)
    with pytest.raises(ValueError, match="known until"):
        world.at(LAST + timedelta(seconds=1))
