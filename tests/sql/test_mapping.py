"""Who is compared with whom: links of customers, meters and products, in their order."""

import metronome_objects as metronome
import pytest
import stripe_objects as stripe
from scene import Scene

LINK = ("stripe_customer_id", "metronome_customer_id", "link_source", "status")


def _map(scene: Scene) -> set[tuple[object, ...]]:
    return set(scene.told("control.customer_map", *LINK))


def test_links_are_sought_in_order(scene: Scene) -> None:
    """File, then billing configuration, then custom field, then ingest alias: the first one decides."""
    for name in ("file", "config", "field", "alias"):
        scene.stripe_customer(name)
    scene.link_customers(("cus_file", "m_1"))
    scene.configuration("1", "cus_config")
    scene.configuration("2", "cus_config")
    scene.metronome_customer("1", stripe_id="cus_field", ingest_aliases=["cus_alias"])
    scene.metronome_customer("2", stripe_id="cus_field", ingest_aliases=["cus_alias"])
    scene.metronome_customer("3", stripe_id="cus_field", ingest_aliases=["cus_alias"])
    scene.metronome_customer("4", ingest_aliases=["own-id", "cus_alias"])
    assert _map(scene) == {
        ("cus_file", "m_1", "customers_csv", "linked"),
        ("cus_config", "m_2", "billing_provider_configuration", "linked"),
        ("cus_field", "m_3", "custom_field", "linked"),
        ("cus_alias", "m_4", "ingest_alias", "linked"),
    }


@pytest.mark.parametrize(
    "changes", [{"archived_at": metronome.rfc("2026-10-01")}, {"billing_provider": "aws_marketplace"}]
)
def test_only_a_stripe_configuration_in_force_links(scene: Scene, changes: dict[str, object]) -> None:
    """Archived configurations and those of other providers do not count."""
    scene.stripe_customer("a")
    scene.metronome_customer("a")
    scene.configuration("a", "cus_a", **changes)
    assert _map(scene) == {("cus_a", None, None, "unmapped"), (None, "m_a", None, "unlinked")}


def test_a_claim_on_an_unknown_customer_is_no_link(scene: Scene) -> None:
    """A custom field with a customer that Stripe does not know falls through to the alias."""
    scene.stripe_customer("a")
    scene.metronome_customer("a", stripe_id="cus_gone", ingest_aliases=["cus_a"])
    assert _map(scene) == {("cus_a", "m_a", "ingest_alias", "linked")}


def test_a_customer_claimed_twice_is_matched_to_neither(scene: Scene) -> None:
    """It stands as expected_only; the two claimants stand as actual_only with what they would bill."""
    scene.stripe_customer("a")
    scene.billed("a", 100, None)
    for name in ("x", "y"):
        scene.metronome_customer(name, stripe_id="cus_a")
        scene.metronome_invoice(name, metronome.usage_line(100, 100))
    columns = ("stripe_customer_id", "metronome_customer_id", "presence")
    assert set(scene.told("parity.invoice_totals", *columns)) == {
        ("cus_a", None, "expected_only"),
        (None, "m_x", "actual_only"),
        (None, "m_y", "actual_only"),
    }
    assert {row[0] for row in scene.told("parity.findings", "cause")} == {"customer_unmapped"}


def test_several_rows_of_the_file_are_summed(scene: Scene) -> None:
    """Two Metronome customers that customers.csv gives one Stripe customer are one customer."""
    scene.stripe_customer("a")
    scene.billed("a", 100, None)
    scene.metered("a", "100", None)
    for name, amount in (("y", 60), ("x", 40)):
        scene.link_customers(("cus_a", f"m_{name}"))
        scene.metronome_customer(name)
        scene.metronome_invoice(name, metronome.usage_line(amount, amount))
        scene.metered(name, None, str(amount))
    columns = ("metronome_customer_id", "expected_value", "actual_value", "status")
    for table in ("parity.invoice_totals", "parity.line_item_quantities", "parity.event_ingestion"):
        assert scene.told(table, *columns) == [("m_x,m_y", 100, 100, "match")]


def test_the_file_overrules_every_other_claim(scene: Scene) -> None:
    """Another customer's custom field on the same Stripe customer is dropped, not ambiguous."""
    scene.stripe_customer("a")
    scene.metronome_customer("x")
    scene.metronome_customer("y", stripe_id="cus_a")
    scene.link_customers(("cus_a", "m_x"))
    assert _map(scene) == {("cus_a", "m_x", "customers_csv", "linked"), (None, "m_y", None, "unlinked")}


