"""The catalogue endpoints of the pretend Metronome: products, rate cards and the rates of contracts."""

import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from parity_pipeline.sandbox.ids import metronome_customer, metronome_id, metronome_product
from parity_pipeline.sandbox.metronome_side.api import metronome_app
from parity_pipeline.sandbox.metronome_side.catalogue import rate_card_id
from parity_pipeline.sandbox.world import World, build_world

Json = dict[str, Any]


@pytest.fixture(scope="module")
def world() -> World:
    """Five customers."""
    return build_world(seed=5, as_of=datetime(2026, 7, 20, tzinfo=UTC), customers=5)


@pytest.fixture(scope="module")
def app(world: World) -> Starlette:
    """The API over them."""
    return metronome_app(world, token="secret")


def _post(app: Starlette, path: str, body: Json) -> Json:
    async def once() -> httpx.Response:
        headers = {"Authorization": "Bearer secret"}
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http:
            return await http.post(path, json=body, headers=headers)

    response = asyncio.run(once())
    assert response.status_code == 200, response.text
    answer: Json = json.loads(response.content, parse_float=Decimal)
    return answer


def test_contract_rates_carry_the_discount(app: Starlette) -> None:
    """Customer 3 has 10 % off: minutes at 3.24 and 1.8 cents instead of 3.6 and 2, as an override."""
    body = {
        "customer_id": metronome_customer("00003"),
        "contract_id": metronome_id("contract", "00003"),
        "at": "2026-06-01T00:00:00Z",
    }
    rows = {row["product_name"]: row for row in _rates(app, body)}
    assert set(rows) == {"Minutes", "Messages", "Minutes base fee"}
    assert [tier["price"] for tier in rows["Minutes"]["list_rate"]["tiers"]] == [
        0,
        Decimal("3.6"),
        2,
    ]
    assert [tier["price"] for tier in rows["Minutes"]["override_rate"]["tiers"]] == [
        0,
        Decimal("3.24"),
        Decimal("1.8"),
    ]
    assert _rates(app, body | {"at": "2026-03-01T00:00:00Z"}) == []


def _rates(app: Starlette, body: Json) -> list[Json]:
    rows: list[Json] = _post(app, "/v1/contracts/getContractRateSchedule", body)["data"]
    return rows


def test_rates_can_be_selected(app: Starlette, world: World) -> None:
    """By product, by full or partial group values; several selectors add up."""
    charges = world.company.charges
    path = "/v1/contract-pricing/rate-cards/getRateSchedule"
    body: Json = {"rate_card_id": rate_card_id("usd"), "starting_at": "2026-06-01T00:00:00Z"}

    def prices(*selectors: Json) -> list[Decimal]:
        rows = _post(app, path, body | {"selectors": list(selectors)})["data"]
        return [row["rate"]["price"] for row in rows]

    gpu = {"product_id": metronome_product(charges["gpu_a100"])}
    assert prices(gpu) == [Decimal("0.11"), Decimal("0.29")]
    assert prices(gpu | {"pricing_group_values": {"gpu": "h100"}}) == [Decimal("0.29")]
    assert prices({"partial_pricing_group_values": {"region": "eu"}}) == [Decimal("0.2")]
    assert prices(gpu | {"pricing_group_values": {}}) == []
    assert prices(gpu, {"product_id": metronome_product(charges["tokens"])}) == [
        300,
        Decimal("0.11"),
        Decimal("0.29"),
    ]


def test_a_conversion_is_in_the_history_of_its_product(app: Starlette, world: World) -> None:
    """Tokens began without a conversion; the update holds only what changed, and `current` has both."""
    rows = _post(app, "/v1/contract-pricing/products/list", {"archive_filter": "ALL"})["data"]
    (tokens,) = [row for row in rows if row["id"] == metronome_product(world.company.charges["tokens"])]
    conversion = {"conversion_factor": 1_000_000, "operation": "DIVIDE"}
    assert "quantity_conversion" not in tokens["initial"]
    assert tokens["updates"][0]["quantity_conversion"] == conversion
    assert "name" not in tokens["updates"][0]
    assert (tokens["current"]["name"], tokens["current"]["quantity_conversion"]) == ("Tokens", conversion)
    assert _post(app, "/v1/contract-pricing/products/list", {"archive_filter": "ARCHIVED"})["data"] == []
