"""The pretend Stripe API over real HTTP: pages, filters, refusals, and the vendor's own client."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
import stripe

from parity_pipeline.sandbox.company import UsageEvent
from parity_pipeline.sandbox.serving import served
from parity_pipeline.sandbox.stripe_side.api import stripe_app
from parity_pipeline.sandbox.world import PushedInvoice, World, build_world

AS_OF = datetime(2026, 11, 21, tzinfo=UTC)
KEY = "rk_test_x"
SEPTEMBER, OCTOBER = (int(datetime(2026, month, 1, tzinfo=UTC).timestamp()) for month in (9, 10))


@pytest.fixture(scope="module")
def world() -> World:
    """A world in which one customer has everything that is sold, so that an invoice has 12 lines."""
    world = build_world(seed=7, as_of=AS_OF, customers=30)
    everything = replace(world.stripe.customers["00000"], charges=tuple(world.stripe.charges))
    world.stripe.customers["00000"] = everything
    in_september = datetime(2026, 9, 10, tzinfo=UTC)
    world.stripe.events.append(UsageEvent("long", "00000", "minutes", in_september, Decimal(20000)))
    return world


@pytest.fixture(scope="module")
def address(world: World) -> Iterator[str]:
    """The address of the served API, which also holds an invoice pushed by Metronome."""
    pushed = [
        PushedInvoice("in_pushed00001", "5d0f", "00001", "eur", 4711, datetime(2026, 11, 2, tzinfo=UTC))
    ]
    with served(stripe_app(world, api_key=KEY, pushed=pushed)) as address:
        yield address


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[httpx.Client]:
    """A client with the right key."""
    with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {KEY}"}) as client:
        yield client


def _ids(body: dict[str, Any]) -> list[str]:
    return [each["id"] for each in body["data"]]


def test_a_missing_or_wrong_key_is_refused(address: str) -> None:
    """401 with Stripe's error body."""
    for headers in ({}, {"Authorization": "Bearer rk_test_other"}):
        answer = httpx.get(f"{address}/v1/customers", headers=headers)
        assert answer.status_code == 401
        assert answer.json()["error"]["type"] == "invalid_request_error"


def test_basic_authentication_works_too(address: str) -> None:
    """The key as user name, as Stripe's own examples have it."""
    assert httpx.get(f"{address}/v1/customers", auth=(KEY, "")).status_code == 200


def test_a_write_is_refused_and_recorded(world: World) -> None:
    """Nothing can be changed, and a test can see that something tried."""
    app = stripe_app(world, api_key=KEY)
    with served(app) as address:
        answer = httpx.post(f"{address}/v1/invoices", headers={"Authorization": f"Bearer {KEY}"})
    assert answer.status_code == 405
    assert app.state.refused == [("POST", "/v1/invoices")]


def test_every_answer_has_a_request_id(client: httpx.Client) -> None:
    """For the log, on success and on refusal."""
    first, second = client.get("/v1/customers"), client.get("/v1/nothing")
    assert (first.status_code, second.status_code) == (200, 404)
    assert first.headers["request-id"] != second.headers["request-id"]


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/v1/customers", {"limit": "0"}),
        ("/v1/customers", {"limit": "101"}),
        ("/v1/customers", {"limit": "many"}),
        ("/v1/customers", {"starting_after": "cus_nobody"}),
        ("/v1/customers", {"starting_after": "cus_00001", "ending_before": "cus_00002"}),
        ("/v1/customers", {"page": "2"}),
        ("/v1/customers", {"expand[]": "data.name"}),
        ("/v1/subscription_items", {}),
        ("/v1/billing/credit_balance_transactions", {}),
        ("/v1/billing/credit_balance_summary", {"customer": "cus_00001"}),
    ],
)
def test_a_wrong_parameter_is_refused(client: httpx.Client, path: str, params: dict[str, str]) -> None:
    """400 with Stripe's error body."""
    answer = client.get(path, params=params)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


def test_pages_hold_ten_objects_unless_asked(client: httpx.Client) -> None:
    """The default page."""
    body = client.get("/v1/customers").json()
    assert (len(body["data"]), body["has_more"], body["object"]) == (10, True, "list")


def test_pages_forwards_and_backwards_meet(client: httpx.Client) -> None:
    """Walking on from an object and back again gives the same objects in the same order."""
    first = client.get("/v1/invoices", params={"limit": 7}).json()
    second = client.get("/v1/invoices", params={"limit": 7, "starting_after": _ids(first)[-1]}).json()
    back = client.get("/v1/invoices", params={"limit": 7, "ending_before": _ids(second)[0]}).json()
    assert _ids(back) == _ids(first)
    assert back["has_more"] is False
    assert not set(_ids(first)) & set(_ids(second))


def test_lists_are_newest_first(client: httpx.Client) -> None:
    """By creation time."""
    created = [each["created"] for each in client.get("/v1/invoices", params={"limit": 100}).json()["data"]]
    assert created == sorted(created, reverse=True)


