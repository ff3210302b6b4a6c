"""Which metric a meter is compared with when several could be, and from when on."""

from datetime import date

import metronome_objects as metronome
from scene import Scene


def test_a_metric_that_filters_by_property_gives_way_to_one_that_does_not(scene: Scene) -> None:
    """A metric of the errors among the calls names the same event type, and counts only a part of it."""
    narrowed = metronome.metric("tokens") | {
        "id": "bm_errors",
        "property_filters": [{"name": "status", "in_values": ["500"]}],
    }
    scene.add("metronome/billable_metrics", narrowed)
    scene.customer("a")
    assert scene.told("control.meter_map", "billable_metric_id", "status", meter="tokens") == [
        ("bm_tokens", "linked")
    ]


def test_a_filter_that_a_property_exists_narrows_nothing(scene: Scene) -> None:
    """An aggregation key may bring one along, so two such metrics stay ambiguous, and are named."""
    twin = metronome.metric("tokens") | {
        "id": "bm_twin",
        "property_filters": [{"name": "value", "exists": True}],
    }
    scene.add("metronome/billable_metrics", twin)
    scene.customer("a")
    assert scene.told("control.meter_map", "billable_metric_id", "status", meter="tokens") == [
        (None, "ambiguous")
    ]
    assert scene.told("control.exclusions", "count", reason="meter_that_several_metrics_fit: tokens") == [
        (1,)
    ]


def test_a_period_that_a_metric_saw_in_part_is_left_out_and_named(scene: Scene) -> None:
    """Days before a metric's start are not compared, so neither is a total that holds some of them."""
    scene.links = type(scene.links)(metric_starts=(("bm_tokens", date(2026, 10, 5)),))
    scene.customer("a")
    scene.billed("a", 100, 60)
    assert scene.told("parity.invoice_totals", "expected_value") == []
    assert scene.told("control.exclusions", "count", reason="period_began_before_metric_saw_events") == [(1,)]
