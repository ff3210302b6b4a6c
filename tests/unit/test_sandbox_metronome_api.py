"""The pretend Metronome over HTTP: access, paging, filters, refusals, and the official SDK against it."""

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

import httpx
import pytest
from starlette.applications import Starlette

from parity_pipeline.sandbox.ids import metronome_customer, metronome_id
from parity_pipeline.sandbox.metronome_side.api import metronome_app
from parity_pipeline.sandbox.world import World, build_world

Json = dict[str, Any]
T = TypeVar("T")
RIGHT = "Bearer secret"
AS_OF = datetime(2026, 7, 20, tzinfo=UTC)
JUNE: Json = {"starting_on": "2026-06-01T00:00:00Z", "ending_before": "2026-07-01T00:00:00Z"}
CUSTOMER_2: Json = {"customer_id": metronome_customer("00002")}


@pytest.fixture(scope="module")
def world() -> World:
    """Thirty customers, one of them not linked to Stripe, one with two contracts."""
    world = build_world(seed=5, as_of=AS_OF, customers=30)
    world.metronome_quirks.unlinked_customers.add("00003")
    world.metronome_quirks.second_contract.add("00002")
    world.metronome_quirks.absent_customers.add("00029")
    world.metronome_quirks.auto_recharge.add("00008")
    return world


class Client:
    """Speaks to an application without a network; with the right token unless told otherwise."""

    def __init__(self, app: Starlette, header: str | None = RIGHT) -> None:
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


@pytest.fixture(scope="module")
def client(world: World) -> Client:
    """Speaks to the API with the right token."""
    return Client(metronome_app(world, token="secret"))


def _get(client: Client, path: str, **query: str | int) -> Json:
    response = client.get(path, **query)
    assert response.status_code == 200, response.text
    answer: Json = json.loads(response.content, parse_float=Decimal)
    return answer


def _post(client: Client, path: str, body: Json, **query: str | int) -> Json:
    response = client.post(path, body, **query)
    assert response.status_code == 200, response.text
    answer: Json = json.loads(response.content, parse_float=Decimal)
    return answer


def _all_rows(ask: Callable[[str | None], Json], cursor_name: str = "next_page") -> list[Json]:
    """Every row of a listing, following its cursors."""
    rows: list[Json] = []
    cursor = None
    for _ in range(1000):
        answer = ask(cursor)
        rows += answer["data"]
        cursor = answer[cursor_name]
        if cursor is None:
            return rows
    pytest.fail("the cursors never end")


@pytest.mark.parametrize("header", [None, "Bearer wrong", "secret"])
def test_only_the_right_token_is_let_in(world: World, header: str | None) -> None:
    """Without it every path answers 401 with a message."""
    response = Client(metronome_app(world, token="secret"), header).get("/v1/customers")
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/ingest"), ("POST", "/v2/contracts/edit"), ("POST", "/v1/customers"), ("DELETE", "/v1/x")],
)
def test_writes_are_recorded_and_refused(world: World, method: str, path: str) -> None:
    """Nothing can be changed, and a test can see who tried."""
    app = metronome_app(world, token="secret")
    response = Client(app).request(method, path, body={})
    assert response.status_code == 405
    assert app.state.refused == [f"{method} {path}"]


def test_reads_that_are_not_offered_are_not_found(client: Client) -> None:
    """They are 404 with a message, and no write."""
    for response in (client.get("/v1/auditLogs"), client.post("/v1/customer-alerts/list", {})):
        assert (response.status_code, response.json()) == (404, {"message": "Not found"})


def test_customers_come_in_pages(client: Client) -> None:
    """29 of 30 customers, ten at a time; the last page has no cursor."""
    pages: list[int] = []

    def ask(cursor: str | None) -> Json:
        query = {"next_page": cursor} if cursor else {}
        answer = _get(client, "/v1/customers", limit=10, **query)
        pages.append(len(answer["data"]))
        return answer

    rows = _all_rows(ask)
    assert pages == [10, 10, 9]
    assert len({row["id"] for row in rows}) == 29
    assert metronome_customer("00029") not in {row["id"] for row in rows}


def test_archived_customers_are_asked_for_apart(client: Client) -> None:
    """The archived one is only in the second pass."""
    (archived,) = _get(client, "/v1/customers", only_archived="true")["data"]
    assert archived["archived_at"]
    assert archived["id"] not in {row["id"] for row in _get(client, "/v1/customers")["data"]}


def test_each_customer_is_linked_in_one_way(client: Client) -> None:
    """By configuration, custom field or alias; the unlinked one in none."""

    def links(key: str) -> tuple[list[str], Json, list[str]]:
        (row,) = _get(client, "/v1/customers", customer_ids=metronome_customer(key))["data"]
        path = "/v1/getCustomerBillingProviderConfigurations"
        configured = _post(client, path, {"customer_id": metronome_customer(key)})["data"]
        return (
            [each["configuration"]["stripe_customer_id"] for each in configured],
            row["custom_fields"],
            row["ingest_aliases"][1:],
        )

    assert links("00001") == (["cus_00001"], {}, [])
    assert links("00008") == ([], {"stripe_customer_id": "cus_00008"}, [])
    assert links("00009") == ([], {}, ["cus_00009"])
    assert links("00003") == ([], {}, [])


@pytest.mark.parametrize("limit", ["0", "101", "x", "-1"])
def test_limits_have_bounds(client: Client, limit: str) -> None:
    """Outside of 1 to 100 the answer is 400."""
    response = client.get("/v1/customers", limit=limit)
    assert (response.status_code, list(response.json())) == (400, ["message"])


