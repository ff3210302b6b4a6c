"""Answers spoilt on purpose: which requests are meant, what a change may look at, what is remembered."""

import json
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from parity_pipeline.sandbox.disruptions import Asked, Disrupted, Disruption, Page
from parity_pipeline.sandbox.serving import served

ROWS = [{"id": "a", "value": 1}, {"id": "b", "value": 2}, {"id": "c", "value": 3}]


async def _listing(request: Request) -> Response:
    """A listing of three rows; a body may ask for one id, and one number is longer than a float."""
    wanted = json.loads(await request.body() or b"{}").get("id")
    start, limit = int(request.query_params.get("cursor", 0)), int(request.query_params.get("limit", 3))
    rows = [row for row in ROWS if wanted in (None, row["id"])][start : start + limit]
    more = f'"next_page": {"null" if start + limit >= 3 else start + limit}'
    return Response(f'{{"data": {json.dumps(rows)}, "exact": 0.12345678901234567891, {more}}}')


async def _refused(_: Request) -> Response:
    return Response('{"data": ["why"]}', status_code=400)


def _asked(*disruptions: Disruption, path: str = "/v1/rows", **options: Any) -> httpx.Response:
    """One question to the spoilt listing."""
    routes = [
        Route("/v1/rows", _listing, methods=["GET", "POST"]),
        Route("/v1/rows/x/refused", _refused),
    ]
    with served(Disrupted(Starlette(routes=routes), disruptions)) as address:
        return httpx.request(options.pop("method", "GET"), address + path, **options)


def _ids(answer: httpx.Response) -> list[str]:
    return [row["id"] for row in answer.json()["data"]]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("/v1/rows", []),
        ("^GET /v1/rows$", []),
        ("^POST /v1/rows$", ["a", "b", "c"]),
        ("^GET /v1/rows/[^/]+$", ["a", "b", "c"]),
    ],
)
def test_where_is_searched_for_in_method_and_path(where: str, found: list[str]) -> None:
    """A part of the path is enough; a whole expression tells one endpoint from its neighbours."""
    assert _ids(_asked(Disruption(where, "empty"))) == found


def test_a_change_sees_the_question() -> None:
    """It is given the method, path, query and body, and the page that the API would have sent."""
    seen: list[Asked] = []

    def change(asked: Asked, page: Page) -> Page:
        seen.append(asked)
        return {**page, "data": page["data"][:1]}

    answer = _asked(
        Disruption("rows", "changed", change=change), method="POST", params={"cursor": "1"}, json={"x": "y"}
    )
    assert _ids(answer) == ["b"]
    (asked,) = seen
    assert (asked.method, asked.path, asked.query) == ("POST", "/v1/rows", {"cursor": "1"})
    assert not asked.is_first_page
    assert "y" in asked.text
    assert Asked("POST", "/v1/rows", {}, asked.body).listing == asked.listing
    assert Asked("POST", "/v1/rows", {}, b'{"x": "y", "next_page": "2"}').listing == asked.listing
    assert Asked("POST", "/v1/rows", {}, b"").listing != asked.listing


def test_a_changed_page_keeps_every_digit() -> None:
    """Numbers are not made into floats on the way."""
    answer = _asked(Disruption("rows", "changed", change=lambda _, page: {**page, "data": []}))
    assert "0.12345678901234567891" in answer.text


def test_pages_can_be_smaller() -> None:
    """The API itself is asked for smaller pages, so its cursor goes on from the right place."""
    small = Disruption("rows", "changed", page_size=2)
    first = _asked(small, params={"limit": "3"})
    assert (_ids(first), first.json()["next_page"]) == (["a", "b"], 2)
    assert _ids(_asked(small, params={"limit": "3", "cursor": "2"})) == ["c"]
    assert small.spoilt == []


def test_what_was_spoilt_is_remembered() -> None:
    """Only answers that are not what the API sent count."""
    none = Disruption("rows", "changed", change=lambda _, page: page)
    some = Disruption("rows", "missing_field", field="value")
    busy = Disruption("rows", "status", status=429)
    for each in (none, some, busy):
        _asked(each)
    assert (none.spoilt, some.spoilt, busy.spoilt) == ([], ["/v1/rows"], ["/v1/rows"])


def test_a_refusal_stays_what_it_is() -> None:
    """There is nothing to change in an answer that is no page."""
    refused = Disruption("rows", "empty")
    answer = _asked(refused, path="/v1/rows/x/refused")
    assert (answer.status_code, answer.json()) == (400, {"data": ["why"]})
    assert refused.spoilt == []


def test_the_first_that_matches_is_used_until_it_is_used_up() -> None:
    """Two disruptions of one endpoint: the second waits for the first."""
    routes = [Route("/v1/rows", _listing)]
    waiting = [Disruption("rows", "status", status=503, times=1), Disruption("rows", "empty", times=1)]
    with served(Disrupted(Starlette(routes=routes), waiting)) as address:
        answers = [httpx.get(f"{address}/v1/rows") for _ in range(3)]
    assert [each.status_code for each in answers] == [503, 200, 200]
    assert [len(each.json()["data"]) for each in answers[1:]] == [0, 3]


def _many(disruption: Disruption, questions: int) -> list[int]:
    """The states of so many equal questions in a row."""
    routes = [Route("/v1/rows", _listing)]
    with served(Disrupted(Starlette(routes=routes), [disruption])) as address, httpx.Client() as client:
        return [client.get(address + "/v1/rows").status_code for _ in range(questions)]


def test_a_share_is_hit_by_chance() -> None:
    """About a quarter of the answers is spoilt, and the same ones each time."""
    quarter = Disruption("rows", "status", status=503, share=0.25)
    states = _many(quarter, 80)
    assert 10 <= states.count(503) <= 30
    assert set(states) == {200, 503}
    assert _many(quarter, 80) == states


def test_an_outage_ends() -> None:
    """What lasts no time at all hits the first question only."""
    states = _many(Disruption("rows", "status", status=503, lasting=0.0), 3)
    assert states == [503, 200, 200]


def test_a_slow_answer_is_a_good_one() -> None:
    """It comes after the seconds, whole."""
    slow = Disruption("rows", "slow", seconds=0.05)
    answer = _asked(slow)
    assert _ids(answer) == ["a", "b", "c"]
    assert answer.elapsed.total_seconds() >= 0.05
    assert slow.spoilt == ["/v1/rows"]
