"""Which Metronome invoices and lines count, in which unit, and for which product."""

from decimal import Decimal

import metronome_objects as metronome
import pytest
import stripe_objects as stripe
from scene import Scene


@pytest.fixture(autouse=True)
def _customer(scene: Scene) -> None:
    scene.customer("a")


def _charges(scene: Scene) -> list[tuple[object, ...]]:
    return scene.told("parity.invoice_totals", "currency", "actual_value")


def _quantities(scene: Scene) -> list[tuple[object, ...]]:
    return scene.told("parity.line_item_quantities", "meter", "actual_value")


# Credit type, total as Metronome says it, currency and minor units.
UNITS = [
    ("USD (cents)", "1234.5", "usd", "1234.5"),
    ("EUR", "12.345", "eur", "1234.5"),
    ("JPY", "1234.5", "jpy", "1234.5"),
    ("KWD", "1.2345", "kwd", "1234.5"),
    ("ISK", "12.345", "isk", "1234.5"),
]


@pytest.mark.parametrize(("name", "total", "currency", "minor_units"), UNITS)
def test_the_credit_types_name_decides_the_unit(
    scene: Scene, name: str, total: str, currency: str, minor_units: str
) -> None:
    """Dollars come in cents, every other currency in whole units; a yen has no minor unit (T1)."""
    unit = metronome.unit(name)
    scene.metronome_invoice("a", metronome.usage_line(total, 1, credit_type=unit), credit_type=unit)
    assert _charges(scene) == [(currency, Decimal(minor_units))]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "VOID"}, "void_metronome_invoice"),
        ({"type": "USAGE_CONSOLIDATED"}, "consolidated_metronome_invoice"),
        (
            {"type": "SCHEDULED", "start_timestamp": None, "end_timestamp": None},
            "scheduled_metronome_invoice",
        ),
    ],
)
def test_invoices_that_do_not_count_are_named(scene: Scene, changes: dict[str, object], reason: str) -> None:
    """Void (T16), consolidated copies (T17) and, with scope usage, scheduled ones."""
    scene.metronome_invoice("a", metronome.usage_line(1000, 1000), **changes)
    assert _charges(scene) == []
    assert scene.told("control.exclusions", "currency", "count", "amount", reason=reason) == [
        ("usd", 1, 1000)
    ]


def test_a_regenerated_invoice_replaces_the_void_one(scene: Scene) -> None:
    """Void and regenerated: only the new one counts (T16)."""
    old = scene.metronome_invoice("a", metronome.usage_line(1000, 1000), status="VOID")
    scene.metronome_invoice("a", metronome.usage_line(900, 900), regenerated_from_invoice_id=old)
    assert _charges(scene) == [("usd", 900)]
    assert _quantities(scene) == [("tokens", 900)]


def test_lines_split_by_rate_tier_and_commit_add_up(scene: Scene) -> None:
    """Three lines of one product are one charge and one quantity (T7)."""
    scene.metronome_invoice(
        "a",
        metronome.usage_line("0.333333333333", 10, starting_at=metronome.rfc("2026-10-01")),
        metronome.usage_line("0.333333333333", 20, starting_at=metronome.rfc("2026-10-10")),
        metronome.usage_line("0.333333333334", 30, commit_id="commit_1"),
    )
    assert _charges(scene) == [("usd", 1)]
    assert _quantities(scene) == [("tokens", 60)]


def test_custom_pricing_units_count_by_their_conversion_line(scene: Scene) -> None:
    """120 credits are usage in no currency; the line that converts them to 60 dollars is the charge."""
    credit_type = metronome.unit("AI credits")
    scene.metronome_invoice(
        "a",
        metronome.usage_line(120, 1000, credit_type=credit_type),
        metronome.usage_line(6000, 120, product=None, type="cpu_conversion"),
    )
    assert _charges(scene) == [("usd", 6000)]
    assert _quantities(scene) == [("tokens", 1000)]
    assert scene.told(
        "control.exclusions", "currency", "count", reason="custom_pricing_unit_in_metronome"
    ) == [(None, 1)]


