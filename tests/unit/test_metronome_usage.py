"""Which usage is asked of Metronome."""

from datetime import UTC, datetime
from typing import Any

import pytest
from scripted_vendors import WINDOW, Asked, MemorySink, ScriptedVendor, lander, read_metronome

from parity_pipeline.errors import ExtractionError
from parity_pipeline.periods import Period, Window
from parity_pipeline.sources.metronome import MetronomeFacts
from parity_pipeline.sources.metronome_api import MetronomeApi
from parity_pipeline.sources.metronome_records import BillableMetric, EventTypeFilter, Product, ProductState
from parity_pipeline.sources.metronome_usage import (
    MeterLink,
    MetronomeUsage,
    UnadditiveNeeds,
    key_sets,
    period_metrics,
)
from parity_pipeline.sources.notes import Notes


def _metric(metric: str, kind: str | None, *events: str, keys: tuple[list[str], ...] = ()) -> BillableMetric:
    return BillableMetric(
        id=metric,
        name=metric,
        aggregation_type=kind,
        event_type_filter=EventTypeFilter(in_values=list(events)),
        group_keys=list(keys),
    )


def _product(metric: str, *keys: str, updates: list[ProductState] | None = None) -> Product:
    state = ProductState(billable_metric_id=metric, pricing_group_key=list(keys) or None)
    return Product(id=f"p_{metric}", type="USAGE", initial=state, current=state, updates=updates)


def _facts(metrics: list[BillableMetric], products: list[Product]) -> MetronomeFacts:
    facts = MetronomeFacts(Notes())
    facts.customers.add("c1")
    facts.metrics |= {metric.id: metric for metric in metrics}
    facts.products += products
    return facts


def test_metrics_that_are_asked_once_a_period() -> None:
    """Asked are metrics that do not add up, and those whose meter in Stripe does not."""
    metrics = [
        _metric("sum", "SUM", "calls"),
        _metric("count", "count", "clicks"),
        _metric("latest", "LATEST", "other"),
        _metric("sql", None),
        _metric("by_filter", "SUM", "seats"),
        _metric("by_link", "SUM", "x"),
        _metric("linked_to_a_sum", "SUM", "y"),
    ]
    links = [MeterLink("seats", "by_link"), MeterLink("calls", "linked_to_a_sum")]
    assert period_metrics(metrics, {"seats"}, links) == ["by_filter", "by_link", "latest", "sql"]


def test_the_smallest_key_set_that_holds_the_pricing_keys() -> None:
    """Of the defined sets the smallest that contains what is needed is asked."""
    metric = _metric("m", "SUM", keys=(["region", "gpu", "user"], ["gpu", "region"], ["gpu"]))
    assert key_sets(_facts([metric], [_product("m", "region")]), []) == ({"m": [("gpu", "region")]}, [])


def test_keys_of_a_former_state_and_of_links() -> None:
    """Keys that a product had once, and keys the user linked by, are needed as well."""
    metric = _metric("m", "SUM", keys=(["a"], ["b"], ["a", "b"]))
    former = _product("m", "a", updates=[ProductState(pricing_group_key=["b"])])
    assert key_sets(_facts([metric], [former]), []) == ({"m": [("a", "b")]}, [])
    linked = [MeterLink("x", "m", frozenset({"b"}))]
    assert key_sets(_facts([metric], [_product("m")]), linked) == ({"m": [("b",)]}, [])


def test_needs_that_no_single_set_meets() -> None:
    """Two needs that share no set are asked apart; one that no set meets is noted."""
    metric = _metric("m", "SUM", keys=(["a"], ["b"]))
    linked = [MeterLink("x", "m", frozenset({key})) for key in ("a", "b", "c")]
    assert key_sets(_facts([metric], []), linked) == (
        {"m": [("a",), ("b",)]},
        ["metric m has no group key set with c"],
    )


def test_metrics_without_pricing_keys_are_not_split() -> None:
    """A group key that sets no price is not asked."""
    metric = _metric("m", "SUM", keys=(["user"],))
    assert key_sets(_facts([metric], [_product("m")]), []) == ({}, [])


