"""Which event summaries are asked for."""

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import pytest
from scripted_vendors import WINDOW, Asked, MemorySink, ScriptedVendor, lander, read_stripe

from parity_pipeline.errors import ExtractionError
from parity_pipeline.periods import Period, Window, to_unix
from parity_pipeline.sources.notes import Notes
from parity_pipeline.sources.stripe import ItemFact, LineFact, StripeFacts
from parity_pipeline.sources.stripe_api import StripeApi
from parity_pipeline.sources.stripe_questions import SummaryAsk, summary_asks
from parity_pipeline.sources.stripe_records import Meter, MeterAggregation
from parity_pipeline.sources.stripe_usage import StripeUsage

WHOLE = Period(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 3, tzinfo=UTC))


def _nobody() -> asyncio.Future[tuple[str, ...]]:
    found = asyncio.get_running_loop().create_future()
    found.set_result(())
    return found


def _at(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def _meter(meter: str, formula: Any) -> Meter:
    return Meter(
        id=meter,
        event_name=meter,
        status="active",
        created=1,
        default_aggregation=MeterAggregation(formula=formula),
    )


def _facts(*lines: tuple[str, datetime, datetime], items: set[ItemFact] | None = None) -> StripeFacts:
    facts = StripeFacts(Notes())
    facts.customers.update({"cus_1", "cus_2", "cus_3"})
    facts.meters |= {"calls": _meter("calls", "sum"), "seats": _meter("seats", "last")}
    facts.price_meters |= {"price_calls": "calls", "price_seats": "seats"}
    facts.items.update(items or set())
    facts.lines.update(LineFact("cus_1", price, to_unix(start), to_unix(end)) for price, start, end in lines)
    return facts


def _asks(facts: StripeFacts, window: Window, also: Collection[str] = ()) -> list[SummaryAsk]:
    return list(summary_asks(facts, window, also))


def test_sums_are_asked_by_day_over_the_whole_window() -> None:
    """A billed meter that adds up is asked once for all whole days."""
    facts = _facts(("price_calls", _at(3, 1), _at(4, 1)))
    assert _asks(facts, WINDOW) == [SummaryAsk("cus_1", "calls", "day", WHOLE)]


def test_customers_that_metronome_names_are_asked_too() -> None:
    """A customer without a metered item is asked when Metronome names it and Stripe knows it."""
    asks = _asks(_facts(), WINDOW, also={"cus_2", "cus_unknown", "a readable alias"})
    assert asks == [SummaryAsk("cus_2", "calls", "day", WHOLE)]


def test_nobody_else_is_asked() -> None:
    """A line at a price without a meter makes no question."""
    assert _asks(_facts(("price_fixed", _at(3, 1), _at(4, 1))), WINDOW) == []


def test_last_values_are_asked_once_a_period() -> None:
    """A meter that does not add up is asked for the whole days of its billing period, edges left out."""
    asks = _asks(_facts(("price_seats", _at(3, 10, 8), _at(4, 10, 8))), WINDOW)
    assert SummaryAsk("cus_1", "seats", "none", Period(_at(3, 11), _at(4, 10))) in asks
    assert not [ask for ask in asks if ask.meter == "seats" and ask.grouping != "none"]


def test_the_running_period_is_cut_at_as_of() -> None:
    """The item's current period is asked up to the last whole day."""
    item = ItemFact("cus_1", "seats", to_unix(_at(4, 20)), to_unix(_at(5, 20)))
    asks = _asks(_facts(items={item}), WINDOW)
    assert SummaryAsk("cus_1", "seats", "none", Period(_at(4, 20), _at(5, 3))) in asks


def test_a_period_before_the_window_is_not_asked() -> None:
    """A period that began before the window is out of scope."""
    asks = _asks(_facts(("price_seats", _at(2, 20), _at(3, 20))), WINDOW)
    assert [ask.grouping for ask in asks] == ["day"]


def test_a_period_without_a_whole_day_is_not_asked() -> None:
    """Empty ranges would be refused."""
    item = ItemFact("cus_1", "seats", to_unix(_at(5, 2, 12)), to_unix(_at(6, 2, 12)))
    asks = _asks(_facts(items={item}), WINDOW)
    assert [ask.grouping for ask in asks] == ["day"]


def _whole_periods(facts: StripeFacts) -> list[Period]:
    return [ask.period for ask in _asks(facts, WINDOW) if ask.grouping == "none"]


def test_a_period_that_no_invoice_names_is_asked() -> None:
    """Billed in March, running since 1 May: what lies between is a period whose invoice is not there."""
    item = ItemFact("cus_1", "seats", to_unix(_at(5, 1)), to_unix(_at(6, 1)))
    facts = _facts(("price_seats", _at(3, 1), _at(4, 1)), items={item})
    assert _whole_periods(facts) == [
        Period(_at(3, 1), _at(4, 1)),
        Period(_at(4, 1), _at(5, 1)),
        Period(_at(5, 1), _at(5, 3)),
    ]


def test_a_gap_is_between_periods_of_one_meter() -> None:
    """Another meter's and another customer's period close none; a longer one does, also before short ones."""
    items = {
        ItemFact("cus_2", "seats", to_unix(_at(4, 1)), to_unix(_at(4, 20))),
        ItemFact("cus_1", "calls", to_unix(_at(4, 1)), to_unix(_at(4, 20))),
    }
    facts = _facts(
        ("price_seats", _at(3, 1), _at(4, 10)),
        ("price_seats", _at(3, 5), _at(3, 10)),
        ("price_seats", _at(4, 20), _at(5, 1)),
        items=items,
    )
    gaps = set(_whole_periods(facts)) - {
        Period(_at(3, 1), _at(4, 10)),
        Period(_at(3, 5), _at(3, 10)),
        Period(_at(4, 20), _at(5, 1)),
        Period(_at(4, 1), _at(4, 20)),
    }
    assert gaps == {Period(_at(4, 10), _at(4, 20))}


def test_a_gap_that_began_before_the_window_is_not_asked() -> None:
    """The last known period ended in February, the next one began on 10 March."""
    facts = _facts(("price_seats", _at(1, 20), _at(2, 20)), ("price_seats", _at(3, 10), _at(4, 10)))
    assert _whole_periods(facts) == [Period(_at(3, 10), _at(4, 10))]


def test_hours_around_unaligned_bounds() -> None:
    """A bound inside an hour is asked with that hour; a bound on an hour is not."""
    asks = _asks(_facts(("price_calls", _at(3, 10, 8, 15), _at(4, 10, 8))), WINDOW)
    hours = [ask.period for ask in asks if ask.grouping == "hour"]
    assert hours == [Period(_at(3, 10, 8), _at(3, 10, 9))]


def test_a_window_without_a_whole_day() -> None:
    """On the first day there is nothing to ask by day."""
    window = Window(_at(3, 1), _at(3, 1, 12))
    item = ItemFact("cus_1", "calls", to_unix(_at(3, 1)), to_unix(_at(4, 1)))
    assert _asks(_facts(items={item}), window) == []


def test_questions_on_the_wire() -> None:
    """Bounds go out as Unix seconds; a whole period has no grouping; what was asked is kept."""

    def answer(asked: Asked) -> Any:
        start, end = int(asked.query["start_time"]), int(asked.query["end_time"])
        meter = asked.path.split("/")[4]
        bucket = {"id": f"mtrusg_{meter}", "meter": meter, "start_time": start, "end_time": end}
        return {"data": [bucket | {"aggregated_value": 1.5}], "has_more": False}

    vendor, sink = ScriptedVendor(answer), MemorySink()
    facts = _facts(("price_seats", _at(3, 1), _at(4, 1)))

    async def work(api: StripeApi) -> None:
        await StripeUsage(api, lander(sink), WINDOW).summaries(facts, _nobody(), _nobody())

    read_stripe(vendor, work)
    assert sorted(sink.contexts["meter_event_summaries"]) == [("cus_1", "day"), ("cus_1", "none")]
    by_path = {asked.path: asked.query for asked in vendor.asked}
    assert by_path["/v1/billing/meters/calls/event_summaries"]["value_grouping_window"] == "day"
    assert by_path["/v1/billing/meters/seats/event_summaries"] == {
        "customer": "cus_1",
        "start_time": "1772323200",
        "end_time": "1775001600",
        "limit": "100",
    }


@pytest.mark.parametrize("is_listed", [True, False])
def test_a_deleted_customer_may_be_gone(is_listed: bool) -> None:
    """A 404 for a customer that is no longer listed is noted, for a listed one it is an error."""
    sink = MemorySink()
    facts = _facts(("price_calls", _at(3, 1), _at(4, 1)))
    if not is_listed:
        facts.customers.discard("cus_1")

    async def work(api: StripeApi) -> None:
        await StripeUsage(api, lander(sink), WINDOW).summaries(facts, _nobody(), _nobody())

    gone = ScriptedVendor(lambda _: (404, {"error": {"message": "No such customer"}}))
    if is_listed:
        with pytest.raises(ExtractionError, match="No such customer"):
            read_stripe(gone, work)
    else:
        read_stripe(gone, work)
        assert sink.notes["meter_event_summaries"] == "deleted customers not found: 1"