def test_invoices_can_be_filtered(client: httpx.Client) -> None:
    """By time of creation, customer, status and subscription."""
    window: dict[str, int] = {"created[gte]": OCTOBER, "created[lt]": OCTOBER + 1, "limit": 100}
    body = client.get("/v1/invoices", params=window).json()
    assert {each["created"] for each in body["data"]} == {OCTOBER}
    mine = client.get("/v1/invoices", params={"customer": "cus_00000", "status": "paid"}).json()
    assert _ids(mine) == ["in_00000_003", "in_00000_002", "in_00000_001"]
    same = client.get("/v1/invoices", params={"subscription": "sub_00000"}).json()
    assert _ids(same) == _ids(mine)


def test_an_invoice_embeds_ten_lines_and_lists_them_all(client: httpx.Client) -> None:
    """Everything on sale makes 12 lines; the rest is a page of its own."""
    invoice = client.get("/v1/invoices/in_00000_002").json()
    assert (len(invoice["lines"]["data"]), invoice["lines"]["has_more"]) == (10, True)
    lines = client.get(invoice["lines"]["url"], params={"limit": 100}).json()
    assert len(lines["data"]) == 12
    assert _ids(lines)[:10] == _ids(invoice["lines"])


def test_canceled_subscriptions_are_listed_on_demand(client: httpx.Client) -> None:
    """By default they are left out."""
    plain = client.get("/v1/subscriptions", params={"limit": 100}).json()
    everything = client.get("/v1/subscriptions", params={"limit": 100, "status": "all"}).json()
    canceled = client.get("/v1/subscriptions", params={"limit": 100, "status": "canceled"}).json()
    assert len(plain["data"]) == 30
    assert sorted(_ids(canceled)) == ["sub_00000_trial", "sub_00010_trial", "sub_00020_trial"]
    assert len(everything["data"]) == 33


def test_tiers_show_only_when_expanded(client: httpx.Client) -> None:
    """And carry amounts in cents as decimal text."""
    assert "tiers" not in client.get("/v1/prices/price_minutes_usd").json()
    tiers = client.get("/v1/prices/price_minutes_usd", params={"expand[]": "tiers"}).json()["tiers"]
    assert [each["up_to"] for each in tiers] == [1000, 10000, None]
    assert [each["unit_amount_decimal"] for each in tiers] == ["0", "3.6", "2"]
    assert [each["flat_amount"] for each in tiers] == [900, 0, 0]


def test_an_id_expands_to_its_object(client: httpx.Client) -> None:
    """Through a list, and through another object."""
    params = {"expand[0]": "data.customer", "expand[1]": "data.discounts", "limit": "100"}
    body = client.get("/v1/subscriptions", params=params).json()
    assert all(each["customer"]["object"] == "customer" for each in body["data"])
    assert any(each["discounts"][0]["object"] == "discount" for each in body["data"] if each["discounts"])
    assert (
        client.get("/v1/subscriptions", params={"expand[]": "data.discounts.source.coupon.x"}).status_code
        == 400
    )


def test_a_pushed_invoice_has_no_subscription(client: httpx.Client) -> None:
    """It is manual, has no parent, and names Metronome's invoice."""
    invoice = client.get("/v1/invoices/in_pushed00001").json()
    assert (invoice["billing_reason"], invoice["parent"], invoice["total"]) == ("manual", None, 4711)
    assert invoice["metadata"]["metronome_invoice_id"] == "5d0f"
    assert invoice["lines"]["data"][0]["parent"]["type"] == "invoice_item_details"


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


def test_credit_adds_up(client: httpx.Client) -> None:
    """Credits less debits of a customer are the balance that Stripe shows."""
    moves = client.get(
        "/v1/billing/credit_balance_transactions", params={"customer": "cus_00002", "limit": 100}
    )
    balance = 0
    for move in moves.json()["data"]:
        side = move["credit"] or move["debit"]
        balance += side["amount"]["monetary"]["value"] * (1 if move["type"] == "credit" else -1)
    summary = client.get(
        "/v1/billing/credit_balance_summary",
        params={
            "customer": "cus_00002",
            "filter[type]": "credit_grant",
            "filter[credit_grant]": "credgr_00002-paid",
        },
    ).json()
    assert summary["balances"][0]["ledger_balance"]["monetary"]["value"] == balance


def test_error_reports_come_in_pages_of_the_second_kind(world: World) -> None:
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


def test_the_official_client_walks_all_pages(address: str) -> None:
    """Stripe's own library reads every customer, invoice and summary."""
    official = stripe.StripeClient(KEY, base_addresses={"api": address})
    customers = list(official.v1.customers.list(params={"limit": 7}).auto_paging_iter())
    assert len({each.id for each in customers}) == 30
    invoices = list(
        official.v1.invoices.list(params={"limit": 9, "created": {"gte": OCTOBER}}).auto_paging_iter()
    )
    assert len(invoices) == len({each.id for each in invoices}) > 50
    prices = official.v1.prices.list(
        params={"expand": ["data.tiers"], "recurring": {"usage_type": "metered"}}
    )
    assert any("tiers" in each for each in prices.data)
    summaries = official.v1.billing.meters.event_summaries.list(
        "mtr_api_calls",
        params={
            "customer": "cus_00000",
            "start_time": SEPTEMBER,
            "end_time": OCTOBER,
            "value_grouping_window": "day",
        },
    )
    assert len(list(summaries.auto_paging_iter())) > 10
    assert list(official.v2.core.events.list().auto_paging_iter()) == []
