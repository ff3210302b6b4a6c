"""Meter event summaries and error reports of the pretend Stripe, over real HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from parity_pipeline.sandbox.serving import served
from parity_pipeline.sandbox.stripe_side.api import stripe_app
from parity_pipeline.sandbox.world import build_world

AS_OF = datetime(2026, 11, 21, tzinfo=UTC)
KEY = "rk_test_x"
SEPTEMBER, OCTOBER = (int(datetime(2026, month, 1, tzinfo=UTC).timestamp()) for month in (9, 10))


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A client with the right key."""
    world = build_world(seed=7, as_of=AS_OF, customers=30)
    with (
        served(stripe_app(world, api_key=KEY)) as address,
        httpx.Client(base_url=address, headers={"Authorization": f"Bearer {KEY}"}) as client,
    ):
        yield client


def _ids(body: dict[str, Any]) -> list[str]:
    return [each["id"] for each in body["data"]]


def test_event_summaries_are_newest_first_and_floats(client: httpx.Client) -> None:
    """Thirty days by default come ten at a time, and one window comes as one."""
    path = "/v1/billing/meters/mtr_api_calls/event_summaries"
    asked: dict[str, str | int] = {"customer": "cus_00000", "start_time": SEPTEMBER, "end_time": OCTOBER}
    days = client.get(path, params={**asked, "value_grouping_window": "day"}).json()
    starts = [each["start_time"] for each in days["data"]]
    assert (len(starts), starts) == (10, sorted(starts, reverse=True))
    rest = client.get(
        path,
        params={**asked, "value_grouping_window": "day", "limit": 100, "starting_after": _ids(days)[-1]},
    ).json()
    (whole,) = client.get(path, params=asked).json()["data"]
    assert isinstance(whole["aggregated_value"], float)
    assert whole["aggregated_value"] == sum(
        each["aggregated_value"] for each in [*days["data"], *rest["data"]]
    )


@pytest.mark.parametrize(
    "change",
    [
        {"customer": None},
        {"customer": "cus_nobody"},
        {"start_time": SEPTEMBER + 1},
        {"end_time": OCTOBER + 60, "value_grouping_window": "hour"},
        {"end_time": OCTOBER + 3600, "value_grouping_window": "day"},
        {"end_time": SEPTEMBER},
        {"value_grouping_window": "week"},
    ],
)
def test_a_wrong_window_of_event_summaries_is_refused(
    client: httpx.Client, change: dict[str, str | int | None]
) -> None:
    """Bounds must be whole minutes, hours or days, and everything required must be there."""
    asked: dict[str, str | int | None] = {
        "customer": "cus_00000",
        "start_time": SEPTEMBER,
        "end_time": OCTOBER,
    }
    params = {name: value for name, value in (asked | change).items() if value is not None}
    answer = client.get("/v1/billing/meters/mtr_api_calls/event_summaries", params=params)
    assert answer.status_code == 400


def test_error_reports_come_in_pages_of_the_second_kind() -> None:
    """With addresses of the next and the previous page, and details only one by one."""
    broken = build_world(seed=7, as_of=AS_OF, customers=3)
    del broken.stripe.customers["00001"]
    with (
        served(stripe_app(broken, api_key=KEY)) as address,
        httpx.Client(base_url=address, headers={"Authorization": f"Bearer {KEY}"}) as client,
    ):
        first = client.get("/v2/core/events", params={"limit": 2}).json()
        second = client.get(first["next_page_url"]).json()
        report = client.get(f"/v2/core/events/{first['data'][0]['id']}").json()
        back = client.get(second["previous_page_url"]).json()
    assert "data" not in first["data"][0]
    assert back == first
    (kind,) = report["data"]["reason"]["error_types"]
    assert (kind["code"], kind["error_count"] >= 1) == ("meter_event_customer_not_found", True)


def test_error_reports_can_be_filtered(client: httpx.Client) -> None:
    """By kind, by meter, and by time; the address of the next page keeps the filter."""
    kind = "v1.billing.meter.error_report_triggered"
    asked: dict[str, str | int] = {"types[0]": kind, "limit": 2}
    first = client.get("/v2/core/events", params=asked).json()
    second = client.get(first["next_page_url"]).json()
    assert {each["type"] for each in (*first["data"], *second["data"])} == {kind}
    meter = first["data"][0]["related_object"]["id"]
    of_meter = client.get("/v2/core/events", params={"object_id": meter}).json()["data"]
    assert {each["related_object"]["id"] for each in of_meter} == {meter}
    early = client.get("/v2/core/events", params={"created[lt]": "2026-10-01T00:00:00Z"}).json()["data"]
    late = client.get("/v2/core/events", params={"created[gte]": "2026-10-01T00:00:00Z"}).json()["data"]
    assert max(each["created"] for each in early) < min(each["created"] for each in late)
    assert client.get("/v2/core/events/evt_nothing").status_code == 404
