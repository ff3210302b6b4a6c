"""The catalogue endpoints of the pretend Metronome: metrics, products, rate cards and agreed rates."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from metronome_caller import TOKEN, Caller, Json, keys_of

from parity_pipeline.sandbox.facts import PriceChange
from parity_pipeline.sandbox.ids import metronome_customer, metronome_id, metronome_product
from parity_pipeline.sandbox.metronome_side.api import metronome_app
from parity_pipeline.sandbox.metronome_side.catalogue import rate_card_id
from parity_pipeline.sandbox.readings import OTHER_READINGS
from parity_pipeline.sandbox.world import World, build_world

AS_OF = datetime(2026, 7, 20, tzinfo=UTC)
SCHEDULE = "/v1/contracts/getContractRateSchedule"


@pytest.fixture(scope="module")
def world() -> World:
    """Five customers; the first pays dollars, 10 % off, and from 10 June on tokens cost half."""
    world = build_world(seed=5, as_of=AS_OF, customers=5)
    world.metronome.customers["00000"] = replace(
        world.metronome.customers["00000"],
        currency="usd",
        charges=("minutes", "tokens"),
        started_at=world.company.first_event_at,
        discount_percent=Decimal(10),
        price_change=PriceChange("tokens", datetime(2026, 6, 10, 8, tzinfo=UTC), Decimal("0.5")),
    )
    return world


@pytest.fixture(scope="module")
def client(world: World) -> Caller:
    """Speaks to the API over them."""
    return Caller(metronome_app(world, token=TOKEN))


def _agreed(client: Caller, at: str) -> dict[str, Json]:
    """What the first customer pays at an instant, by product."""
    body = {
        "customer_id": metronome_customer("00000"),
        "contract_id": metronome_id("contract", "00000"),
        "at": at,
    }
    return {row["product_name"]: row for row in client.posted(SCHEDULE, body)["data"]}


def test_contract_rates_carry_the_discount(client: Caller) -> None:
    """Minutes cost 3.24 and 1.8 cents instead of 3.6 and 2, as an override, for as long as it is known."""
    rows = _agreed(client, "2026-06-01T00:00:00Z")
    assert set(rows) >= {"Minutes", "Tokens", "Minutes base fee"}
    minutes = rows["Minutes"]
    assert [tier["price"] for tier in minutes["list_rate"]["tiers"]] == [0, Decimal("3.6"), 2]
    prices = [tier["price"] for tier in minutes["override_rate"]["tiers"]]
    assert prices == [0, Decimal("3.24"), Decimal("1.8")]
    assert "ending_before" not in minutes
    assert rows["Minutes base fee"]["override_rate"]["price"] == 810
    assert _agreed(client, "2026-03-01T00:00:00Z") == {}


def test_contract_rates_change_when_an_overwrite_begins(client: Caller) -> None:
    """Tokens cost 270 cents a million until 10 June 08:00, then 135: half of 300, less a tenth."""
    before, after = (_agreed(client, f"2026-06-10T{hour}:00:00Z")["Tokens"] for hour in ("07", "08"))
    assert (before["override_rate"]["price"], after["override_rate"]["price"]) == (270, 135)
    assert before["ending_before"] == after["starting_at"] == "2026-06-10T08:00:00Z"


def test_rates_can_be_selected(client: Caller, world: World) -> None:
    """By product, by full or partial group values; several selectors add up."""
    charges = world.company.charges
    path = "/v1/contract-pricing/rate-cards/getRateSchedule"
    body: Json = {"rate_card_id": rate_card_id("usd"), "starting_at": "2026-06-01T00:00:00Z"}

    def prices(*selectors: Json) -> list[Decimal]:
        rows = client.posted(path, body | {"selectors": list(selectors)})["data"]
        return [row["rate"]["price"] for row in rows]

    gpu = {"product_id": metronome_product(charges["gpu_a100"])}
    assert prices(gpu) == [Decimal("0.11"), Decimal("0.29")]
    assert prices(gpu | {"pricing_group_values": {"gpu": "h100"}}) == [Decimal("0.29")]
    assert prices({"partial_pricing_group_values": {"region": "eu"}}) == [Decimal("0.2")]
    assert prices(gpu | {"pricing_group_values": {}}) == []
    assert prices({"product_id": metronome_product(charges["audit_log"])}) == [Decimal("0.04")]
    tokens = {"product_id": metronome_product(charges["tokens"])}
    assert prices(gpu, tokens) == [300, Decimal("0.11"), Decimal("0.29")]


def test_a_conversion_is_in_the_history_of_its_product(client: Caller, world: World) -> None:
    """Tokens began without a conversion; the update holds only what changed, and `current` has both."""
    rows = client.posted("/v1/contract-pricing/products/list", {"archive_filter": "ALL"})["data"]
    (tokens,) = [row for row in rows if row["id"] == metronome_product(world.company.charges["tokens"])]
    conversion = {"conversion_factor": 1_000_000, "operation": "DIVIDE"}
    assert "quantity_conversion" not in tokens["initial"]
    assert tokens["updates"][0]["quantity_conversion"] == conversion
    assert "name" not in tokens["updates"][0]
    assert (tokens["current"]["name"], tokens["current"]["quantity_conversion"]) == ("Tokens", conversion)


def test_two_products_share_a_metric(client: Caller, world: World) -> None:
    """The audit log is counted from the same events as API calls, without their pricing key."""
    rows = client.posted("/v1/contract-pricing/products/list", {})["data"]
    products = {row["id"]: row["current"] for row in rows}
    calls, beside = (
        products[metronome_product(world.company.charges[key])] for key in ("api_calls", "audit_log")
    )
    assert calls["billable_metric_id"] == beside["billable_metric_id"]
    assert (calls["pricing_group_key"], beside.get("pricing_group_key")) == (["region"], None)


def test_pricing_and_presentation_keys_are_apart(world: World) -> None:
    """A product with both has a metric with the compound of them, and with each by itself."""
    told = world.metronome.charges
    charges = told | {"tokens": replace(told["tokens"], varies_by="region")}
    both = replace(world, metronome=replace(world.metronome, charges=charges))
    client = Caller(metronome_app(both, token=TOKEN))
    (metric,) = [row for row in client.got("/v1/billable-metrics")["data"] if row["name"] == "Tokens"]
    assert metric["group_keys"] == [["region", "team"], ["region"], ["team"]]
    rows = client.posted("/v1/contract-pricing/products/list", {})["data"]
    (tokens,) = [row["current"] for row in rows if row["current"]["name"] == "Tokens"]
    assert (tokens["pricing_group_key"], tokens["presentation_group_key"]) == (["region"], ["team"])
    assert keys_of(both, lambda each: "tokens" in each.charges)


@pytest.mark.parametrize(("reading", "dollars"), [("False", "1"), ("True", "0.01")])
def test_a_rate_card_says_what_a_credit_is_worth(reading: str, dollars: str) -> None:
    """A hundred to the dollar, said in cents or in dollars, and 0.01 euros; other cards say nothing."""
    readings = OTHER_READINGS.get(f"metronome.credit_rates_in_dollars={reading}")
    world = build_world(seed=5, as_of=AS_OF, customers=1, readings=readings)
    client = Caller(metronome_app(world, token=TOKEN))
    rows = client.posted("/v1/contract-pricing/rate-cards/list", {})["data"]
    worth = {
        row["id"]: [each["fiat_per_custom_credit"] for each in row["credit_type_conversions"]] for row in rows
    }
    assert worth[rate_card_id("usd")] == []
    assert worth[rate_card_id("usd-credits")] == [dollars]
    assert worth[rate_card_id("eur-credits")] == ["0.01"]
    (row,) = [row for row in client.got("/v1/credit-types/list")["data"] if not row["is_currency"]]
    assert row["name"] == "AI credits"
