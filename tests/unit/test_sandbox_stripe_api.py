"""The pretend Stripe API over real HTTP: pages, filters and refusals."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from parity_pipeline.sandbox.facts import CreditPack, UsageEvent
from parity_pipeline.sandbox.serving import served
from parity_pipeline.sandbox.stripe_side.api import stripe_app
from parity_pipeline.sandbox.world import PushedInvoice, World, build_world

AS_OF = datetime(2026, 11, 21, tzinfo=UTC)
KEY = "rk_test_x"
SEPTEMBER, OCTOBER = (int(datetime(2026, month, 1, tzinfo=UTC).timestamp()) for month in (9, 10))


@pytest.fixture(scope="module")
def world() -> World:
    """A world in which one customer has everything that is sold, so that an invoice has 14 lines."""
    world = build_world(seed=7, as_of=AS_OF, customers=30)
    everything = replace(
        world.stripe.customers["00000"],
        charges=tuple(world.stripe.charges),
        currency="usd",
        credits=(CreditPack("pack", "paid", Decimal(100), datetime(2026, 9, 1, tzinfo=UTC)),),
        discount_percent=Decimal(10),
    )
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
        ("/v1/subscriptions", {"status": "not_canceled"}),
        ("/v1/prices", {"active": "perhaps"}),
        ("/v1/billing/meters", {"status": "archived"}),
        ("/v2/core/events", {"created[gte]": "yesterday"}),
        ("/v2/core/events", {"created[gte]": "2026-10-01T00:00:00"}),
        ("/v1/subscription_items", {}),
        ("/v1/subscription_items", {"subscription": "sub_nothing"}),
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
    """Everything on sale makes 14 lines, six of them for three tiers; the rest is a page of its own."""
    invoice = client.get("/v1/invoices/in_00000_002").json()
    assert (len(invoice["lines"]["data"]), invoice["lines"]["has_more"]) == (10, True)
    lines = client.get(invoice["lines"]["url"], params={"limit": 100}).json()
    assert len(lines["data"]) == 14
    assert _ids(lines)[:10] == _ids(invoice["lines"])


def test_canceled_subscriptions_are_listed_on_demand(client: httpx.Client) -> None:
    """By default they are left out; one customer has left, and every tenth had a trial of an earlier plan."""
    plain = client.get("/v1/subscriptions", params={"limit": 100}).json()
    everything = client.get("/v1/subscriptions", params={"limit": 100, "status": "all"}).json()
    canceled = client.get("/v1/subscriptions", params={"limit": 100, "status": "canceled"}).json()
    ended = client.get("/v1/subscriptions", params={"limit": 100, "status": "ended"}).json()
    assert len(plain["data"]) == 29
    assert sorted(_ids(canceled)) == ["sub_00000_trial", "sub_00003", "sub_00010_trial", "sub_00020_trial"]
    assert _ids(ended) == _ids(canceled)
    assert len(everything["data"]) == 33


def test_archived_objects_are_hidden_only_among_meters(client: httpx.Client) -> None:
    """A meter that was deactivated must be asked for; products and prices that are inactive need not."""
    inactive = client.get("/v1/billing/meters", params={"status": "inactive"}).json()
    assert _ids(inactive) == ["mtr_legacy_requests"]
    assert inactive["data"][0]["status_transitions"]["deactivated_at"]
    assert "mtr_legacy_requests" not in _ids(client.get("/v1/billing/meters").json())
    assert client.get("/v1/billing/meters/mtr_legacy_requests").status_code == 200
    for path in ("/v1/products", "/v1/prices"):
        everything = client.get(path, params={"limit": 100}).json()["data"]
        archived = client.get(path, params={"active": "false"}).json()["data"]
        assert archived
        assert [each for each in everything if not each["active"]] == archived


def test_a_page_behind_an_object_that_a_filter_hides_goes_on(client: httpx.Client) -> None:
    """A cursor need not be among the objects that are wanted."""
    params = {"status": "canceled", "starting_after": "sub_00029", "limit": 2}
    first = client.get("/v1/subscriptions", params=params).json()
    assert all(each["status"] == "canceled" for each in first["data"])
    assert (len(first["data"]), first["has_more"]) == (2, True)


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


def test_credit_adds_up(client: httpx.Client) -> None:
    """Credits less debits of a customer are the balance that Stripe shows."""
    moves = client.get(
        "/v1/billing/credit_balance_transactions", params={"customer": "cus_00000", "limit": 100}
    )
    balance = 0
    for move in moves.json()["data"]:
        side = move["credit"] or move["debit"]
        balance += side["amount"]["monetary"]["value"] * (1 if move["type"] == "credit" else -1)
    summary = client.get(
        "/v1/billing/credit_balance_summary",
        params={
            "customer": "cus_00000",
            "filter[type]": "credit_grant",
            "filter[credit_grant]": "credgr_pack",
        },
    ).json()
    assert summary["balances"][0]["ledger_balance"]["monetary"]["value"] == balance
