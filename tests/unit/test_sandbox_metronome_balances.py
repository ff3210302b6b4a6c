"""What becomes of commits and credits in the pretend Metronome: figures worked by hand."""

from datetime import datetime
from decimal import Decimal

from metronome_world import JULY, JUNE, UNITS, june, pack, shown, small_world, usage_invoice, used

from parity_pipeline.sandbox.facts import Charge, Tier, UsageEvent
from parity_pipeline.sandbox.metronome_side.billing import keep_books
from parity_pipeline.sandbox.metronome_side.credits import Balance
from parity_pipeline.sandbox.world import World

OTHER = Charge("seats", "seats", "sum", "per_unit", {"usd": (Tier(None, Decimal(2)),)})


def _ledger(balance: Balance) -> list[tuple[str, Decimal, datetime]]:
    return [(entry.suffix, entry.amount, entry.at) for entry in balance.ledger]


def _balances(world: World) -> tuple[Balance, ...]:
    return keep_books(world).balances


def test_voided_credit_ends_where_it_was_voided() -> None:
    """Of 100 dollars, 30 units before 10 June take 30; 70 are cancelled, the 50 units after it are paid."""
    world = small_world(
        used(june(5), "30"), used(june(15), "50"), credits=(pack("p", "paid", "100", voided_at=june(10)),)
    )
    (balance,) = _balances(world)
    assert _ledger(balance) == [
        ("SEGMENT_START", 10000, JUNE),
        ("AUTOMATED_INVOICE_DEDUCTION", -3000, JULY),
        ("CANCELED", -7000, june(10)),
    ]
    assert (balance.ends_at, balance.remaining, usage_invoice(world, JUNE).total) == (june(10), 0, 5000)


def test_credit_that_will_be_voided_is_whole_until_then() -> None:
    """On 9 June nothing of it is known."""
    world = small_world(credits=(pack("p", "paid", "100", voided_at=june(10)),)).at(june(9))
    (balance,) = _balances(world)
    assert (balance.at(june(9)), balance.ends_at.year) == (2000, 2036)


def test_renewed_credit_rolls_over() -> None:
    """40 dollars less 30 units leave 10; from 10 June on a second commit gives them to the 50 units."""
    world = small_world(
        used(june(5), "30"), used(june(15), "50"), credits=(pack("p", "paid", "40", renewed_at=june(10)),)
    )
    first, second = _balances(world)
    assert _ledger(first) == [
        ("SEGMENT_START", 4000, JUNE),
        ("AUTOMATED_INVOICE_DEDUCTION", -3000, JULY),
        ("ROLLOVER", -1000, june(10)),
    ]
    assert (second.rolled_over_from, second.starts_at) == (first.id, june(10))
    assert _ledger(second) == [
        ("SEGMENT_START", 1000, june(10)),
        ("AUTOMATED_INVOICE_DEDUCTION", -1000, JULY),
    ]
    assert usage_invoice(world, JUNE).total == 4000


def test_what_was_rolled_over_is_drawn_before_all_else() -> None:
    """Of 80 units in July the 50 dollars rolled over pay first, whatever the priority of the others."""
    renewed = pack("p", "paid", "50", renewed_at=JULY, priority=90)
    fresh = pack("c", "promotional", "100", priority=1)
    world = small_world(used(JULY, "80"), credits=(renewed, fresh))
    assert {balance.name: balance.remaining for balance in _balances(world)} == {
        "Prepaid credit pack": 0,
        "Prepaid credit pack (renewed)": 0,
        "Promotional credit": 7000,
    }


def test_nothing_left_is_nothing_to_roll_over() -> None:
    """A commit that was used up has no second term."""
    world = small_world(credits=(pack("p", "paid", "40", renewed_at=june(10)),))
    (balance,) = _balances(world)
    assert (balance.remaining, len(balance.ledger)) == (0, 2)


def test_credit_for_some_charges_pays_those_only() -> None:
    """50 dollars for seats pay 20 seats at 2 dollars; 80 units stay unpaid."""
    seats = UsageEvent("s", "a", "seats", june(6), Decimal(20))
    world = small_world(
        used(june(5), "80"),
        seats,
        charges=[UNITS, OTHER],
        credits=(pack("p", "paid", "50", charges=("seats",)),),
    )
    (balance,) = _balances(world)
    assert (balance.remaining, usage_invoice(world, JUNE).total, len(balance.product_ids)) == (1000, 8000, 1)


def test_a_postpaid_commit_is_shown_and_paid() -> None:
    """Of 80 units 50 count towards 50 dollars, 30 are beyond it, and all 8,000 cents are due."""
    world = small_world(committed_spend=Decimal(50))
    invoice = usage_invoice(world, JUNE)
    assert shown(invoice) == [
        ("usage", "50", "5000"),
        ("applied_commit_or_credit", None, "-5000"),
        ("usage", "30", "3000"),
    ]
    assert invoice.total == 8000
    (balance,) = _balances(world)
    assert [entry[:2] for entry in _ledger(balance)] == [
        ("INITIAL_BALANCE", 5000),
        ("AUTOMATED_INVOICE_DEDUCTION", -5000),
    ]
    assert (balance.kind, balance.ends_at.isoformat()) == ("POSTPAID", "2027-04-01T00:00:00+00:00")


def test_prepaid_credit_is_drawn_before_a_postpaid_commit() -> None:
    """Of 80 dollars the 30 prepaid go first; 50 count towards the commit and are due."""
    world = small_world(committed_spend=Decimal(1000), credits=(pack("p", "paid", "30"),))
    assert usage_invoice(world, JUNE).total == 5000
    remaining = {balance.kind: balance.remaining for balance in _balances(world)}
    assert remaining == {"PREPAID": 0, "POSTPAID": 95000}
