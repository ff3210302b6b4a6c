"""The usage endpoints of the pretend Metronome: whole UTC days, windows, groups and pages."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import pytest
from metronome_caller import TOKEN, Caller, Json, all_rows, keys_of

from parity_pipeline.sandbox.ids import metronome_customer, metronome_metric
from parity_pipeline.sandbox.metronome_side import usage_api
from parity_pipeline.sandbox.metronome_side.api import metronome_app
from parity_pipeline.sandbox.readings import OTHER_READINGS
from parity_pipeline.sandbox.world import World, build_world

JUNE: Json = {"starting_on": "2026-06-01T00:00:00Z", "ending_before": "2026-07-01T00:00:00Z"}


AS_OF = datetime(2026, 7, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def world() -> World:
    """A company of sixty."""
    return build_world(seed=5, as_of=AS_OF)


@pytest.fixture(scope="module")
def client(world: World) -> Caller:
    """Speaks to the API over them."""
    return Caller(metronome_app(world, token=TOKEN))


def _user_of(world: World, charge: str) -> Json:
    """A customer that was there in June and uses a charge."""
    start = world.company.first_event_at
    keys = keys_of(
        world, lambda each: charge in each.charges and each.started_at == start and not each.ended_at
    )
    return {"customer_id": metronome_customer(keys[0])}


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
def test_usage_takes_whole_utc_days_only(client: Caller, bounds: Json) -> None:
    """Other bounds, none, or an empty range are 400."""
    assert client.post("/v1/usage", bounds | {"window_size": "DAY"}).status_code == 400


@pytest.mark.parametrize("size", ["day", "DAY", "Day"])
def test_window_sizes_are_accepted_in_any_case(client: Caller, world: World, size: str) -> None:
    """June has thirty windows of a day for each customer and metric."""
    customer = world.metronome.customers["00000"]
    metrics = {world.metronome.charges[charge].event_name for charge in customer.charges}
    body = JUNE | {"window_size": size, "customer_ids": [metronome_customer("00000")]}
    assert len(client.posted("/v1/usage", body)["data"]) == 30 * len(metrics)
    assert client.post("/v1/usage", JUNE | {"window_size": "week"}).status_code == 400


def test_usage_of_everyone_comes_in_pages_of_the_query_cursor(client: Caller, world: World) -> None:
    """Days of June for all customers: no row twice, and the sums are those of the events that count."""

    def ask(following: Json) -> Json:
        answer: Json = client.posted("/v1/usage", JUNE | {"window_size": "DAY"}, **following)
        assert len(answer["data"]) <= usage_api.PAGE_SIZE
        return answer

    rows = all_rows(ask)
    keys = {(row["customer_id"], row["billable_metric_id"], row["start_timestamp"]) for row in rows}
    assert len(keys) == len(rows) > usage_api.PAGE_SIZE
    tokens = metronome_metric(world.company.charges["tokens"])
    total = sum(row["value"] or 0 for row in rows if row["billable_metric_id"] == tokens)
    counted = {
        event.event_id: event.value
        for event in world.metronome.events
        if event.at.month == 6
        and event.at.year == 2026
        and event.event_name == "tokens"
        and event.cancelled_at is None
        and event.sent_value is None
    }
    assert total == sum(counted.values())


@pytest.mark.parametrize(("reading", "shown"), [("null", None), ("zero", 0), ("absent", "no row")])
def test_a_window_without_events_can_be_read_in_three_ways(reading: str, shown: object) -> None:
    """Days on which a metric saw nothing are null, 0, or left out; the others are the same."""
    readings = OTHER_READINGS.get(f"metronome.empty_usage={reading}")
    world = build_world(seed=5, as_of=AS_OF, customers=12, readings=readings)
    client = Caller(metronome_app(world, token=TOKEN))
    rows = all_rows(lambda following: client.posted("/v1/usage", JUNE | {"window_size": "DAY"}, **following))
    values = [row["value"] for row in rows]
    used = {(event.customer, event.event_name) for event in world.metronome.events}
    known = {pair for pair in used if pair[0] in world.metronome.customers and pair[1] != "unknown_thing"}
    assert (len(values) == 30 * len(known)) is (shown != "no row")
    assert [value for value in (None, 0) if value in values] == ([] if shown == "no row" else [shown])


def test_usage_can_be_split_by_group_values(client: Caller, world: World) -> None:
    """The groups of a SUM metric add up to its value; another key than the metric's is 400."""
    metric = metronome_metric(world.company.charges["gpu_a100"])
    body = JUNE | {
        "window_size": "NONE",
        "customer_ids": list(_user_of(world, "gpu_a100").values()),
        "billable_metrics": [{"id": metric, "group_by": {"key": "gpu"}}],
    }
    (row,) = client.posted("/v1/usage", body)["data"]
    assert set(row["groups"]) == {"a100", "h100"}
    assert sum(row["groups"].values()) == row["value"]
    body["billable_metrics"] = [{"id": metric, "group_by": {"key": "gpu", "values": ["h100"]}}]
    (row,) = client.posted("/v1/usage", body)["data"]
    assert set(row["groups"]) == {"h100"}
    body["billable_metrics"] = [{"id": metric, "group_by": {"key": "region"}}]
    assert client.post("/v1/usage", body).status_code == 400


