"""Asks the pretend Metronome without a network, and finds customers of a kind in its company."""

import asyncio
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import httpx
from starlette.types import ASGIApp

from parity_pipeline.sandbox.facts import Customer
from parity_pipeline.sandbox.world import World

Json = dict[str, Any]
TOKEN = "secret"
_MOST_PAGES = 1000


class Caller:
    """Speaks to an application; with the right token unless told otherwise."""

    def __init__(self, app: ASGIApp, header: str | None = f"Bearer {TOKEN}") -> None:
        """`header` is the whole Authorization header."""
        self._app = app
        self._headers = {} if header is None else {"Authorization": header}

    def request(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        content: bytes | None = None,
        query: Mapping[str, str | int] | None = None,
    ) -> httpx.Response:
        """Send one request."""

        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http:
                return await http.request(
                    method, path, json=body, content=content, params=query, headers=self._headers
                )

        return asyncio.run(once())

    def get(self, path: str, **query: str | int) -> httpx.Response:
        """Send a GET."""
        return self.request("GET", path, query=query)

    def post(self, path: str, body: object, **query: str | int) -> httpx.Response:
        """Send a POST."""
        return self.request("POST", path, body=body, query=query)

    def got(self, path: str, **query: str | int) -> Any:
        """What a GET answers, its numbers exact."""
        return _answer(self.get(path, **query))

    def posted(self, path: str, body: Json, **query: str | int) -> Any:
        """What a POST answers, its numbers exact."""
        return _answer(self.post(path, body, **query))


def _answer(response: httpx.Response) -> Any:
    assert response.status_code == 200, response.text
    return json.loads(response.content, parse_float=Decimal)


def all_rows(ask: Callable[[Json], Json], cursor_name: str = "next_page") -> list[Json]:
    """Every row of a listing; `ask` is given what each page's request adds."""
    rows: list[Json] = []
    following: Json = {}
    for _ in range(_MOST_PAGES):
        answer = ask(following)
        rows += answer["data"]
        if answer[cursor_name] is None:
            return rows
        following = {cursor_name: answer[cursor_name]}
    raise AssertionError("the cursors never end")


def keys_of(world: World, wanted: Callable[[Customer], object]) -> list[str]:
    """The keys of the customers of a kind."""
    return [key for key, customer in world.metronome.customers.items() if wanted(customer)]


def plain_keys(world: World) -> list[str]:
    """Customers billed by calendar month from the start at list prices, and linked by configuration."""

    def is_plain(each: Customer) -> bool:
        start = world.company.first_event_at
        plain = Customer(
            each.key,
            each.name,
            each.currency,
            start,
            each.charges,
            "billing_provider",
            account=each.account,
            monthly_fee=each.monthly_fee,
        )
        return each == plain

    return keys_of(world, is_plain)


def prepaid_key(world: World) -> str:
    """A customer with a single paid credit pack for everything, which nothing happens to."""

    def is_simple(each: Customer) -> bool:
        if len(each.credits) != 1 or each.discount_percent:
            return False
        (pack,) = each.credits
        happens = (pack.expires_at, pack.voided_at, pack.renewed_at)
        return pack.category == "paid" and not pack.charges and happens == (None, None, None)

    return keys_of(world, is_simple)[0]
