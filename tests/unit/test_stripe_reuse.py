"""When the event summaries of an earlier landing are as good as new answers."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from scripted_vendors import WINDOW, Asked, ScriptedVendor, read_stripe

from parity_pipeline.earlier_landing import EarlierLanding
from parity_pipeline.landing import read_manifest
from parity_pipeline.landing_writer import Background, LandingWriter
from parity_pipeline.periods import Period, Window
from parity_pipeline.sources.answered import Answered
from parity_pipeline.sources.resources import stripe_resource
from parity_pipeline.sources.sink import Lander
from parity_pipeline.sources.stripe import ItemFact, StripeFacts
from parity_pipeline.sources.stripe_api import StripeApi
from parity_pipeline.sources.stripe_questions import SummaryAsk
from parity_pipeline.sources.stripe_records import Meter, MeterAggregation, Subscription, SubscriptionItems
from parity_pipeline.sources.stripe_reuse import EarlierSummaries, summaries_digest
from parity_pipeline.sources.stripe_usage import StripeUsage

FIRST_AT = datetime(2026, 5, 3, 13, tzinfo=UTC)
CUSTOMERS = [f"cus_{number}" for number in range(30)]
SUMMARIES = stripe_resource("meter_event_summaries")


def _pull(
    folder: Path,
    *,
    value: int = 1,
    read_at: datetime = FIRST_AT,
    quiet: list[str] = CUSTOMERS,
    doubtful: frozenset[str] = frozenset(),
    subscribed: tuple[str, ...] = (),
) -> int:
    """Read the usage of thirty customers of one meter, the last without any; returns the questions asked."""
    is_second = (folder / "one" / "manifest.json").is_file()
    earlier = EarlierLanding(folder / "one", {"stripe/default": "key"}, doubtful) if is_second else None

    def answer(asked: Asked) -> Any:
        customer, start = asked.query["customer"], int(asked.query["start_time"])
        bucket = {"id": f"m_{customer}", "meter": "calls", "start_time": start, "end_time": start + 86400}
        rows = [] if customer == CUSTOMERS[-1] else [bucket | {"aggregated_value": value}]
        return {"data": rows, "has_more": False}

    vendor = ScriptedVendor(answer)
    background = Background(origins={"stripe/default": "key"})
    writer = LandingWriter(folder / ("two" if is_second else "one"), "run", WINDOW, background=background)
    lander = Lander(writer, "default", earlier=earlier, read_at=read_at)
    for name in ("subscriptions", "invoices"):
        held = [_subscription(each) for each in subscribed] if name == "subscriptions" else []
        lander.append(stripe_resource(name), held)
        lander.finish(stripe_resource(name), watermark=WINDOW.as_of)
    calls = Meter(
        id="calls",
        event_name="calls",
        status="active",
        created=1,
        default_aggregation=MeterAggregation(formula="sum"),
    )
    facts = StripeFacts(lander.notes)
    facts.customers.update(CUSTOMERS)
    facts.meters["calls"] = calls
    facts.items.update(ItemFact(each, "calls", None, None) for each in CUSTOMERS)

    async def work(api: StripeApi) -> None:
        none, still = (asyncio.Future[list[str]]() for _ in range(2))
        none.set_result([])
        still.set_result(quiet)
        await StripeUsage(api, lander, WINDOW).summaries(facts, none, none, still if is_second else None)

    read_stripe(vendor, work)
    writer.close()
    return len(vendor.asked)


def _subscription(customer: str) -> Subscription:
    return Subscription(
        id=f"sub_{customer}",
        status="active",
        customer=customer,
        currency="usd",
        created=1,
        start_date=1,
        billing_cycle_anchor=1,
        items=SubscriptionItems(data=[]),
    )


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({}, 10),
        ({"quiet": CUSTOMERS[:20]}, 20),
        ({"doubtful": frozenset({"cus_7"})}, 11),
        ({"subscribed": ("cus_7",)}, 11),
        ({"read_at": FIRST_AT + timedelta(hours=12)}, 10),
        ({"read_at": FIRST_AT + timedelta(hours=12, seconds=1)}, 30),
        ({"value": 2}, 30),
    ],
    ids=["all", "usage moved", "differed", "subscription moved", "old", "too old", "sample differs"],
)
def test_what_is_asked_again(changes: dict[str, Any], asked: int, tmp_path: Path) -> None:
    """Of thirty answers ten are asked as a sample; and those that may have changed; all when one has."""
    assert _pull(tmp_path) == 30
    assert _pull(tmp_path, **changes) == asked
    one, two = (read_manifest(tmp_path / name).resources for name in ("one", "two"))
    was, now = (next(each for each in side if each.resource == SUMMARIES.name) for side in (one, two))
    assert (was.sha256 == now.sha256, now.reused) == ("value" not in changes, 30 - asked)
    assert (was.rows, now.rows) == (29, 29)
    assert now.oldest_read_at == (changes.get("read_at", FIRST_AT) if asked == 30 else FIRST_AT)


def test_days_that_are_closed_stay_known(tmp_path: Path) -> None:
    """Forty days after a period nobody can add to it, so its answer counts whatever moved and however old."""
    closed = Period(datetime(2026, 3, 1, tzinfo=UTC), WINDOW.as_of - timedelta(days=40))
    open_still = replace(closed, end=closed.end + timedelta(days=1))
    asks = [SummaryAsk("cus_1", "calls", "none", period) for period in (closed, open_still)]
    lander = Lander(LandingWriter(tmp_path / "two", "two", WINDOW), "default", read_at=FIRST_AT)

    class Before:
        window: Window = WINDOW
        doubtful = frozenset({"cus_1"})

        def lines(self, *_: object) -> Any:
            return iter(())

        def answers(self, *_: object) -> Any:
            return (Answered(ask.text, summaries_digest(()), FIRST_AT) for ask in asks)

    for name in ("subscriptions", "invoices"):
        lander.finish(stripe_resource(name), watermark=WINDOW.as_of)
    years_later = replace(lander, earlier=Before(), read_at=FIRST_AT + timedelta(days=900))
    found = asyncio.run(EarlierSummaries(years_later, WINDOW).fitting(asks, []))
    assert list(found.keys) == [asks[0].text]