def _usage(customer: str, metric: str, value: float | None) -> dict[str, Any]:
    bounds = {"start_timestamp": "2026-03-01T00:00:00Z", "end_timestamp": "2026-03-02T00:00:00Z"}
    return {"customer_id": customer, "billable_metric_id": metric, "value": value, **bounds}


def test_usage_on_the_wire() -> None:
    """By day for all, by period for the metrics that need it, by group for customers with usage."""

    def answer(asked: Asked) -> Any:
        if asked.path == "/v1/usage/groups":
            bounds = {"starting_on": "2026-03-01T00:00:00Z", "ending_before": "2026-03-02T00:00:00Z"}
            return {"data": [{"group": {"gpu": None}, "value": 1, **bounds}], "next_page": None}
        rows = [_usage("c1", "m", 5), _usage("c2", "m", 0), _usage("c3", "m", None), _usage("c1", "seats", 2)]
        if "next_page" not in asked.query:
            return {"data": rows[:2], "next_page": "two"}
        return {"data": rows[2:], "next_page": None}

    vendor, sink = ScriptedVendor(answer), MemorySink()
    facts = _facts(
        [_metric("m", "SUM", keys=(["gpu"],)), _metric("seats", "LATEST")],
        [_product("m", "gpu"), _product("seats")],
    )
    april = Period(datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC))

    async def work(api: MetronomeApi) -> None:
        usage = MetronomeUsage(api, lander(sink), WINDOW, ())
        await usage.by_day()
        await usage.by_group(facts)
        await usage.by_period(facts, UnadditiveNeeds(frozenset({"seats"}), frozenset({april})))

    read_metronome(vendor, work)
    day, _, groups, period, _ = vendor.asked
    assert day.body == {
        "starting_on": "2026-03-01T00:00:00.000Z",
        "ending_before": "2026-05-03T00:00:00.000Z",
        "window_size": "DAY",
    }
    assert period.body == {
        "starting_on": "2026-04-01T00:00:00.000Z",
        "ending_before": "2026-05-01T00:00:00.000Z",
        "window_size": "NONE",
        "billable_metrics": [{"id": "seats"}],
    }
    assert (groups.body["customer_id"], groups.body["group_key"]) == ("c1", ["gpu"])
    assert sink.contexts["usage_groups"] == [("c1", "m", "day", '["gpu"]')]
    assert [row.group for row in sink.rows["usage_groups"]] == ['{"gpu":null}']
    assert sink.contexts["usage"] == [("day",)] * 4 + [("none",)] * 4


def test_a_window_without_a_whole_day() -> None:
    """On the first day nothing is asked, and the listing is complete."""
    vendor, sink = ScriptedVendor(lambda _: None), MemorySink()
    window = Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, 12, tzinfo=UTC))

    async def work(api: MetronomeApi) -> None:
        usage = MetronomeUsage(api, lander(sink), window, ())
        await usage.by_day()
        await usage.by_period(_facts([], []), UnadditiveNeeds(frozenset(), frozenset()))

    read_metronome(vendor, work)
    assert (vendor.asked, sink.notes) == ([], {"usage": None})


@pytest.mark.parametrize(
    ("pages", "told"),
    [
        ([["c1", "c2"], ["c1", "c2"]], "a page of 2 objects"),
        ([["c1", "c1"]], "an object came twice"),
    ],
)
def test_usage_that_comes_twice(pages: list[list[str]], told: str) -> None:
    """Usage has no ids: a page that comes again under a new cursor is an error, and so is a row twice."""
    last = len(pages) - 1
    said = [
        {"data": [_usage(each, "m", 1.5) for each in page], "next_page": None if number == last else "two"}
        for number, page in enumerate(pages)
    ]

    async def work(api: MetronomeApi) -> None:
        await MetronomeUsage(api, lander(MemorySink()), WINDOW, []).by_day()

    with pytest.raises(ExtractionError, match=told):
        read_metronome(ScriptedVendor(lambda _: said.pop(0)), work)
