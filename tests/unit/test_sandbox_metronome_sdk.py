"""The official SDK against the pretend Metronome: its own pagers and error classes."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

import httpx
import pytest
from metronome import AsyncMetronome

from parity_pipeline.sandbox.ids import metronome_customer, metronome_metric
from parity_pipeline.sandbox.metronome_side.api import metronome_app
from parity_pipeline.sandbox.world import World, build_world

T = TypeVar("T")
CUSTOMER_2 = metronome_customer("00002")


@pytest.fixture(scope="module")
def world() -> World:
    """Thirty customers, one of them with two contracts."""
    world = build_world(seed=5, as_of=datetime(2026, 7, 20, tzinfo=UTC), customers=30)
    world.metronome_quirks.second_contract.add("00002")
    return world


def _with_sdk(world: World, use: Callable[[AsyncMetronome], Awaitable[T]]) -> T:
    """What the official client gets from the API, without a network."""

    async def run() -> T:
        transport = httpx.ASGITransport(metronome_app(world, token="secret"))
        async with httpx.AsyncClient(transport=transport) as http:
            client = AsyncMetronome(
                bearer_token="secret", base_url="http://sandbox", http_client=http, max_retries=0
            )
            return await use(client)

    return asyncio.run(run())


def test_the_official_sdk_walks_the_lists(world: World) -> None:
    """Its own pagers find every customer, contract, usage row and group."""
    june, july = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)

    async def use(client: AsyncMetronome) -> list[int]:
        customer_id = metronome_customer("00004")
        metric = metronome_metric(world.company.charges["gpu_a100"])
        return [
            len([each async for each in client.v1.customers.list(limit=7)]),
            len([each async for each in client.v2.contracts.list(customer_id=CUSTOMER_2, limit=1)]),
            len([each async for each in client.v1.contracts.list_balances(
                customer_id=CUSTOMER_2, include_contract_balances=True, limit=1)]),
            len([each async for each in client.v1.usage.list(
                starting_on=june, ending_before=july, window_size="NONE")]),
            len([each async for each in client.v1.usage.list_with_groups(
                starting_on=june, ending_before=july, window_size="DAY", customer_id=customer_id,
                billable_metric_id=metric, group_key=["gpu"], limit=50)]),
            len([each async for each in client.v1.contracts.products.list(limit=2)]),
            len([each async for each in client.v1.customers.invoices.list(
                customer_id=customer_id, limit=1, sort="date_desc")]),
        ]  # fmt: skip

    used = {(event.customer, event.event_name) for event in world.metronome.events}
    assert _with_sdk(world, use) == [30, 2, 1, len(used), 60, 9, 4]


def test_the_official_sdk_raises_its_own_errors(world: World) -> None:
    """A refused question comes back as the SDK's class for its status."""

    async def use(client: AsyncMetronome) -> str:
        try:
            await client.v1.customers.retrieve(customer_id="nobody")
        except Exception as error:  # noqa: BLE001  # the class is what is asked about
            return type(error).__name__
        return "nothing"

    assert _with_sdk(world, use) == "NotFoundError"
