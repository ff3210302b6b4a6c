"""What the pretend Metronome takes in of what it is sent, and what that adds up to."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from parity_pipeline.sandbox.facts import UsageEvent
from parity_pipeline.sandbox.metronome_side.contracts import Period
from parity_pipeline.sandbox.metronome_side.ingestion import UsageStore, taken_in
from parity_pipeline.sandbox.metronome_side.usage import Aggregation, series_of

NOW = datetime(2026, 7, 20, tzinfo=UTC)
JUNE = Period(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))


def _event(number: int, name: str, value: str, day: int = 5, **properties: str) -> UsageEvent:
    at = datetime(2026, 6, day, 12, tzinfo=UTC)
    return UsageEvent(f"e{number}", "c", name, at, Decimal(value), properties)


def test_an_event_that_was_taken_back_is_corrected() -> None:
    """The correction has the same time and properties, so the window and the group lose it again."""
    taken_back = replace(_event(1, "api_calls", "10", region="eu"), cancelled_at=NOW)
    usage = UsageStore([taken_back], {"api_calls": ("region",)}, NOW).of("c", "api_calls")
    assert usage is not None
    assert usage.whole.value("SUM", JUNE.start, JUNE.end) == 0
    assert usage.known_at(JUNE.end).whole.value("SUM", JUNE.start, JUNE.end) == 10


def test_what_is_no_number_is_kept_but_adds_nothing() -> None:
    """A sum ignores it, a count counts it, the latest and the largest value pass it over."""
    odd = replace(_event(2, "tokens", "8", day=6), sent_value="n/a")
    series = series_of(taken_in([_event(1, "tokens", "7"), odd], NOW))
    aggregates: list[Aggregation] = ["SUM", "COUNT", "LATEST", "MAX"]
    assert [series.value(each, JUNE.start, JUNE.end) for each in aggregates] == [7, 2, 7, 7]
    alone = series_of(taken_in([odd], NOW))
    assert [alone.value(each, JUNE.start, JUNE.end) for each in aggregates] == [0, 1, None, None]


@pytest.mark.parametrize(("days", "count"), [(33, 1), (34, 2)])
def test_a_transaction_id_is_remembered_for_34_days(days: int, count: int) -> None:
    """Sent again 33 days later it is dropped, a day after that it counts again."""
    event = _event(1, "tokens", "7")
    again = replace(event, late_by_seconds=days * 86400)
    assert len(list(taken_in([event, again], NOW))) == count


def test_nothing_is_known_before_it_is_received() -> None:
    """An event of 5 June that comes ten days late is not there on the 14th."""
    late = replace(_event(1, "tokens", "7"), late_by_seconds=10 * 86400)
    for day, is_there in ((14, False), (16, True)):
        now = datetime(2026, 6, day, tzinfo=UTC)
        assert (UsageStore([late], {"tokens": ()}, now).of("c", "tokens") is not None) is is_there


def test_strangers_and_unknown_events_are_in_no_usage() -> None:
    """Only the names that a metric counts are kept."""
    store = UsageStore([_event(1, "tokens", "7"), _event(2, "unknown_thing", "1")], {"tokens": ()}, NOW)
    assert list(store.used_by("c")) == ["tokens"]
    assert list(store.used_by("nobody")) == []


def test_a_series_answers_for_half_open_windows() -> None:
    """An event at the end of a window is not in it; an empty window has no value."""
    series = series_of(taken_in([_event(1, "tokens", "7", 5), _event(2, "tokens", "8", 6)], NOW))
    fifth, sixth, seventh = (datetime(2026, 6, day, 12, tzinfo=UTC) for day in (5, 6, 7))
    assert series.value("SUM", fifth, sixth) == 7
    assert series.value("SUM", fifth, seventh) == 15
    assert series.value("SUM", datetime(2026, 6, 1, tzinfo=UTC), fifth) is None
