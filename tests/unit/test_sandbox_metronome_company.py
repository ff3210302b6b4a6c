"""What the pretend Metronome makes of a whole company: sums that must hold, whatever was used."""

from datetime import UTC, datetime
from decimal import Decimal

from parity_pipeline.sandbox.metronome_side.billing import keep_books
from parity_pipeline.sandbox.world import build_world

AS_OF = datetime(2026, 7, 20, tzinfo=UTC)


def test_a_fee_is_billed_with_usage_or_by_itself() -> None:
    """Each customer with a fee pays it in arrears on the usage invoice, or in advance on one of its own."""
    books = keep_books(build_world(seed=1, as_of=AS_OF))
    kinds = [
        {invoice.type for invoice in invoices for line in invoice.lines if line.name == "Platform fee"}
        for invoices in books.invoices.values()
    ]
    assert {frozenset(each) for each in kinds if each} == {frozenset({"USAGE"}), frozenset({"SCHEDULED"})}


def test_ledgers_are_the_sums_of_the_draws() -> None:
    """In a whole company, every balance's deductions equal the applied lines that name it."""
    books = keep_books(build_world(seed=3, as_of=AS_OF, customers=60))
    applied: dict[str, Decimal] = {}
    for invoices in books.invoices.values():
        for invoice in invoices:
            for line in invoice.lines:
                if line.type == "applied_commit_or_credit" and line.balance and invoice.status != "VOID":
                    applied[line.balance.id] = applied.get(line.balance.id, Decimal(0)) + line.total
    for balance in books.balances:
        deducted = [each.amount for each in balance.ledger if each.suffix == "AUTOMATED_INVOICE_DEDUCTION"]
        assert sum(deducted, Decimal(0)) == applied.get(balance.id, Decimal(0))
        assert sum(each.amount for each in balance.ledger) == balance.remaining


def test_the_books_are_the_same_every_time() -> None:
    """Two worlds of the same seed give equal invoices."""
    one, two = (keep_books(build_world(seed=3, as_of=AS_OF, customers=15)) for _ in range(2))
    assert one.invoices == two.invoices
