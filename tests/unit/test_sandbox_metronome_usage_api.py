"""The usage endpoints of the pretend Metronome: whole UTC days, windows, groups and pages."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from parity_pipeline.sandbox.ids import metronome_customer, metronome_metric
from parity_pipeline.sandbox.metronome_side import usage_api
from parity_pipeline.sandbox.metronome_side.api import metronome_app
from parity_pipeline.sandbox.world import World, build_world

Json = dict[str, Any]
JUNE: Json = {"starting_on": "2026-06-01T00:00:00Z", "ending_before": "2026-07-01T00:00:00Z"}


@pytest.fixture(scope="module")
def world() -> World:
    """Thirty customers."""
    return build_world(seed=5, as_of=datetime(2026, 7, 20, tzinfo=UTC), customers=30)


@pytest.fixture(scope="module")
def app(world: World) -> Starlette:
    """The API over them."""
    return metronome_app(world, token="secret")


def _send(app: Starlette, path: str, body: Json, **query: str | int) -> httpx.Response:
    async def once() -> httpx.Response:
        headers = {"Authorization": "Bearer secret"}
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http:
            return await http.post(path, json=body, params=query, headers=headers)

    return asyncio.run(once())


def _post(app: Starlette, path: str, body: Json, **query: str | int) -> Json:
    response = _send(app, path, body, **query)
    assert response.status_code == 200, response.text
    answer: Json = json.loads(response.content, parse_float=Decimal)
    return answer


def _all_rows(ask: Callable[[str | None], Json]) -> list[Json]:
    """Every row of a listing, following its cursors."""
    rows: list[Json] = []
    cursor = None
    for _ in range(1000):
        answer = ask(cursor)
        rows += answer["data"]
        cursor = answer["next_page"]
        if cursor is None:
            return rows
    pytest.fail("the cursors never end")


@pytest.mark.parametrize(
    "bounds",
    [
        {"starting_on": "2026-06-01T08:00:00Z", "ending_before": "2026-07-01T00:00:00Z"},
        {"starting_on": "2026-06-01T00:00:00Z", "ending_before": "2026-07-01T00:00:00+02:00"},
        {"starting_on": "2026-06-01T00:00:00Z", "ending_before": "2026-06-01T00:00:00Z"},
        {"starting_on": "2026-06-01T00:00:00Z"},
        {"starting_on": "2026-06-01T00:00:00Z", "ending_before": "soon"},
    ],
)
def test_usage_takes_whole_utc_days_only(app: Starlette, bounds: Json) -> None:
    """Other bounds, none, or an empty range are 400."""
    assert _send(app, "/v1/usage", bounds | {"window_size": "DAY"}).status_code == 400


@pytest.mark.parametrize("size", ["day", "DAY", "Day"])
def test_window_sizes_are_accepted_in_any_case(app: Starlette, size: str) -> None:
    """June has thirty windows of a day for each customer and metric."""
    body = JUNE | {"window_size": size, "customer_ids": [metronome_customer("00000")]}
    assert len(_post(app, "/v1/usage", body)["data"]) == 30
    assert _send(app, "/v1/usage", JUNE | {"window_size": "week"}).status_code == 400


def test_usage_of_everyone_comes_in_pages_of_the_query_cursor(app: Starlette, world: World) -> None:
    """Days of June for all customers: no row twice, and the sums are those of the events."""

    def ask(cursor: str | None) -> Json:
        query = {"next_page": cursor} if cursor else {}
        answer = _post(app, "/v1/usage", JUNE | {"window_size": "DAY"}, **query)
        assert len(answer["data"]) <= usage_api.PAGE_SIZE
        return answer

    rows = _all_rows(ask)
    keys = {(row["customer_id"], row["billable_metric_id"], row["start_timestamp"]) for row in rows}
    assert len(keys) == len(rows) > usage_api.PAGE_SIZE
    tokens = metronome_metric(world.company.charges["tokens"])
    total = sum(row["value"] or 0 for row in rows if row["billable_metric_id"] == tokens)
    june = [event for event in world.metronome.events if event.at.month == 6]
    assert total == sum(event.value for event in june if event.event_name == "tokens")


def test_usage_without_events_is_null(app: Starlette) -> None:
    """Days on which a metric saw nothing are listed with null, not 0."""
    rows = _post(app, "/v1/usage", JUNE | {"window_size": "HOUR"})["data"]
    assert None in {row["value"] for row in rows}
    assert 0 not in {row["value"] for row in rows}


def test_usage_can_be_split_by_group_values(app: Starlette, world: World) -> None:
    """The groups of a SUM metric add up to its value; another key than the metric's is 400."""
    metric = metronome_metric(world.company.charges["gpu_a100"])
    body = JUNE | {
        "window_size": "NONE",
        "customer_ids": [metronome_customer("00004")],
        "billable_metrics": [{"id": metric, "group_by": {"key": "gpu"}}],
    }
    (row,) = _post(app, "/v1/usage", body)["data"]
    assert set(row["groups"]) == {"a100", "h100"}
    assert sum(row["groups"].values()) == row["value"]
    body["billable_metrics"] = [{"id": metric, "group_by": {"key": "region"}}]
    assert _send(app, "/v1/usage", body).status_code == 400


def test_groups_want_exactly_a_key_set_of_the_metric(app: Starlette, world: World) -> None:
    """`gpu` answers with one row for each model seen; any other key set is 400."""
    body = JUNE | {
        "window_size": "NONE",
        "customer_id": metronome_customer("00004"),
        "billable_metric_id": metronome_metric(world.company.charges["gpu_a100"]),
        "group_key": ["gpu"],
    }
    rows = _all_rows(
        lambda cursor: _post(
            app, "/v1/usage/groups", body, limit=1, **({"next_page": cursor} if cursor else {})
        )
    )
    assert [row["group"] for row in rows] == [{"gpu": "a100"}, {"gpu": "h100"}]
    filtered = _post(app, "/v1/usage/groups", body | {"group_filters": {"gpu": ["h100"]}})["data"]
    assert [row["group_value"] for row in filtered] == ["h100"]
    for keys in (["region"], ["gpu", "region"], [], None):
        assert _send(app, "/v1/usage/groups", body | {"group_key": keys}).status_code == 400
