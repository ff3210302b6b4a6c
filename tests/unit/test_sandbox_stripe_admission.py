"""Who may ask the pretend Stripe, for which account, and how often."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from parity_pipeline.sandbox.stripe_side.api import stripe_app
from parity_pipeline.sandbox.world import World, build_world

AS_OF = datetime(2026, 11, 21, tzinfo=UTC)
KEY = {"Authorization": "Bearer key"}


class _Client:
    """Asks an app as a client with the right key would, without a network."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    def get(
        self, path: str, params: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
                return await client.get(path, params=params, headers=KEY | (headers or {}))

        return asyncio.run(ask())


@pytest.fixture(scope="module")
def two_accounts() -> World:
    """A company with an account for euros and one for everything else."""
    return build_world(seed=7, as_of=AS_OF, customers=30, accounts=2)


def _client(world: World, account: str | None = None, *, limit: int | None = None) -> _Client:
    seconds = iter(range(1000))  # every look at the clock is a tenth of a second later
    app = stripe_app(
        world,
        api_key="key",
        account=account,
        requests_per_second=limit,
        clock=lambda: next(seconds) / 10,
    )
    return _Client(app)


def _ids(client: _Client, path: str) -> set[str]:
    return {each["id"] for each in client.get(path, params={"limit": 100}).json()["data"]}


def test_each_account_has_its_customers_and_the_same_catalogue(two_accounts: World) -> None:
    """Together they have all customers, and none is in both."""
    us, eu, both = (_client(two_accounts, account) for account in ("us", "eu", None))
    customers = [_ids(client, "/v1/customers") for client in (us, eu, both)]
    assert customers[0] | customers[1] == customers[2]
    assert not customers[0] & customers[1]
    assert len(customers[2]) == 30
    for path in ("/v1/prices", "/v1/products", "/v1/billing/meters"):
        assert _ids(us, path) == _ids(eu, path)


def test_strangers_events_were_sent_to_the_first_account(two_accounts: World) -> None:
    """Each account reports its own malformed events, the first one also that of nobody."""
    reports = [
        {
            error["code"]
            for report in client.get("/v2/core/events", params={"limit": 100}).json()["data"]
            for error in client.get(f"/v2/core/events/{report['id']}").json()["data"]["reason"]["error_types"]
        }
        for client in (_client(two_accounts, "us"), _client(two_accounts, "eu"))
    ]
    assert "meter_event_customer_not_found" in reports[0]
    assert "meter_event_customer_not_found" not in reports[1]


@pytest.mark.parametrize("header", ["Stripe-Context", "Stripe-Account"])
def test_another_account_is_refused(two_accounts: World, header: str) -> None:
    """A key opens one account."""
    client = _client(two_accounts, "eu")
    assert client.get("/v1/customers", headers={header: "acct_eu"}).status_code == 200
    refusal = client.get("/v1/customers", headers={header: "acct_us"})
    assert (refusal.status_code, refusal.json()["error"]["code"]) == (403, "account_invalid")


def test_too_many_requests_at_one_endpoint_are_refused(two_accounts: World) -> None:
    """Eight a second are two a second at each endpoint; a second later there is room again."""
    client = _client(two_accounts, limit=8)
    answers = [client.get("/v1/coupons") for _ in range(11)]
    assert [each.status_code for each in answers] == [200, 200, *[429] * 8, 200]
    refusal = answers[2]
    assert refusal.headers["stripe-rate-limited-reason"] == "endpoint-rate"
    assert refusal.headers["request-id"]
    assert refusal.json()["error"]["code"] == "rate_limit"


def test_too_many_requests_altogether_are_refused(two_accounts: World) -> None:
    """Four a second, one at each endpoint."""
    client = _client(two_accounts, limit=4)
    paths = ("/v1/coupons", "/v1/prices", "/v1/products", "/v1/events", "/v1/customers")
    answers = [client.get(path) for path in paths]
    assert [each.status_code for each in answers] == [200, 200, 200, 200, 429]
    assert answers[-1].headers["stripe-rate-limited-reason"] == "global-rate"


def test_a_garbled_basic_key_is_refused(two_accounts: World) -> None:
    """It is no key."""
    answer = _client(two_accounts).get("/v1/coupons", headers={"Authorization": "Basic ab"})
    assert answer.status_code == 401