def test_groups_want_exactly_a_key_set_of_the_metric(client: Caller, world: World) -> None:
    """`gpu` answers with one row for each model seen; any other key set is 400."""
    body = (
        JUNE
        | _user_of(world, "gpu_a100")
        | {
            "window_size": "NONE",
            "billable_metric_id": metronome_metric(world.company.charges["gpu_a100"]),
            "group_key": ["gpu"],
        }
    )
    rows = all_rows(lambda following: client.posted("/v1/usage/groups", body, limit=1, **following))
    assert [row["group"] for row in rows] == [{"gpu": "a100"}, {"gpu": "h100"}]
    filtered = client.posted("/v1/usage/groups", body | {"group_filters": {"gpu": ["h100"]}})["data"]
    assert [row["group_value"] for row in filtered] == ["h100"]
    for keys in (["region"], ["gpu", "region"], [], None):
        assert client.post("/v1/usage/groups", body | {"group_key": keys}).status_code == 400


def test_presentation_keys_are_key_sets_too(client: Caller, world: World) -> None:
    """Tokens are shown by team; the teams add up to the metric."""
    metric = metronome_metric(world.company.charges["tokens"])
    owner = _user_of(world, "tokens")
    asked = JUNE | {"window_size": "NONE", "billable_metric_id": metric, "group_key": ["team"]}
    rows = client.posted("/v1/usage/groups", asked | owner)["data"]
    assert [row["group_value"] for row in rows] == ["blue", "green", "red"]
    body = JUNE | {
        "window_size": "NONE",
        "customer_ids": [owner["customer_id"]],
        "billable_metrics": [{"id": metric}],
    }
    (whole,) = client.posted("/v1/usage", body)["data"]
    assert sum(row["value"] for row in rows) == whole["value"] > Decimal(0)


def test_events_can_be_found_by_their_transaction_id(client: Caller, world: World) -> None:
    """A repeated one is there twice, once as a duplicate; a stranger's and an unknown one match nothing."""
    events = world.metronome.events
    ids = [event.event_id for event in events]
    again = next(one for one, other in pairwise(ids) if one == other)
    rows = client.posted("/v1/events/search", {"transactionIds": [again, "evt-stray-1", "evt-stray-2"]})
    matched = {
        (row["transaction_id"], row["is_duplicate"], len(row["matched_billable_metrics"])) for row in rows
    }
    assert matched == {
        (again, False, 1),
        (again, True, 1),
        ("evt-stray-1", False, 0),
        ("evt-stray-2", False, 0),
    }
    assert "matched_customer" not in next(row for row in rows if row["transaction_id"] == "evt-stray-1")
    assert client.post("/v1/events/search", {}).status_code == 400
