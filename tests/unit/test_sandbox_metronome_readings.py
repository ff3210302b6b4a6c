"""The rules that Metronome's documents leave open, read in each way."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from metronome_caller import TOKEN, Caller
from metronome_world import JULY, JUNE, UNITS, invoices_of, june, pack, small_world, usage_invoice, used

from parity_pipeline.sandbox.facts import Charge, PriceChange, Tier, UsageEvent
from parity_pipeline.sandbox.ids import metronome_customer
from parity_pipeline.sandbox.metronome_side.api import metronome_app
from parity_pipeline.sandbox.metronome_side.billing import keep_books
from parity_pipeline.sandbox.readings import OTHER_READINGS, Readings
from parity_pipeline.sandbox.world import World

PACKS = Charge("packs", "packs", "sum", "package", {"usd": (Tier(None, Decimal(1)),)}, package_size=50)
"""Fifty at a time, fifty dollars each."""


def _read(world: World, reading: str) -> World:
    """The same world under another reading."""
    world.readings = OTHER_READINGS[f"metronome.{reading}"]
    return world


def _packed(*uses: tuple[datetime, str], change: datetime | None = None) -> World:
    """Packages; with a price change that splits the month but costs nothing."""
    events = [
        UsageEvent(f"e{number}", "a", "packs", at, Decimal(value)) for number, (at, value) in enumerate(uses)
    ]
    price_change = None if change is None else PriceChange("packs", change, Decimal(2))
    return small_world(*events, charges=[PACKS], price_change=price_change)


def _quantities(world: World) -> list[Decimal | None]:
    return sorted(line.quantity or Decimal(0) for line in usage_invoice(world, JUNE).lines)


def test_quantities_can_be_rounded_before_their_conversion() -> None:
    """100.4 of 50 are 3 packages; rounded first to 101 they are 2.02."""
    uses = (june(5), "100.4")
    assert _quantities(_packed(uses)) == [3]
    assert _quantities(_read(_packed(uses), "rounding=before_conversion")) == [Decimal("2.02")]


def test_each_line_can_be_rounded_by_itself() -> None:
    """60 before 10 June and 30 after it: of the month 2 packages, all in the first part; by line 2 and 1."""
    uses = (june(5), "60"), (june(15), "30")
    assert _quantities(_packed(*uses, change=june(10))) == [2]
    assert _quantities(_read(_packed(*uses, change=june(10)), "rounding_scope=line")) == [1, 2]


def test_without_grace_an_invoice_is_final_when_its_period_ends() -> None:
    """June's is final at the first instant of July, and has what was received by then."""
    late = used(june(30), "10", late_by_seconds=30 * 3600)
    world = small_world(used(june(5), "80"), late)
    assert usage_invoice(world, JUNE).total == 9000
    world = _read(world, "grace_hours=0")
    invoice = usage_invoice(world, JUNE)
    assert (invoice.issued_at, invoice.total, invoice.status) == (JULY, 8000, "FINALIZED")
    at_once = world.at(JULY + timedelta(hours=1))
    assert usage_invoice(at_once, JUNE).status == "FINALIZED"


@pytest.mark.parametrize(
    ("reading", "shown_types", "sign", "first"),
    [
        (None, {True}, -1, "2026-04-01T00:00:00Z"),
        ("line_types=False", {False}, -1, "2026-04-01T00:00:00Z"),
        ("deductions=positive", {True}, 1, "2026-04-01T00:00:00Z"),
        ("default_order=date_desc", {True}, -1, "2026-07-01T00:00:00Z"),
    ],
)
def test_what_is_shown_can_be_read_in_several_ways(
    reading: str | None,
    shown_types: set[bool],
    sign: int,
    first: str,
) -> None:
    """Lines with or without types, deductions of either sign, invoices oldest or newest first."""
    world = small_world(credits=(pack("c", "promotional", "20"),))
    client = Caller(metronome_app(_read(world, reading) if reading else world, token=TOKEN))
    rows = client.got(f"/v1/customers/{metronome_customer('a')}/invoices")["data"]
    assert {"type" in line for row in rows for line in row["line_items"]} == shown_types
    assert rows[0]["start_timestamp"] == first
    body = {"customer_id": metronome_customer("a"), "include_ledgers": True}
    (balance,) = client.posted("/v1/contracts/customerBalances/list", body)["data"]
    assert [entry["amount"] for entry in balance["ledger"]] == [2000, sign * 2000]
    assert keep_books(world).balances[0].remaining == 0


@pytest.mark.parametrize(("reading", "count"), [(None, 4), ("scheduled_pass_period_filter=False", 0)])
def test_invoices_without_a_period_pass_its_filter_or_not(reading: str | None, count: int) -> None:
    """Four fees in advance come through a filter on June, or none does; without a filter all do."""
    world = small_world(key="a", monthly_fee=Decimal(49))
    client = Caller(metronome_app(_read(world, reading) if reading else world, token=TOKEN))
    path = f"/v1/customers/{metronome_customer('a')}/invoices"
    assert len(client.got(path, type="SCHEDULED", starting_on="2026-06-01T00:00:00Z")["data"]) == count
    assert len(client.got(path, type="SCHEDULED")["data"]) == 4


def test_the_likely_readings_are_the_default() -> None:
    """A world says nothing about readings and has them all."""
    assert small_world().readings == Readings()
    assert invoices_of(small_world(charges=[UNITS]))
