"""Whose event summaries are asked when all are too many for one run, and what is known of the rest."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from scripted_vendors import Asked, ScriptedVendor, read_stripe

from parity_pipeline.earlier_landing import EarlierLanding
from parity_pipeline.errors import LandingError
from parity_pipeline.landing import LandedResource, read_manifest
from parity_pipeline.landing_writer import Background, LandingWriter
from parity_pipeline.periods import DAY, Window, to_unix
from parity_pipeline.sources.answered import PutOff, Rotation
from parity_pipeline.sources.notes import Notes
from parity_pipeline.sources.resources import stripe_resource
from parity_pipeline.sources.sink import Lander
from parity_pipeline.sources.stripe import ItemFact, LineFact, StripeFacts
from parity_pipeline.sources.stripe_api import StripeApi
from parity_pipeline.sources.stripe_records import Meter, MeterAggregation
from parity_pipeline.sources.stripe_usage import StripeUsage

START = datetime(2026, 5, 1, tzinfo=UTC)
FIRST = datetime(2026, 5, 11, tzinfo=UTC)
SUMMARIES = stripe_resource("meter_event_summaries")
NAMES = [f"cus_{number}" for number in range(1, 7)]


@dataclass
class Account:
    """Customers of two meters, of which one does not add up, read day by day; `asked` is by customer."""

    folder: Path
    most: int | None = 4
    start: datetime = START
    doubtful: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    bonus: int = 0
    """What every day's usage grew by since."""
    lines: set[LineFact] = field(default_factory=set)
    runs: int = 0

    def pull(self, day: int, *, resumes: bool = False) -> dict[str, int]:
        """Read on that day at two o'clock; returns the questions asked of each customer."""
        if not resumes:
            self.runs += 1
        as_of = FIRST + day * DAY
        window = Window(self.start, as_of)
        earlier = (
            EarlierLanding(self._place(self.runs - 1), {"stripe/default": "key"}, self.doubtful)
            if self.runs > 1
            else None
        )
        vendor = ScriptedVendor(self._answer)
        writer = LandingWriter(
            self._place(self.runs), "run", window, background=Background(origins={"stripe/default": "key"})
        )
        lander = Lander(writer, "default", earlier=earlier, read_at=as_of + timedelta(hours=2))
        for name in ("subscriptions", "invoices"):
            lander.finish(stripe_resource(name), watermark=as_of)
        facts = self._facts()

        async def work(api: StripeApi) -> None:
            nobody = asyncio.Future[list[str]]()
            nobody.set_result([])
            usage = StripeUsage(api, lander, window, most=self.most)
            await usage.summaries(facts, nobody, nobody, nobody if earlier else None)

        read_stripe(vendor, work)
        writer.close()
        asked: dict[str, int] = {}
        for each in vendor.asked:
            asked[each.query["customer"]] = asked.get(each.query["customer"], 0) + 1
        return dict(sorted(asked.items()))

    @property
    def landed(self) -> LandedResource:
        """What was landed last."""
        (found,) = (
            each
            for each in read_manifest(self._place(self.runs)).resources
            if each.resource == SUMMARIES.name
        )
        return found

    @property
    def put_off(self) -> dict[str, tuple[int, int] | None]:
        """Who was put off last: up to which day known, and read on which day."""
        landing = EarlierLanding(self._place(self.runs), {"stripe/default": "key"})
        return {each.stripe_customer_id: _days(each) for each in landing.put_off(SUMMARIES, "default")}

    def _place(self, run: int) -> Path:
        return self.folder / f"run{run}"

    def _facts(self) -> StripeFacts:
        meters = {
            name: Meter(
                id=name,
                event_name=name,
                status="active",
                created=1,
                default_aggregation=MeterAggregation(formula=formula),
            )
            for name, formula in (("calls", "sum"), ("seats", "last"))
        }
        facts = StripeFacts(Notes())
        facts.customers.update(set(NAMES) - self.absent)
        facts.meters |= meters
        facts.price_meters["price_seats"] = "seats"
        facts.items.update(ItemFact(each, "calls", None, None) for each in NAMES)
        facts.lines.update(self.lines)
        return facts

    def _answer(self, asked: Asked) -> Any:
        customer, meter = asked.query["customer"], asked.path.split("/")[4]
        if customer in self.absent:
            return 404, {"error": {"message": "No such customer"}}
        start, end = int(asked.query["start_time"]), int(asked.query["end_time"])
        step = 86400 if asked.query.get("value_grouping_window") == "day" else end - start
        rows = [
            {"id": f"{customer}_{meter}_{at}", "meter": meter, "start_time": at, "end_time": at + step}
            for at in range(start, end, step)
        ]
        return {"data": [row | {"aggregated_value": 1 + self.bonus} for row in rows], "has_more": False}


