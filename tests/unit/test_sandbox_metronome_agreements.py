"""What customers agreed on, as the pretend Metronome bills it: figures worked by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from metronome_world import (
    APRIL,
    AS_OF,
    JULY,
    JUNE,
    MAY,
    UNITS,
    invoices_of,
    june,
    shown,
    small_world,
    usage_invoice,
    used,
)

from parity_pipeline.sandbox.facts import FeeChange, PriceChange, Tier
from parity_pipeline.sandbox.metronome_side.billing import keep_books
from parity_pipeline.sandbox.metronome_side.lines import Line
from parity_pipeline.sandbox.world import World

TIERED = replace(
    UNITS, model="graduated", tiers={"usd": (Tier(100, Decimal(1), Decimal(9)), Tier(None, Decimal("0.5")))}
)
"""A dollar for each of the first hundred, half a dollar from there, and nine dollars in any case."""


def _usage(world: World, start: datetime = JUNE) -> list[tuple[Decimal | None, Decimal | None]]:
    """Quantities and unit prices of usage lines."""
    lines = usage_invoice(world, start).lines
    return [(line.quantity, line.unit_price) for line in lines if line.type == "usage"]


def _fees(lines: tuple[Line, ...]) -> list[tuple[Decimal, bool]]:
    return [(line.total, line.is_prorated) for line in lines if line.name == "Platform fee"]


def test_a_price_change_splits_the_lines() -> None:
    """30 units at 100 cents before 10 June 08:00, 50 units at 110 cents after it."""
    change = PriceChange("units", june(10, 8) + timedelta(minutes=30), Decimal("1.1"))
    world = small_world(used(june(5), "30"), used(june(15), "50"), price_change=change)
    assert _usage(world) == [(30, 100), (50, 110)]
    lines = usage_invoice(world, JUNE).lines
    assert {(line.starts_at, line.ends_at) for line in lines} == {(JUNE, june(10, 8)), (june(10, 8), JULY)}
    assert _usage(world, JULY) == [(0, 110)]


def test_tiers_run_on_when_the_price_changes() -> None:
    """80 units before and 40 after: of these 20 still are in the first tier, both tiers now twice as dear."""
    change = PriceChange("units", june(10), Decimal(2))
    world = small_world(used(june(5), "80"), used(june(15), "40"), charges=[TIERED], price_change=change)
    assert _usage(world) == [(80, 100), (20, 200), (20, 100)]


def test_a_price_change_that_lies_ahead_is_not_known() -> None:
    """A day before it, the contract has no override."""
    change = PriceChange("units", june(10), Decimal(2))
    before = small_world(price_change=change).at(june(9))
    after = small_world(price_change=change).at(june(11))
    assert [len(keep_books(world).contracts[0].overrides) for world in (before, after)] == [0, 1]


def test_a_negotiated_price_is_a_multiplier_of_everything_in_it() -> None:
    """At 80 %: 80 cents, 40 cents and a base fee of 720."""
    world = small_world(used(june(5), "120"), charges=[TIERED], negotiated={"units": Decimal("0.8")})
    assert _usage(world) == [(100, 80), (20, 40)]
    assert [line.total for line in usage_invoice(world, JUNE).lines if line.type == "subscription"] == [720]


def test_discounts_multiply() -> None:
    """10 % off everything and 20 % off units leave 72 cents of a dollar."""
    world = small_world(item_discounts={"units": Decimal(20)}, discount_percent=Decimal(10))
    assert _usage(world) == [(80, 72)]


def test_a_trial_is_free_and_shown() -> None:
    """Until 10 June 30 units and the flat fee cost 0; then 90 cents: the lowest multiplier wins."""
    world = small_world(
        used(june(5), "30"),
        used(june(15), "50"),
        charges=[TIERED],
        started_at=JUNE,
        trial_ends_at=june(10),
        discount_percent=Decimal(10),
    )
    assert _usage(world) == [(30, 0), (50, 90)]
    assert [line.total for line in usage_invoice(world, JUNE).lines if line.type == "subscription"] == [0]


def test_periods_of_short_months_come_back_to_the_anchor() -> None:
    """Anchored on 31 January: 28 February, 31 March, 30 April, 31 May, 30 June."""
    world = small_world(started_at=datetime(2026, 1, 31, 6, 20, 59, tzinfo=UTC))
    ends = [each.period.end for each in invoices_of(world) if each.period]
    days = [(2, 28), (3, 31), (4, 30), (5, 31), (6, 30), (7, 31)]
    assert ends[-1] == datetime(2026, 7, 31, 6, tzinfo=UTC)
    assert sorted(set(ends)) == [datetime(2026, month, day, 6, tzinfo=UTC) for month, day in days]


def test_a_year_is_one_period() -> None:
    """From 9 June to 9 June, with what was used in between."""
    start = datetime(2025, 6, 9, 5, tzinfo=UTC)
    world = small_world(used(june(5), "80"), used(june(10), "7"), started_at=start, interval="year")
    first, running = invoices_of(world)
    assert first.period is not None
    assert (first.period.start, first.period.end, first.total) == (start, june(9, 5), 8000)
    assert (running.status, running.total) == ("DRAFT", 700)


def test_who_leaves_is_billed_to_the_end() -> None:
    """Gone on 10 June 11:00: that period is final a day later, and there is none after it."""
    world = small_world(ended_at=june(10, 11))
    last = invoices_of(world)[-1]
    assert last.period is not None
    assert (last.period.end, last.issued_at, last.total) == (june(10, 11), june(11, 11), 8000)
    assert keep_books(world).contracts[0].ends_at == june(10, 11)


def test_a_fee_change_is_billed_by_its_parts() -> None:
    """49 dollars for 15 of June's 30 days and 99 for the others: 2,450 and 4,950 cents."""
    change = FeeChange(june(16), Decimal(99))
    world = small_world(key="b", monthly_fee=Decimal(49), fee_change=change)
    assert _fees(usage_invoice(world, MAY).lines) == [(4900, False)]
    assert _fees(usage_invoice(world, JUNE).lines) == [(2450, True), (4950, True)]
    assert _fees(usage_invoice(world, JULY).lines) == [(9900, False)]