def test_fixed_charges_on_a_usage_invoice_are_excluded_and_counted(scene: Scene) -> None:
    """Subscriptions, schedules and the purchase of a commit are no usage charges."""
    scene.add("metronome/products", metronome.product("seat", kind="SUBSCRIPTION"))
    scene.metronome_invoice(
        "a",
        metronome.usage_line(1000, 1000),
        metronome.usage_line(700, 7, product="seat", type="subscription"),
        metronome.usage_line(50, 1, product="seat", type="scheduled"),
        metronome.usage_line(9000, 1, product=None, type="commit_purchase"),
    )
    assert _charges(scene) == [("usd", 1000)]
    excluded = scene.told("control.exclusions", "reason", "count", "amount")
    assert ("fixed_charge_in_metronome", 2, 750) in excluded
    assert ("commit_purchase_in_metronome", 1, 9000) in excluded


def test_a_linked_product_counts_whatever_its_line_type(scene: Scene) -> None:
    """A tier's flat fee, modelled as a scheduled line of the linked product, is a charge and no quantity."""
    scene.metronome_invoice(
        "a", metronome.usage_line(1000, 1000), metronome.usage_line(900, 1, type="scheduled")
    )
    assert _charges(scene) == [("usd", 1900)]
    assert _quantities(scene) == [("tokens", 1000)]


def test_a_composite_product_is_a_charge_of_no_meter(scene: Scene) -> None:
    """A percentage on top of usage would be billed, so it counts; it has no metered quantity."""
    scene.add("metronome/products", metronome.product("support", kind="COMPOSITE"))
    scene.metronome_invoice(
        "a", metronome.usage_line(1000, 1000), metronome.usage_line(100, 1, product="support")
    )
    assert _charges(scene) == [("usd", 1100)]
    assert _quantities(scene) == [("tokens", 1000)]


def test_an_empty_usage_invoice_is_a_zero_in_its_currency(scene: Scene) -> None:
    """Billed with nothing on it is not the same as not billed."""
    scene.stripe_invoice("a", stripe.line(100, 100))
    scene.metronome_invoice("a")
    assert scene.told("parity.invoice_totals", "presence", "expected_value", "actual_value") == [
        ("both", 100, 0)
    ]


def test_two_products_on_one_metric_count_without_a_file(scene: Scene) -> None:
    """Nobody said which product is which: both count for the meter."""
    scene.add("metronome/products", metronome.product("batch", metric="tokens"))
    scene.metronome_invoice(
        "a", metronome.usage_line(100, 100), metronome.usage_line(50, 100, product="batch")
    )
    assert _charges(scene) == [("usd", 150)]
    assert _quantities(scene) == [("tokens", 200)]


def test_a_product_that_prices_csv_passes_over_is_excluded_and_named(scene: Scene) -> None:
    """With one product of the metric linked, the other is left out by name."""
    scene.add("metronome/products", metronome.product("batch", metric="tokens"))
    scene.link_price("price_tokens", "p_tokens")
    scene.metronome_invoice(
        "a", metronome.usage_line(100, 100), metronome.usage_line(50, 100, product="batch")
    )
    assert _charges(scene) == [("usd", 100)]
    assert _quantities(scene) == [("tokens", 100)]
    excluded = scene.told("control.exclusions", "reason", "count", "amount")
    assert ("product_without_linked_price: batch", 1, None) in excluded
    assert ("product_without_linked_price_in_metronome", 1, 50) in excluded


def test_a_metric_without_a_meter_is_named_and_its_charges_count(scene: Scene) -> None:
    """What Metronome would bill for usage that no meter explains is a charge all the same."""
    scene.add("metronome/billable_metrics", metronome.metric("storage"))
    scene.add("metronome/products", metronome.product("storage", metric="storage"))
    scene.metronome_invoice("a", metronome.usage_line(100, 5, product="storage"))
    assert _charges(scene) == [("usd", 100)]
    assert _quantities(scene) == []
    assert scene.told("control.exclusions", "count", reason="billable_metric_without_meter") == [(1,)]