def test_an_archived_claimant_yields_to_a_living_one(scene: Scene) -> None:
    """The archived customer is no second claim."""
    scene.stripe_customer("a")
    scene.metronome_customer("old", stripe_id="cus_a", archived_at=metronome.rfc("2026-10-01"))
    scene.metronome_customer("new", stripe_id="cus_a")
    assert _map(scene) == {("cus_a", "m_new", "custom_field", "linked"), (None, "m_old", None, "unlinked")}


def test_an_unlinked_metronome_customer_counts_with_usage_or_charges(scene: Scene) -> None:
    """It stands as actual_only; one without either, or with an empty invoice, is no row."""
    for name in ("charged", "empty", "using"):
        scene.metronome_customer(name)
    scene.metronome_invoice("charged", metronome.usage_line(100, 100))
    scene.metronome_invoice("empty", metronome.usage_line(0, 0))
    scene.metered("using", None, "5")
    columns = ("metronome_customer_id", "presence", "status")
    assert scene.told("parity.invoice_totals", *columns) == [("m_charged", "actual_only", "breach")]
    assert scene.told("parity.event_ingestion", *columns) == [("m_using", "actual_only", "breach")]


METER = ("meter", "billable_metric_id", "link_source", "status")


def test_a_meter_is_linked_to_the_metric_that_names_it_exactly(scene: Scene) -> None:
    """Case matters; a metric that names several event types is not the meter's."""
    for name in ("Images", "calls", "lost"):
        scene.add("stripe/meters", stripe.meter(name))
    scene.add(
        "metronome/billable_metrics",
        metronome.metric("images"),
        metronome.metric("calls", "calls", "other"),
    )
    assert scene.told("control.meter_map", *METER) == [
        ("Images", None, None, "unmapped"),
        ("calls", None, None, "unmapped"),
        ("lost", None, None, "unmapped"),
        ("tokens", "bm_tokens", "event_type_filter", "linked"),
    ]


def test_of_two_metrics_the_one_that_aggregates_alike_is_chosen(scene: Scene) -> None:
    """A COUNT beside the SUM is no ambiguity for a sum meter; a second SUM is."""
    scene.add("metronome/billable_metrics", metronome.metric("count", "tokens", aggregation="COUNT"))
    scene.add("stripe/meters", stripe.meter("images"))
    scene.add(
        "metronome/billable_metrics", metronome.metric("one", "images"), metronome.metric("two", "images")
    )
    assert scene.told("control.meter_map", *METER) == [
        ("images", None, None, "ambiguous"),
        ("tokens", "bm_tokens", "event_type_filter", "linked"),
    ]


def test_an_archived_metric_is_the_last_resort(scene: Scene) -> None:
    """It is chosen where it is the only one, and yields to a living one whatever that aggregates."""
    gone = {"archived_at": metronome.rfc("2026-10-01")}
    scene.add("stripe/meters", stripe.meter("images"), stripe.meter("calls"))
    scene.add(
        "metronome/billable_metrics",
        metronome.metric("old_images", "images", **gone),
        metronome.metric("old_calls", "calls", **gone),
        metronome.metric("calls", aggregation="COUNT"),
    )
    assert scene.told("control.meter_map", "meter", "billable_metric_id") == [
        ("calls", "bm_calls"),
        ("images", "bm_old_images"),
        ("tokens", "bm_tokens"),
    ]


def test_meters_csv_splits_a_metric_by_group_values(scene: Scene) -> None:
    """Two meters on one metric: each has the lines and the usage of its own model."""
    for name, model in (("input", "in"), ("output", "out")):
        scene.add("stripe/meters", stripe.meter(name))
        scene.add("stripe/prices", stripe.price(name, meter=name))
        scene.link_meter(name, "bm_tokens", f'{{"kind":"{model}"}}')
    scene.add("metronome/products", metronome.product("ai", metric="tokens", pricing_group_key=["kind"]))
    scene.customer("a")
    scene.stripe_invoice("a", stripe.line(10, 10, price="input"), stripe.line(3, 3, price="output"))
    scene.metronome_invoice(
        "a",
        metronome.usage_line(10, 10, product="ai", pricing_group_values={"kind": "in"}),
        metronome.usage_line(3, 3, product="ai", pricing_group_values={"kind": "out"}),
    )
    for meter, kind, value in (("input", "in", "10"), ("output", "out", "3")):
        scene.metered("a", value, None, meter=meter)
        scene.grouped("a", value, {"kind": kind}, asked='["kind"]')
    columns = ("meter", "expected_value", "actual_value", "status")
    expected = [("input", 10, 10, "match"), ("output", 3, 3, "match")]
    assert scene.told("parity.line_item_quantities", *columns) == expected
    assert scene.told("parity.event_ingestion", *columns) == expected
