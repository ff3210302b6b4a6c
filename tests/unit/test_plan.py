"""The plan of a pull: its numbers by hand."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from parity_pipeline.cli_extraction import plan_lines, turns_lines
from parity_pipeline.extraction import VendorPlan
from parity_pipeline.periods import Window
from parity_pipeline.sources.ledger import RequestCount
from parity_pipeline.sources.limits import Limits
from parity_pipeline.sources.plan import (
    SUMMARIES,
    Likeness,
    MetronomeSizes,
    Planned,
    StripeSizes,
    as_before,
    first_metronome_plan,
    first_stripe_plan,
    in_turns,
    seconds_needed,
)

WINDOW = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC))


def test_a_first_plan_of_stripe() -> None:
    """250 customers are three pages; two meters over 120 days are two pages each of 100 buckets."""
    numbers = {
        each.endpoint: each.requests for each in first_stripe_plan("default", StripeSizes(250, 2), WINDOW)
    }
    assert numbers["GET /v1/customers"] == 3
    assert numbers["GET /v1/billing/meters/{id}/event_summaries"] == 250 * 2 * 2
    assert numbers["GET /v1/invoices"] == 13  # five months of 250 invoices
    assert numbers["GET /v1/coupons"] == 1


def test_a_first_plan_of_metronome() -> None:
    """250 customers are one question each by listing, and 750 for three metrics with group keys."""
    numbers = {
        each.endpoint: each.requests for each in first_metronome_plan("default", MetronomeSizes(250, 3))
    }
    assert numbers["GET /v1/customers"] == 4  # three pages of active ones, one of archived ones
    assert numbers["POST /v2/contracts/list"] == 250
    assert numbers["POST /v1/usage/groups"] == 750


def test_large_accounts_are_known_to_be_at_least_so_large() -> None:
    """When the first pages were not all, the plan says so."""
    (one, *_) = first_metronome_plan("default", MetronomeSizes(1000, 3, is_at_least=True))
    assert one.basis == "at least, from the first pages"


def test_a_plan_like_an_earlier_pull() -> None:
    """Twelve requests, two of them repeats, and three questions answered otherwise are 13 questions."""
    count = RequestCount("stripe", "GET /v1/prices", 12, 2, 2, 0, Decimal(0), "default", resumed=1, spared=2)
    assert as_before([count], "r1") == [
        Planned("default", "stripe", "GET /v1/prices", 13, "estimate, as in r1", daily=13)
    ]


@pytest.mark.parametrize(
    ("endpoint", "likeness", "asked", "daily"),
    [
        ("GET /v1/invoices/{id}/lines", Likeness(), 300, 300),
        ("GET /v1/invoices/{id}/lines", Likeness(is_usable=True), 0, 0),
        ("POST /v1/contracts/getContractRateSchedule", Likeness(is_usable=True), 260, 260),
        (SUMMARIES, Likeness(is_usable=True), 300, 300),
        (SUMMARIES, Likeness(is_usable=True, is_recent=True), 15, 300),
        (SUMMARIES, Likeness(is_recent=True), 300, 300),
    ],
)
def test_what_an_earlier_landing_will_spare(
    endpoint: str, likeness: Likeness, asked: int, daily: int
) -> None:
    """Of 260 requests and 40 spared ones: none that are known for good, a twentieth of a day's summaries."""
    count = RequestCount("stripe", endpoint, 260, 0, 0, 0, Decimal(0), "default", spared=40)
    (planned,) = as_before([count], "r1", likeness)
    assert (planned.requests, planned.daily) == (asked, daily)


