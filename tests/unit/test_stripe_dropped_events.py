"""What a run reads of Stripe's reports of events that it accepted and dropped later."""

from typing import Any

import pytest
from scripted_vendors import WINDOW, Asked, MemorySink, ScriptedVendor, lander, read_stripe

from parity_pipeline.errors import ExtractionError
from parity_pipeline.sources.stripe_api import StripeApi
from parity_pipeline.sources.stripe_usage import StripeUsage


def _report(event: str, created: str, **data: Any) -> dict[str, Any]:
    kind = "v1.billing.meter.error_report_triggered"
    return {"id": event, "type": kind, "created": created, **data}


def _error_events(vendor: ScriptedVendor) -> MemorySink:
    sink = MemorySink()

    async def work(api: StripeApi) -> None:
        await StripeUsage(api, lander(sink), WINDOW).error_events()

    read_stripe(vendor, work)
    return sink


def test_reports_of_dropped_events_are_fetched_with_their_data() -> None:
    """The newer API names its next page by address, and a listed report holds no data."""
    full = _report("evt_1", "2026-03-05T00:00:00.000Z", data={"reason": {"error_count": 3}})

    def answer(asked: Asked) -> Any:
        if asked.path == "/v2/core/events/evt_1":
            return full
        if asked.query.get("types[0]") == "v1.billing.meter.no_meter_found":
            return {"data": [], "next_page_url": None}
        if asked.query.get("page") == "two":
            return {"data": [_report("evt_0", "2026-02-05T00:00:00.000Z")], "next_page_url": None}
        later = _report("evt_2", "2026-05-03T12:00:00.000Z")
        thin = _report("evt_1", "2026-03-05T00:00:00.000Z")
        return {"data": [later, thin], "next_page_url": "/v2/core/events?page=two&limit=100"}

    sink = _error_events(ScriptedVendor(answer))
    (report,) = sink.rows["meter_error_events"]
    assert report.data.reason.error_count == 3
    assert sink.notes == {"meter_error_events": None}


def test_reports_may_not_be_offered() -> None:
    """An account without the newer API is noted."""
    sink = _error_events(ScriptedVendor(lambda _: (404, {"error": {"message": "no"}})))
    assert (sink.notes["meter_error_events"] or "").startswith("not offered")


def test_a_report_without_its_data_is_an_error() -> None:
    """Only the listing may be missing, not what it names."""

    def answer(asked: Asked) -> Any:
        if asked.path == "/v2/core/events":
            return {"data": [_report("evt_1", "2026-03-05T00:00:00.000Z")]}
        return 404, {"error": {"message": "gone"}}

    with pytest.raises(ExtractionError, match=r"GET /v2/core/events/evt_1"):
        _error_events(ScriptedVendor(answer))


def test_a_report_whose_time_is_none() -> None:
    """A time that cannot be read is not guessed at."""
    with pytest.raises(ExtractionError, match="created is no time: 'yesterday'"):
        _error_events(ScriptedVendor(lambda _: {"data": [_report("evt_1", "yesterday")]}))
