"""Contracts, invoices and balances of the pretend Metronome, against figures worked by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from metronome_world import (
    APRIL,
    AS_OF,
    JULY,
    JUNE,
    MAY,
    invoices_of,
    june,
    pack,
    shown,
    small_world,
    usage_invoice,
    used,
)

from parity_pipeline.sandbox.company import build_company
from parity_pipeline.sandbox.facts import Customer
from parity_pipeline.sandbox.ids import metronome_flat_fee_product
from parity_pipeline.sandbox.metronome_side.billing import keep_books, pushed_invoices


def test_a_commit_splits_the_line_that_it_covers() -> None:
    """80 units at 100 cents and a commit of 5,000: 50 covered units, the commit taken off, 30 units left."""
    invoice = usage_invoice(small_world(credits=(pack("p", "paid", "50"),)), JUNE)
    assert shown(invoice) == [
        ("usage", "50", "5000"),
        ("applied_commit_or_credit", None, "-5000"),
        ("usage", "30", "3000"),
    ]
    assert invoice.total == 3000
    assert [line.balance is not None for line in invoice.lines] == [True, True, False]


def test_credit_is_drawn_before_a_commit_of_the_same_priority() -> None:
    """What was free goes first: 20 dollars promotional, then 60 of the 100 paid."""
    world = small_world(credits=(pack("p", "paid", "100"), pack("c", "promotional", "20")))
    books = keep_books(world)
    assert usage_invoice(world, JUNE).total == 0
    assert {balance.kind: balance.remaining for balance in books.balances} == {"PREPAID": 4000, "CREDIT": 0}


def test_a_lower_priority_number_is_drawn_first() -> None:
    """With priority 10, the paid commit is emptied before the credit of priority 50."""
    world = small_world(credits=(pack("p", "paid", "70", priority=10), pack("c", "promotional", "20")))
    remaining = {balance.kind: balance.remaining for balance in keep_books(world).balances}
    assert remaining == {"PREPAID": 0, "CREDIT": 1000}


def test_a_ledger_explains_its_balance() -> None:
    """Start, one deduction an invoice at the end of its period, and what expired sum to what is left."""
    granted = pack("p", "paid", "100", expires_at=datetime(2026, 7, 10, tzinfo=UTC))
    later = used(datetime(2026, 7, 5, tzinfo=UTC), "10")
    world = small_world(used(june(5), "60"), later, credits=(granted,))
    (balance,) = keep_books(world).balances
    assert [(entry.suffix, entry.amount, entry.at) for entry in balance.ledger] == [
        ("SEGMENT_START", 10000, JUNE),
        ("AUTOMATED_INVOICE_DEDUCTION", -6000, JULY),
        ("AUTOMATED_INVOICE_DEDUCTION", -1000, datetime(2026, 8, 1, tzinfo=UTC)),
        ("EXPIRATION", -3000, datetime(2026, 7, 10, tzinfo=UTC)),
    ]
    assert balance.ledger[1].invoice_id == usage_invoice(world, JUNE).id
    assert balance.remaining == 0


def test_only_usage_inside_its_access_is_paid_from_a_balance() -> None:
    """A credit that ends on the tenth covers the 30 units before, not the 50 after it."""
    granted = pack("c", "promotional", "100", expires_at=june(10))
    world = small_world(used(june(5), "30"), used(june(15), "50"), credits=(granted,))
    invoice = usage_invoice(world, JUNE)
    assert invoice.total == 5000
    assert [(line.type, line.total) for line in invoice.lines] == [
        ("usage", 3000),
        ("applied_commit_or_credit", -3000),
        ("usage", 5000),
    ]


def test_a_balance_shows_nothing_outside_its_access() -> None:
    """Before June the credit is 0, although it is there and unused."""
    (balance,) = keep_books(small_world(used(MAY, "1"), credits=(pack("c", "promotional", "20"),))).balances
    assert balance.at(MAY) == 0
    assert balance.at(JUNE) == 2000


def test_the_platform_fee_is_not_paid_from_credit() -> None:
    """80 dollars of usage are taken from 500 dollars of credit; the monthly fee of 49 dollars is not."""
    world = small_world(credits=(pack("p", "paid", "500"),), monthly_fee=Decimal(49))
    (balance,) = keep_books(world).balances
    assert balance.remaining == 42000
    fees = [line for each in invoices_of(world) for line in each.lines if line.name == "Platform fee"]
    assert {(fee.total, fee.balance) for fee in fees} == {(Decimal(4900), None)}


def test_a_discount_lowers_usage_prices_and_the_base_fee_only() -> None:
    """10 % off: 80 units at 90 cents, and the base fee of 900 cents at 810."""
    company = build_company(seed=1, as_of=AS_OF, customers=0)
    minutes = company.charges["minutes"]
    customer = Customer(
        "a", "A", "usd", APRIL, ("units", "minutes"), "custom_field", discount_percent=Decimal(10)
    )
    world = small_world()
    world.metronome.charges["minutes"] = minutes
    world.metronome.customers["a"] = customer
    invoice = usage_invoice(world, JUNE)
    prices = {line.product.id: line.unit_price for line in invoice.lines if line.total and line.product}
    assert prices.pop(metronome_flat_fee_product(minutes)) == 810
    assert list(prices.values()) == [90]


@pytest.mark.parametrize(("hours", "status"), [(23, "DRAFT"), (24, "FINALIZED")])
def test_an_invoice_is_final_a_day_after_its_period(hours: int, status: str) -> None:
    """It is a draft for 24 hours after July begins, then final."""
    invoice = usage_invoice(small_world(as_of=JULY + timedelta(hours=hours)), JUNE)
    assert (invoice.status, invoice.issued_at) == (status, JULY + timedelta(hours=24))


def test_the_running_period_is_a_draft() -> None:
    """July, looked at on the twentieth, has an invoice that is not final."""
    assert usage_invoice(small_world(), JULY).status == "DRAFT"


def test_periods_follow_the_anchor() -> None:
    """A customer since 15 April 08:00 is billed from the fifteenth to the fifteenth."""
    world = small_world(started_at=datetime(2026, 4, 15, 8, tzinfo=UTC))
    periods = {(each.period.start, each.period.end) for each in invoices_of(world) if each.period}
    days = [datetime(2026, month, 15, 8, tzinfo=UTC) for month in (4, 5, 6, 7, 8)]
    assert periods == set(pairwise(days))


def test_a_calendar_anchored_contract_has_a_short_first_period() -> None:
    """With the quirk, the first period of that customer ends with April."""
    world = small_world(started_at=datetime(2026, 4, 15, 8, tzinfo=UTC))
    world.metronome_quirks.calendar_anchored.add("a")
    periods = [each.period for each in invoices_of(world) if each.period]
    assert (periods[0].start, periods[0].end) == (datetime(2026, 4, 15, 8, tzinfo=UTC), MAY)
    assert max(period.start for period in periods) == JULY


def test_a_late_contract_bills_nothing_before_it() -> None:
    """From 10 June on, the 80 units of the fifth are not billed."""
    world = small_world(used(june(5), "80"), used(june(15), "5"))
    world.metronome_quirks.contract_starts_at["a"] = datetime(2026, 6, 10, tzinfo=UTC)
    first = invoices_of(world)[0]
    assert first.period is not None
    assert (first.period.start, first.period.end, first.total) == (
        datetime(2026, 6, 10, tzinfo=UTC),
        JULY,
        500,
    )


def test_an_ended_contract_bills_up_to_its_end() -> None:
    """Ended on 10 June, its last invoice is final a day later and has no July after it."""
    world = small_world(used(june(5), "80"), used(june(15), "5"))
    world.metronome_quirks.contract_ends_at["a"] = datetime(2026, 6, 10, tzinfo=UTC)
    last = usage_invoice(world, JUNE)
    assert (last.total, last.issued_at) == (8000, datetime(2026, 6, 11, tzinfo=UTC))
    assert not [each for each in invoices_of(world) if each.period and each.period.start > JUNE]


def test_a_second_contract_bills_the_usage_again() -> None:
    """Both have an invoice of 80 dollars for June."""
    world = small_world()
    world.metronome_quirks.second_contract.add("a")
    june = [each for each in invoices_of(world) if each.period and each.period.start == JUNE]
    assert [each.total for each in june if each.status == "FINALIZED"] == [8000, 8000]
    assert len({each.contract.id for each in june}) == 2


def test_quirks_of_the_last_closed_invoice() -> None:
    """It can be missing or still a draft; the ones before it are as they were."""
    world = small_world()
    world.metronome_quirks.missing_last_invoice.add("a")
    assert JUNE not in [each.period.start for each in invoices_of(world) if each.period]
    world = small_world()
    world.metronome_quirks.draft_last_invoice.add("a")
    assert usage_invoice(world, JUNE).status == "DRAFT"
    assert "FINALIZED" in {each.status for each in invoices_of(world) if each.issued_at < JUNE}


def test_a_pushed_invoice_is_named_on_both_sides() -> None:
    """The last closed invoice carries the Stripe invoice that was made of it, in whole cents."""
    world = small_world()
    assert pushed_invoices(world) == []
    world.metronome_quirks.pushed_invoices.add("a")
    (pushed,) = pushed_invoices(world)
    invoice = usage_invoice(world, JUNE)
    assert invoice.pushed == pushed
    assert (pushed.metronome_invoice_id, pushed.customer, pushed.amount_minor_units, pushed.created_at) == (
        invoice.id,
        "a",
        8000,
        JULY + timedelta(hours=24),
    )


def test_customers_without_contract_or_unknown_have_no_invoice() -> None:
    """Neither has a contract; the paid commit has nothing to hang on, the credit stays."""
    packs = (pack("p", "paid", "50"), pack("c", "promotional", "20"))
    world = small_world(credits=packs)
    world.metronome_quirks.no_contract.add("a")
    books = keep_books(world)
    assert (books.contracts, [balance.kind for balance in books.balances]) == ((), ["CREDIT"])
    world.metronome_quirks.absent_customers.add("a")
    assert keep_books(world).balances == ()


def test_one_invoice_was_voided_and_made_again() -> None:
    """May is there twice: void, and final under another id that names the voided one."""
    may = [each for each in invoices_of(small_world()) if each.period and each.period.start == MAY]
    assert sorted(each.status for each in may) == ["FINALIZED", "VOID"]
    (again,), (void,) = ([each for each in may if each.status == s] for s in ("FINALIZED", "VOID"))
    assert again.regenerated_from == void.id
    assert again.lines == void.lines


def test_usage_of_another_product_is_not_entitled() -> None:
    """A customer whose contract does not sell units has usage but no line."""
    world = small_world()
    world.metronome.customers["a"] = replace(world.metronome.customers["a"], charges=())
    assert usage_invoice(world, JUNE).lines == ()