@pytest.mark.parametrize(
    ("questions", "most", "asked", "runs"),
    [(400, 400, 400, 1), (401, 400, 400, 2), (1000, 400, 400, 3), (401, None, 401, 1)],
)
def test_customers_take_turns(questions: int, most: int | None, asked: int, runs: int) -> None:
    """So many questions in runs of 400; nothing else is bounded."""
    planned = [Planned("eu", "stripe", name, questions, "") for name in (SUMMARIES, "GET /v1/prices")]
    bounded, other = in_turns(planned, {"eu": most})
    assert (bounded.requests, bounded.daily or bounded.requests, bounded.runs) == (asked, asked, runs)
    assert other == planned[1]


def test_a_run_after_turns_asks_for_everything_again() -> None:
    """100 were asked, 60 known from before and 40 never: 200 questions, also in a second run of the day."""
    count = RequestCount("stripe", SUMMARIES, 100, 0, 0, 0, Decimal(0), "eu", spared=60)
    for likeness in (Likeness(is_usable=True, is_recent=True), Likeness()):
        (planned,) = as_before([count], "r1", replace(likeness, turns={"eu": 40}))
        assert (planned.requests, planned.daily) == (200, 200)


@pytest.mark.parametrize(
    ("runs", "max_age_hours", "lines"),
    [
        (1, 36, []),
        (2, 36, [2]),
        (3, 48, [3]),
        (
            3,
            36,
            [
                3,
                "Warning: run daily, the oldest usage would be 48 hours old, and what is older than "
                "gate.max_age_hours (36) is pending. Set that to 60, or limits.summaries_per_run to 600.",
            ],
        ),
    ],
)
def test_the_plan_tells_of_turns(runs: int, max_age_hours: int, lines: list[int | str]) -> None:
    """Three runs of 400 are two of 600, which stay below 36 hours."""
    planned = Planned("eu", "stripe", SUMMARIES, 400, "", daily=400, runs=runs)
    told = (
        "Event summaries take {} runs: customers take turns, with about 400 questions a run "
        "(limits.summaries_per_run). --full asks everybody."
    )
    expected = [told.format(each) if isinstance(each, int) else each for each in lines]
    assert turns_lines([planned], max_age_hours=max_age_hours) == expected


@pytest.mark.parametrize(
    ("limits", "seconds"),
    [
        (Limits(16, 25), 12),  # 300 / 25
        (Limits(32, 100, 10), 20),  # 200 / 10 at the busier endpoint
        (Limits(10), 7.5),  # 300 of a quarter of a second, ten at once
    ],
)
def test_the_slowest_limit_decides(limits: Limits, seconds: float) -> None:
    """The rate in all, that of the busiest endpoint, or the places times the time of an answer."""
    planned = [Planned("default", "stripe", name, number, "") for name, number in (("a", 200), ("b", 100))]
    assert seconds_needed(planned, limits) == seconds


def test_the_plan_in_words() -> None:
    """Requests and time by vendor, the endpoints by size, and the share of what Stripe allows."""
    stripe = (
        Planned("eu", "stripe", "GET /v1/prices", 1, "x"),
        Planned("eu", "stripe", "GET /v1/a", 99, "y"),
    )
    metronome = (Planned("eu", "metronome", "POST /v1/usage", 36_000, "z"),)
    lines = plan_lines(
        [
            VendorPlan("eu", "stripe", Limits(32, 50, 25), stripe),
            VendorPlan("eu", "metronome", Limits(10, 1), metronome),
            VendorPlan("us", "metronome", Limits(10), metronome),
        ],
        monthly_reads=10_000,
    )
    assert lines == [
        "stripe eu: 100 requests, about 4 s at 50 a second and 25 an endpoint",
        "       99  GET /v1/a  (y)",
        "        1  GET /v1/prices  (x)",
        "A daily schedule reads 3000 in 30 days, 30% of the 10000 that limits.stripe_monthly_reads allows.",
        "metronome eu: 36000 requests, about 10.0 h at 1 a second",
        "    36000  POST /v1/usage  (z)",
        "metronome us: 36000 requests, about 15 min at 10 at once and a guessed quarter of a second each, "
        "no rate being published",
        "    36000  POST /v1/usage  (z)",
    ]