def test_a_value_is_rounded_once_at_the_twelfth_place(scene: Scene) -> None:
    """Half up: 0.0000000000005 becomes 0.000000000001."""
    scene.metronome_invoice("a", metronome.usage_line("1.0000000000005", "2.0000000000004"))
    assert _charges(scene) == [("usd", Decimal("1.000000000001"))]
    assert _quantities(scene) == [("tokens", Decimal("2.000000000000"))]


def test_amounts_are_added_up_before_they_are_rounded(scene: Scene) -> None:
    """Three times 0.0000000000003 euros are 0.00000000009 cents; line by line they would be nothing."""
    unit = metronome.unit("EUR")
    lines = [metronome.usage_line("0.0000000000003", 1, credit_type=unit) for _ in range(3)]
    scene.metronome_invoice("a", *lines, credit_type=unit)
    assert _charges(scene) == [("eur", Decimal("0.00000000009"))]


# The product of an old line, what else it says, and the net charges with 1000 for tokens beside its 70.
UNTYPED = [
    ("seat", {"product_type": "SubscriptionProductListItem"}, 1000),
    ("seat", {}, 1000),
    ("setup", {"product_type": "FixedProductListItem"}, 1000),
    ("setup", {}, 1000),
    ("support", {}, 1070),
    ("images", {}, 1070),
    ("images", {"product_type": "UsageProductListItem"}, 1070),
    (None, {}, 1070),
]


@pytest.mark.parametrize(("product", "says", "charges"), UNTYPED)
def test_the_product_says_what_an_untyped_line_is(
    scene: Scene, product: str | None, says: dict[str, str], charges: int
) -> None:
    """Older payloads have no line type (T5): the line's product type, else the product's own, decides."""
    scene.catalogue("images")
    for name, kind in [("seat", "SUBSCRIPTION"), ("setup", "FIXED"), ("support", "COMPOSITE")]:
        scene.add("metronome/products", metronome.product(name, kind=kind))
    scene.metronome_invoice(
        "a", metronome.usage_line(1000, 1000), metronome.usage_line(70, 7, product=product, type=None, **says)
    )
    assert _charges(scene) == [("usd", charges)]
    assert _quantities(scene) == [*([("images", 7)] if product == "images" else []), ("tokens", 1000)]


def test_an_untyped_fee_of_a_linked_product_is_a_charge_without_a_quantity(scene: Scene) -> None:
    """A tier's flat fee as a subscription of quantity 1: its money counts, its quantity is no usage."""
    scene.add("metronome/products", metronome.product("base", kind="SUBSCRIPTION"))
    scene.link_price("price_tokens", "p_tokens")
    scene.link_price("price_tokens", "p_base")
    scene.metronome_invoice(
        "a",
        metronome.usage_line(1000, 1000, type=None),
        metronome.usage_line(900, 1, product="base", type=None),
    )
    assert _charges(scene) == [("usd", 1900)]
    assert _quantities(scene) == [("tokens", 1000)]


@pytest.mark.parametrize("named", ["commit_id", "applied_commit_or_credit"])
def test_an_untyped_negative_line_in_the_name_of_a_balance_is_a_drawdown(scene: Scene, named: str) -> None:
    """It names its commit by id or as an object; the usage that it pays for names it too."""
    paid = metronome.applied(-300, type=None)
    paid["commit_id" if named != "commit_id" else "applied_commit_or_credit"] = None
    usage = metronome.usage_line(1000, 1000, type=None, commit_id="commit_1")
    scene.metronome_invoice("a", usage, paid)
    assert _charges(scene) == [("usd", 700)]
    assert _quantities(scene) == [("tokens", 1000)]
    assert scene.told("parity.credit_drawdowns", "actual_value") == [(300,)]