def test_a_fee_in_advance_settles_its_change_later() -> None:
    """July's invoice of the fee gives 2,450 cents of June back and takes 4,950 for the same days."""
    world = small_world(key="a", monthly_fee=Decimal(49), fee_change=FeeChange(june(16), Decimal(99)))
    scheduled = {each.issued_at: each for each in invoices_of(world) if each.type == "SCHEDULED"}
    assert _fees(scheduled[JUNE].lines) == [(4900, False)]
    assert _fees(scheduled[JULY].lines) == [(9900, False), (-2450, True), (4950, True)]
    assert scheduled[JULY].total == 12400


def test_credits_are_converted_by_a_line_of_their_own() -> None:
    """80 units at 100 AI credits are 8,000 credits; the conversion makes 8,000 cents of them."""
    invoice = usage_invoice(small_world(key="b", billed_in_credits=True, monthly_fee=Decimal(49)), JUNE)
    assert shown(invoice) == [
        ("usage", "80", "8000"),
        ("subscription", "1", "4900"),
        ("cpu_conversion", "8000", "8000"),
    ]
    assert [line.unit.name for line in invoice.lines] == ["AI credits", "USD (cents)", "USD (cents)"]
    assert invoice.total == 12900


def test_a_yen_card_in_credits_is_worth_a_hundredth() -> None:
    """A unit at 1 yen is 100 credits of 0.01 yen: 80 units are 80 yen."""
    charge = replace(UNITS, tiers={"jpy": (Tier(None, Decimal(1)),)})
    world = small_world(billed_in_credits=True, currency="jpy", charges=[charge])
    assert usage_invoice(world, JUNE).total == 80


@pytest.mark.parametrize(("moment", "status", "total"), [(30, "DRAFT", 9000), (24, "DRAFT", 8000)])
def test_a_draft_has_what_was_received_by_now(moment: int, status: str, total: int) -> None:
    """10 units of the sixth come on 25 June: on the 24th they are not there, on the 30th they are."""
    late = used(june(6), "10", late_by_seconds=19 * 86400)
    world = small_world(used(june(5), "80"), late).at(june(moment))
    assert (usage_invoice(world, JUNE).status, usage_invoice(world, JUNE).total) == (status, total)


def test_what_comes_after_an_invoice_was_final_is_not_on_it() -> None:
    """10 units of 30 June that come on 5 July are in the usage, but not in June's invoice."""
    late = used(june(30), "10", late_by_seconds=5 * 86400)
    world = small_world(used(june(5), "80"), late)
    assert usage_invoice(world, JUNE).total == 8000
    usage = keep_books(world).usage.of("a", "units")
    assert usage is not None
    assert usage.whole.value("SUM", JUNE, JULY) == 90


def test_an_earlier_clock_shows_less() -> None:
    """On 3 June there is May's invoice, final, and June's draft; a customer of 5 June does not exist yet."""
    world = small_world().at(june(3))
    assert [(each.status, each.total) for each in invoices_of(world)][-1] == ("DRAFT", 0)
    assert len({each.period for each in invoices_of(world)}) == 3
    assert keep_books(small_world(started_at=june(5)).at(june(3))).contracts == ()


def test_the_same_agreement_at_the_same_time_is_the_same_bill() -> None:
    """Looking at the world at its last instant changes nothing."""
    world = small_world()
    assert invoices_of(world.at(AS_OF)) == invoices_of(world)
    assert invoices_of(world)[0].issued_at == APRIL.replace(month=5, day=2)
