"""The trap table of docs/comparison.md: what stands there about this project is what its models answer."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import metronome_objects as metronome
import pytest
import stripe_objects as stripe
from scene import Scene

PAGE = Path(__file__).parents[2] / "docs" / "comparison.md"
FIRST_DAY = date(2026, 9, 1)


def _statuses(scene: Scene, table: str) -> str:
    """How many rows of a check have which status: `2 breach, 1 match`."""
    counts = Counter(status for (status,) in scene.told(f"parity.{table}", "status"))
    return ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))


def _used(scene: Scene, *, customers: int, days: int, changed: Callable[[int, int], bool]) -> str:
    """A unit of usage a customer and day; two in Metronome where it is changed."""
    for number in range(customers):
        scene.customer(f"c{number:04}")
        for day in range(days):
            when = (FIRST_DAY + timedelta(days=day)).isoformat()
            scene.metered(f"c{number:04}", "1", "2" if changed(number, day) else "1", day=when)
    return _statuses(scene, "event_ingestion")


def late_in_the_table(scene: Scene) -> str:
    """A thousand rows, of which those after the first two hundred differ."""
    return _used(scene, customers=20, days=50, changed=lambda number, _: number >= 4)


def on_the_last_key(scene: Scene) -> str:
    """Only the very last row differs."""
    return _used(scene, customers=10, days=10, changed=lambda number, day: number == 9 and day == 9)


def one_side_empty(scene: Scene) -> str:
    """Fifty rows against none."""
    for number in range(50):
        scene.customer(f"c{number:04}")
        scene.billed(f"c{number:04}", 1000, None)
    presences = Counter(each for (each,) in scene.told("parity.invoice_totals", "presence"))
    return f"{_statuses(scene, 'invoice_totals')}, {presences['expected_only']} expected_only"


def a_line_that_was_split(scene: Scene) -> str:
    """One line of 100 dollars against lines of 60 and 40."""
    scene.customer("a")
    scene.stripe_invoice("a", stripe.line(10000, 10000))
    scene.metronome_invoice("a", metronome.usage_line(6000, 6000), metronome.usage_line(4000, 4000))
    return f"{_statuses(scene, 'invoice_totals')}; {_statuses(scene, 'line_item_quantities')}"


def lines_in_another_order(scene: Scene) -> str:
    """Two lines of one price, swapped."""
    scene.customer("a")
    scene.stripe_invoice("a", stripe.line(100, 100), stripe.line(200, 200))
    scene.metronome_invoice("a", metronome.usage_line(200, 200), metronome.usage_line(100, 100))
    return f"{_statuses(scene, 'invoice_totals')}; {_statuses(scene, 'line_item_quantities')}"


def no_group_value(scene: Scene) -> str:
    """A product without pricing groups, used on both sides."""
    scene.customer("a")
    scene.metered("a", "10", "10")
    return _statuses(scene, "group_key_coverage")


def a_value_in_capitals(scene: Scene) -> str:
    """Five days of usage of GPT4 where gpt4 has the rate."""
    scene.add("metronome/products", metronome.product("ai", metric="tokens", pricing_group_key=["model"]))
    scene.link_price("price_tokens", "p_ai")
    scene.customer("a", rates=(metronome.rate("ai", model="gpt4"),))
    for day in range(1, 6):
        scene.grouped("a", "10", {"model": "GPT4"}, day=f"2026-10-0{day}")
    causes = scene.told("parity.findings", "cause", check_name="group_key_coverage")
    return ", ".join(f"{len(causes)} finding: {cause}" for (cause,) in causes)


def the_last_decimal_place(scene: Scene) -> str:
    """Money that differs in its twelfth place."""
    scene.customer("a")
    scene.billed("a", 12, "12.000000000001")
    ((variance, status),) = scene.told("parity.invoice_totals", "variance", "status")
    return f"variance {variance:f}, {status}"


def a_sum_of_floats(scene: Scene) -> str:
    """0.1 + 0.2 as a float has it, against 0.3."""
    scene.customer("a")
    scene.metered("a", "0.30000000000000004", "0.3")
    return _statuses(scene, "event_ingestion")


def exactly_a_cent(scene: Scene) -> str:
    """A cent up or down where a cent is allowed."""
    for number in range(50):
        scene.customer(f"c{number}")
        scene.billed(f"c{number}", 20 + number, 21 + number if number % 2 else 19 + number)
    return _statuses(scene, "invoice_totals")


def errors_that_cancel_out(scene: Scene) -> str:
    """Five dollars too much on one invoice, five too little on another."""
    for name, actual in (("a", 10500), ("b", 9500)):
        scene.customer(name)
        scene.billed(name, 10000, actual)
    ((gross, net),) = scene.told(
        "parity.check_unit_cycles", "gross_variance", "net_variance", check_name="invoice_totals"
    )
    return f"{_statuses(scene, 'invoice_totals')}; gross {gross / 100:.2f}, net {net / 100:.2f}"


TRAPS: dict[str, Callable[[Scene], str]] = {
    "1,000 rows, of which the 800 after the first 200 differ": late_in_the_table,
    "Only the row with the greatest key differs": on_the_last_key,
    "One side is empty, 50 rows against none": one_side_empty,
    "A line of 100 dollars became two, of 60 and 40": a_line_that_was_split,
    "Two lines of one price in another order": lines_in_another_order,
    "No group value on either side": no_group_value,
    "`gpt4` became `GPT4` on five days": a_value_in_capitals,
    "A difference in the last of twelve decimal places": the_last_decimal_place,
    "0.1 + 0.2 as a float, against 0.3": a_sum_of_floats,
    "50 invoices a cent apart, and a cent is allowed": exactly_a_cent,
    "Five dollars too much here, five too little there": errors_that_cancel_out,
}


def _cells() -> dict[str, str]:
    rows = [
        line.strip("|").split("|") for line in PAGE.read_text(encoding="utf-8").splitlines() if "|" in line
    ]
    return {cells[0].strip(): cells[2].strip() for cells in rows if len(cells) > 2}


@pytest.mark.parametrize("trap", TRAPS)
def test_our_column_is_what_the_models_answer(scene: Scene, trap: str) -> None:
    """Each trap is set up, and the page says what came out."""
    assert TRAPS[trap](scene) == _cells().get(trap)