def _days(each: PutOff) -> tuple[int, int] | None:
    if each.known_until is None or each.read_at is None:
        return None
    return (each.known_until - FIRST) // DAY, (each.read_at - FIRST) // DAY


def _one_each(*customers: int) -> dict[str, int]:
    return {NAMES[number - 1]: 1 for number in customers}


def test_customers_take_turns(tmp_path: Path) -> None:
    """Six customers, four questions a day: the two who were left out come first, then the oldest."""
    account = Account(tmp_path)
    assert account.pull(0) == _one_each(1, 2, 3, 4)
    assert account.put_off == {"cus_5": None, "cus_6": None}
    assert account.landed.rotation == Rotation(6, 4, customers=2, never_read=2, unanswered=2, runs_left=1)
    assert account.landed.rows == 4 * 10
    assert account.pull(1) == _one_each(1, 2, 5, 6)
    assert account.put_off == {"cus_3": (0, 0), "cus_4": (0, 0)}
    assert account.landed.rotation == Rotation(6, 4, customers=2, never_read=0, unanswered=0, runs_left=0)
    assert (account.landed.rows, account.landed.reused) == (4 * 11 + 2 * 10, 2)
    assert account.landed.oldest_read_at == FIRST + timedelta(hours=2)
    assert account.pull(2) == _one_each(1, 2, 3, 4)
    assert account.put_off == {"cus_5": (1, 1), "cus_6": (1, 1)}
    assert account.pull(3) == _one_each(1, 2, 5, 6)
    account.most = None
    assert account.pull(4) == _one_each(1, 2, 3, 4, 5, 6)
    assert (account.put_off, account.landed.rotation) == ({}, None)


def test_answers_are_handed_on_as_they_were(tmp_path: Path) -> None:
    """With two questions a day an answer is landed three times over, with its own days, value and age."""
    account = Account(tmp_path, most=2)
    assert account.pull(0) == _one_each(1, 2)
    account.bonus = 5
    assert account.pull(1) == _one_each(3, 4)
    assert account.put_off == {"cus_1": (0, 0), "cus_2": (0, 0), "cus_5": None, "cus_6": None}
    assert account.landed.rotation == Rotation(6, 2, customers=4, never_read=2, unanswered=2, runs_left=1)
    assert account.pull(2) == _one_each(5, 6)
    assert account.put_off == {"cus_1": (0, 0), "cus_2": (0, 0), "cus_3": (1, 1), "cus_4": (1, 1)}
    assert account.landed.rows == 2 * 10 + 2 * 11 + 2 * 12
    assert account.pull(3) == _one_each(1, 2)


def test_the_doubtful_are_asked_each_day(tmp_path: Path) -> None:
    """Two of six were not in parity: they are asked each time, the others with the other half."""
    account = Account(tmp_path)
    account.pull(0)
    account.doubtful = frozenset({"cus_3", "cus_4"})
    assert [account.pull(day) for day in (1, 2, 3)] == [
        _one_each(3, 4, 5, 6),
        _one_each(1, 2, 3, 4),
        _one_each(3, 4, 5, 6),
    ]


def test_a_second_run_of_the_day_goes_on(tmp_path: Path) -> None:
    """It asks those whom the first one put off."""
    account = Account(tmp_path)
    account.pull(0)
    account.pull(1)
    assert account.pull(1) == _one_each(3, 4, 1, 2)
    assert account.put_off == {"cus_5": (1, 1), "cus_6": (1, 1)}


def test_another_start_is_another_question(tmp_path: Path) -> None:
    """Answers that begin after the window count as never read; those that begin before it are good."""
    account = Account(tmp_path)
    account.pull(0)
    account.pull(1)
    account.start = START + DAY
    account.pull(2)
    assert account.put_off == {"cus_5": (1, 1), "cus_6": (1, 1)}
    account.start = START - DAY
    assert account.pull(3) == _one_each(1, 2, 3, 4)
    assert account.put_off == {"cus_5": None, "cus_6": None}