def test_a_cursor_that_was_not_given_out_is_refused(client: Client) -> None:
    """Made-up cursors are 400, not the first page."""
    assert client.get("/v1/customers", next_page="abc").status_code == 400


def test_contracts_page_by_a_cursor_in_the_body(client: Client) -> None:
    """Two contracts, one at a time; a limit above 20 is refused."""

    def ask(cursor: str | None) -> Json:
        return _post(
            client, "/v2/contracts/list", CUSTOMER_2 | {"limit": 1} | ({"cursor": cursor} if cursor else {})
        )

    rows = _all_rows(ask, "cursor")
    assert [row["id"] for row in rows] == [
        metronome_id("contract", "00002"),
        metronome_id("contract", "00002", "second"),
    ]
    assert client.post("/v2/contracts/list", CUSTOMER_2 | {"limit": 21}).status_code == 400


def test_contracts_can_be_asked_for_by_date(client: Client) -> None:
    """None covers a day before the first event; both start on or after it."""
    path = "/v2/contracts/list"
    assert _post(client, path, CUSTOMER_2 | {"covering_date": "2026-01-01T00:00:00Z"})["data"] == []
    assert len(_post(client, path, CUSTOMER_2 | {"starting_at": "2026-04-01T00:00:00Z"})["data"]) == 2
    both = CUSTOMER_2 | {"covering_date": JUNE["starting_on"], "starting_at": JUNE["starting_on"]}
    assert client.post(path, both).status_code == 400


def test_auto_recharge_shows_on_the_contract(client: Client) -> None:
    """It is set up for customers with a prepaid commit, and switched on only by the quirk."""
    for key, is_enabled in (("00002", False), ("00008", True)):
        contract = _post(client, "/v2/contracts/list", {"customer_id": metronome_customer(key)})["data"][0]
        assert contract["prepaid_balance_threshold_configuration"]["is_enabled"] is is_enabled


def test_contract_balances_must_be_asked_for(client: Client) -> None:
    """The commit of a contract is missing from the balances without the flag."""
    path = "/v1/contracts/customerBalances/list"
    assert _post(client, path, CUSTOMER_2)["data"] == []
    (commit,) = _post(client, path, CUSTOMER_2 | {"include_contract_balances": True})["data"]
    assert (commit["type"], "ledger" in commit, "balance" in commit) == ("PREPAID", False, False)
    flags = {"include_contract_balances": True, "include_ledgers": True, "include_balance": True}
    (commit,) = _post(client, path, CUSTOMER_2 | flags)["data"]
    assert commit["ledger"][0]["type"] == "PREPAID_COMMIT_SEGMENT_START"
    assert client.post(path, CUSTOMER_2 | {"limit": 26}).status_code == 400


def test_invoices_are_filtered_by_their_periods(client: Client) -> None:
    """`starting_on` includes a period that starts on it, `ending_before` leaves out one that ends on it."""
    path = f"/v1/customers/{metronome_customer('00000')}/invoices"

    def starts(**query: str | int) -> list[str]:
        return [row["start_timestamp"] for row in _get(client, path, type="USAGE", **query)["data"]]

    april, may, june, july = (f"2026-{month:02d}-01T00:00:00Z" for month in (4, 5, 6, 7))
    assert starts() == [april, may, june, july]
    assert starts(starting_on=june) == [june, july]
    assert starts(ending_before=july) == [april, may]
    assert starts(sort="date_desc") == [july, june, may, april]
    assert starts(status="DRAFT") == [july]
    assert client.get(path, sort="newest").status_code == 400


def test_one_invoice_can_be_fetched(client: Client) -> None:
    """It equals the one in the list, lines and all; an unknown one is 404."""
    path = f"/v1/customers/{metronome_customer('00000')}/invoices"
    first = _get(client, path, limit=1)["data"][0]
    assert _get(client, f"{path}/{first['id']}") == {"data": first}
    assert client.get(f"{path}/{metronome_id('invoice', 'none')}").status_code == 404


def test_lines_of_nothing_can_be_left_out(client: Client) -> None:
    """The free first tier at quantity 0 and unused products disappear on request."""
    path = f"/v1/customers/{metronome_customer('00003')}/invoices"
    rows = _get(client, path, skip_zero_qty_line_items="true")["data"]
    assert all(line["quantity"] for row in rows for line in row["line_items"] if "quantity" in line)


def test_numbers_are_exact(client: Client, world: World) -> None:
    """The total of every invoice is, digit by digit, the sum of its lines' totals."""
    for key in world.company.customers:
        if key == "00029":
            continue
        for row in _get(client, f"/v1/customers/{metronome_customer(key)}/invoices")["data"]:
            assert Decimal(row["total"]) == sum(Decimal(line["total"]) for line in row["line_items"])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v2/contracts/list", {"customer_id": "nobody"}),
        ("/v1/contracts/getContractRateSchedule", CUSTOMER_2 | {"contract_id": "none"}),
        ("/v1/contract-pricing/rate-cards/getRates", {"rate_card_id": "none", "at": "2026-06-01T00:00:00Z"}),
    ],
)
def test_unknown_things_are_not_found(client: Client, path: str, body: Json) -> None:
    """An unknown customer, contract or rate card is 404 with a message."""
    response = client.post(path, body)
    assert (response.status_code, list(response.json())) == (404, ["message"])


@pytest.mark.parametrize("content", [b"{", b"[]", b"{}"])
def test_bad_bodies_are_refused(client: Client, content: bytes) -> None:
    """What is no JSON, no object, or lacks the customer is 400."""
    assert client.request("POST", "/v2/contracts/list", content=content).status_code == 400
