"""The product's quantity conversion is undone exactly, with the state that held at the line's start."""

from decimal import Decimal
from typing import Any

import metronome_objects as metronome
import pytest
from scene import Scene

# Operation, factor, billed quantity, raw quantity.
CONVERSIONS = [
    ("DIVIDE", "1000000", "1.234567890123", "1234567.890123"),
    ("divide", "1000", "0.001", "1"),
    ("DIVIDE", "60", "2.5", "150"),
    ("DIVIDE", "0.000001", "5000000", "5"),
    ("MULTIPLY", "1000", "1234567", "1234.567"),
    ("MULTIPLY", "0.000001", "1.234567890123", "1234567.890123"),
    ("multiply", "60", "60000000", "1000000"),
    ("MULTIPLY", "60", "7", "0.116666666667"),
    ("MULTIPLY", "3", "3000000000", "1000000000"),
    ("MULTIPLY", "7", "8641975302.75", "1234567900.392857142857"),
    ("MULTIPLY", "1024", "1099511627776", "1073741824"),
    ("DIVIDE", "1073741824", "2.5", "2684354560"),
    ("MULTIPLY", "0.000000001", "2.5", "2500000000"),
    ("MULTIPLY", "0.3", "370370367", "1234567890"),
]


def _quantities(scene: Scene) -> list[tuple[object, ...]]:
    return scene.told("parity.line_item_quantities", "meter", "actual_value")


def _state(operation: str, factor: str) -> dict[str, Any]:
    return {"quantity_conversion": {"conversion_factor": Decimal(factor), "operation": operation}}


@pytest.mark.parametrize(("operation", "factor", "billed", "raw"), CONVERSIONS)
def test_a_conversion_is_undone_exactly(
    scene: Scene, operation: str, factor: str, billed: str, raw: str
) -> None:
    """To the twelfth place, whatever the factor, both operations in either case (T8)."""
    scene.add("metronome/products", metronome.product("units", metric="tokens", **_state(operation, factor)))
    scene.customer("a")
    scene.metronome_invoice("a", metronome.usage_line(1, billed, product="units"))
    assert _quantities(scene) == [("tokens", Decimal(raw))]


def test_the_state_at_the_lines_start_holds(scene: Scene) -> None:
    """Thousands until 10 October, then millions; an update of the name alone changes nothing."""
    updates = (
        {"starting_at": metronome.rfc("2026-10-10"), **_state("DIVIDE", "1000000")},
        {"starting_at": metronome.rfc("2026-10-20"), "name": "renamed"},
    )
    product = metronome.product("units", metric="tokens", updates=updates, **_state("DIVIDE", "1000"))
    scene.add("metronome/products", product)
    for number, day in enumerate(["2026-10-01", "2026-10-09T23:00:00", "2026-10-10", "2026-10-25"]):
        scene.customer(f"c{number}")
        scene.metronome_invoice(
            f"c{number}", metronome.usage_line(1, 1, product="units", starting_at=metronome.rfc(day))
        )
    expected = [1000, 1000, 1000000, 1000000]
    assert scene.told("parity.line_item_quantities", "stripe_customer_id", "actual_value") == [
        (f"cus_c{number}", raw) for number, raw in enumerate(expected)
    ]


def test_a_line_without_a_start_takes_the_invoices(scene: Scene) -> None:
    """A conversion from 1 October on holds for a line of the October invoice."""
    update = {"starting_at": metronome.rfc("2026-10-01"), **_state("DIVIDE", "1000")}
    scene.add("metronome/products", metronome.product("units", metric="tokens", updates=(update,)))
    scene.customer("a")
    scene.metronome_invoice("a", metronome.usage_line(1, 2, product="units"))
    assert _quantities(scene) == [("tokens", 2000)]


def test_the_first_state_holds_for_older_lines(scene: Scene) -> None:
    """A line may be older than the date of the product's first state."""
    state = _state("DIVIDE", "1000") | {"starting_at": metronome.rfc("2026-10-15")}
    scene.add("metronome/products", metronome.product("units", metric="tokens", **state))
    scene.customer("a")
    scene.metronome_invoice("a", metronome.usage_line(1, 2, product="units"))
    assert _quantities(scene) == [("tokens", 2000)]