def test_a_past_day_knows_nothing_of_later_ones(tmp_path: Path) -> None:
    """What was read about later days is not what was known then."""
    account = Account(tmp_path)
    account.pull(3)
    account.pull(2)
    assert account.put_off == {"cus_5": None, "cus_6": None}


def _month(customer: str, first: datetime, last: datetime) -> LineFact:
    return LineFact(customer, "price_seats", to_unix(first), to_unix(last))


def test_periods_are_known_as_they_were_asked(tmp_path: Path) -> None:
    """A period that ended before is landed again; one that went on then is not; a new bound is unknown."""
    account = Account(tmp_path, most=6)
    ended, running = (START, START + 5 * DAY), (START + 5 * DAY, START + 40 * DAY)
    account.lines = {_month(each, *period) for each in ("cus_5", "cus_6") for period in (ended, running)}
    assert account.pull(0) == _one_each(1, 2, 3, 4) | {"cus_5": 3}
    assert account.pull(1) == _one_each(1, 2, 3) | {"cus_6": 3}
    assert account.put_off == {"cus_4": (0, 0), "cus_5": (0, 0)}
    assert account.landed.reused == 1 + 2
    account.lines = {each for each in account.lines if each.customer != "cus_6"}
    account.lines |= {_month("cus_6", START, START + 4 * DAY), _month("cus_6", START + 4 * DAY, running[1])}
    account.most = 2
    account.doubtful = frozenset({"cus_4"})
    assert account.pull(2) == {"cus_4": 1, "cus_6": 3}
    account.doubtful = frozenset()
    account.lines = {each for each in account.lines if each.customer != "cus_5"}
    assert account.pull(3) == _one_each(1, 5)


def test_what_was_asked_early_is_not_enough(tmp_path: Path) -> None:
    """Six questions are asked before all 24 are known; the six that are left go to two whole customers.

    Of the other four the days are known and no period: next day each is asked all its four questions.
    """
    account = Account(tmp_path, most=12)
    ends = [START + days * DAY for days in (0, 3, 6, 9)]
    account.lines = {_month(name, *span) for name in NAMES for span in pairwise(ends)}
    assert account.pull(0) == dict.fromkeys(NAMES, 1) | dict.fromkeys(NAMES[:2], 4)
    assert account.put_off == dict.fromkeys(NAMES[2:])
    assert account.landed.rotation == Rotation(24, 12, customers=4, never_read=4, unanswered=12, runs_left=1)
    assert account.pull(1) == dict.fromkeys(NAMES[2:5], 4)
    assert account.put_off == {"cus_1": (0, 0), "cus_2": (0, 0), "cus_6": None}
    assert account.landed.rows == 3 * (11 + 3) + 2 * (10 + 3)


def test_deleted_customers_wait_like_others(tmp_path: Path) -> None:
    """That Stripe no longer knows a customer is an answer, which grows old as well."""
    account = Account(tmp_path, absent=frozenset({"cus_1"}))
    assert account.pull(0) == _one_each(1, 2, 3, 4)
    assert account.pull(1) == _one_each(1, 2, 5, 6)
    account.most = 3
    assert account.pull(2) == _one_each(1, 3, 4)
    assert account.pull(3) == _one_each(2, 5, 6)
    assert account.put_off == {"cus_1": (2, 2), "cus_3": (2, 2), "cus_4": (2, 2)}
    assert account.landed.note is None


def test_who_was_put_off_is_sealed(tmp_path: Path) -> None:
    """A landing in which the names were altered is not relied on."""
    account = Account(tmp_path)
    account.pull(0)
    file = tmp_path / "run1" / account.landed.put_off_file
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(LandingError, match="was altered"):
        account.pull(1)


def test_a_pull_that_goes_on_asks_the_same(tmp_path: Path) -> None:
    """Who is asked follows from the questions and the earlier landing: the same digests once more."""
    account = Account(tmp_path)
    account.pull(0)
    first = account.pull(1), account.landed
    assert (account.pull(1, resumes=True), account.landed) == first
