"""A difference that no rule explains is called unexplained, with its exact amount, and nothing else is."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sandbox_runs import run_world, world

from parity_pipeline.sandbox import ids
from parity_pipeline.sandbox.disruptions import Asked, Change, Disruption

MAY = "2026-05-01T00:00:00"


def misprinted(customer: str, more: Decimal) -> Change:
    """A line of a customer's invoice of May costs so much more than its quantity times its price."""

    def change(_: Asked, page: dict[str, Any]) -> dict[str, Any]:
        for invoice in page["data"]:
            is_of_may = invoice.get("start_timestamp", "").startswith(MAY)
            if invoice["customer_id"] == customer and invoice["type"] == "USAGE" and is_of_may:
                usage = [line for line in invoice["line_items"] if line.get("type") == "usage"]
                line = max(usage, key=lambda each: Decimal(each["total"]))
                line["total"] += more
                invoice["total"] += more
        return page

    return change


@pytest.mark.parametrize("more", [Decimal(1234), Decimal(-777)])
def test_a_line_that_does_not_add_up_is_unexplained(tmp_path: Path, more: Decimal) -> None:
    """Usage, quantities and rates of both sides agree, one line costs other money: nobody can say why."""
    told = world(customers=20)
    plain = "00005"
    customer = ids.metronome_customer(plain)
    run = run_world(
        told,
        tmp_path,
        disruptions=[
            Disruption("GET /v1/customers/.*/invoices", "changed", change=misprinted(customer, more))
        ],
    )
    assert run.rows("select check_name, stripe_customer_id, cause, round(variance) from parity.findings") == [
        ("invoice_totals", ids.stripe_customer(plain), "unexplained", more)
    ]
    shares = (
        "select round(amount) from parity.variance_effects where abs(amount) > 100 "
        f"and stripe_customer_id = '{ids.stripe_customer(plain)}' and period_start = '{MAY}'"
    )
    assert run.rows(shares) == [(more,)]
