"""Stripe's invoices in the sandbox: discounts, credit, tax and states, against amounts worked by hand."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from parity_pipeline.sandbox.facts import Charge, CreditPack, Customer, Tier, UsageEvent
from parity_pipeline.sandbox.readings import StripeReadings
from parity_pipeline.sandbox.stripe_side.billing import CustomerBilling
from parity_pipeline.sandbox.stripe_side.credits import CreditAccount
from parity_pipeline.sandbox.stripe_side.invoice_json import invoice_json, line_json
from parity_pipeline.sandbox.stripe_side.invoices import Invoice
from parity_pipeline.sandbox.stripe_side.metering import count_events
from parity_pipeline.sandbox.stripe_side.prices import PriceBook
from parity_pipeline.sandbox.world import StripeQuirks, Told

START = datetime(2026, 9, 1, tzinfo=UTC)
END = datetime(2026, 10, 1, tzinfo=UTC)
LATER = datetime(2026, 10, 20, tzinfo=UTC)
CENT: dict[str, tuple[Tier, ...]] = {"usd": (Tier(None, Decimal("0.01")),)}
CHARGES = {
    "calls": Charge("calls", "calls", "sum", "per_unit", CENT),
    "files": Charge("files", "files", "sum", "per_unit", CENT),
}
CUSTOMER = Customer("00001", "Customer", "usd", START, ("calls", "files"), "billing_provider")


def _bill(
    customer: Customer,
    *,
    as_of: datetime = LATER,
    quirks: StripeQuirks | None = None,
    uses: Sequence[tuple[str, int, datetime]] = (("calls", 295, START), ("files", 750, START)),
) -> tuple[list[Invoice], CreditAccount]:
    """Bill one customer; a unit of usage costs one cent, and by default 295 and 750 are used."""
    events = [
        UsageEvent(f"e{number}", "00001", name, at, Decimal(value))
        for number, (name, value, at) in enumerate(uses)
    ]
    told = Told(CHARGES, {"00001": customer}, events)
    billing = CustomerBilling(
        customer, PriceBook(CHARGES), count_events(told, as_of), as_of, quirks or StripeQuirks()
    )
    return billing.invoices(), billing.account


def _paid(key: str, dollars: str, **options: object) -> CreditPack:
    return replace(CreditPack(key, "paid", Decimal(dollars), START), **options)


def test_usage_is_invoiced_when_its_period_has_ended() -> None:
    """One closed month gives one cycle invoice, with a line a price."""
    invoices, _ = _bill(CUSTOMER)
    assert [(each.reason, each.period_start, each.period_end) for each in invoices] == [
        ("subscription_cycle", START, END)
    ]
    assert [line.amount for line in invoices[0].lines] == [295, 750]
    assert invoices[0].total == 1045


def test_usage_at_the_end_of_a_period_belongs_to_the_next() -> None:
    """Periods are half-open."""
    invoices, _ = _bill(CUSTOMER, uses=(("calls", 5, END - timedelta(seconds=1)), ("calls", 7, END)))
    assert invoices[0].lines[0].amount == 5


def test_tax_is_rounded_line_by_line() -> None:
    """21 % of 295 is 61.95 and of 750 is 157.5: 62 and 158, where the sum would have had 219."""
    (invoice,), _ = _bill(replace(CUSTOMER, tax_percent=Decimal(21)))
    assert [line.tax for line in invoice.lines] == [62, 158]
    assert (invoice.total, invoice.total_excluding_tax, invoice.subtotal) == (1265, 1045, 1045)


def test_tax_inside_a_price_is_taken_out_of_the_amount() -> None:
    """295 cents net are 356.95 with tax, hence 357, of which 61.96 is tax, hence 62."""
    (invoice,), _ = _bill(replace(CUSTOMER, tax_percent=Decimal(21), tax_inclusive=True))
    assert [(line.amount, line.tax) for line in invoice.lines] == [(357, 62), (908, 158)]
    assert (invoice.subtotal, invoice.total, invoice.total_excluding_tax) == (1265, 1265, 1045)
    assert line_json(invoice.lines[0], invoice, StripeReadings())["subtotal"] == 295


def test_a_discount_comes_off_each_line() -> None:
    """10 % of 295 is 29.5, hence 30; of 750 it is 75. The subtotal is before the discount."""
    (invoice,), _ = _bill(replace(CUSTOMER, discount_percent=Decimal(10)))
    assert [line.discount for line in invoice.lines] == [30, 75]
    assert (invoice.subtotal, invoice.total) == (1045, 940)


def test_credit_is_drawn_promotional_first_and_line_by_line() -> None:
    """3.00 given and 5.00 bought: the first line takes 295 given, the second 5 given and 500 bought."""
    given = CreditPack("gift", "promotional", Decimal(3), START)
    customer = replace(CUSTOMER, credits=(_paid("pack", "5"), given), tax_percent=Decimal(21))
    (invoice,), _ = _bill(customer)
    drawn = [(move.grant_id, move.amount) for line in invoice.lines for move in line.credits]
    assert drawn == [("credgr_gift", 295), ("credgr_gift", 5), ("credgr_pack", 500)]
    assert (invoice.total_excluding_tax, invoice.tax, invoice.total) == (245, 51, 296)


def test_priority_and_expiry_come_before_the_category() -> None:
    """A lower number is drawn first; of equals, the one that ends earlier."""
    soon = LATER + timedelta(days=30)
    packs = (
        CreditPack("gift", "promotional", Decimal(1), START),
        _paid("ending", "1", expires_at=soon),
        _paid("first", "1", priority=10),
    )
    (invoice,), _ = _bill(replace(CUSTOMER, credits=packs))
    drawn = [move.grant_id for move in invoice.lines[0].credits]
    assert drawn == ["credgr_first", "credgr_ending", "credgr_gift"]


def test_credit_comes_after_the_discount() -> None:
    """Of 1,045 less 105, credit of 20.00 pays all 940 and keeps 1,060."""
    customer = replace(CUSTOMER, credits=(_paid("pack", "20"),), discount_percent=Decimal(10))
    (invoice,), account = _bill(customer)
    assert invoice.total == 0
    assert account.balance("credgr_pack", LATER) == 1060


def test_a_monthly_fee_is_paid_ahead_without_discount_or_credit() -> None:
    """The fee of the next month stands beside the usage of the last, and pays its full price."""
    customer = replace(
        CUSTOMER, monthly_fee=Decimal(49), discount_percent=Decimal(10), credits=(_paid("pack", "100"),)
    )
    (first, cycle), _ = _bill(customer)
    assert (first.reason, first.total, first.lines[0].start) == ("subscription_create", 4900, START)
    fee = cycle.lines[-1]
    assert (fee.amount, fee.discount, fee.credit, fee.start) == (4900, 0, 0, END)
    assert cycle.total == 4900


def test_a_draft_has_drawn_no_credit_yet() -> None:
    """Credit is applied when the invoice is finalized, an hour after its period."""
    customer = replace(CUSTOMER, credits=(_paid("pack", "5"),))
    (draft,), _ = _bill(customer, as_of=END + timedelta(minutes=59))
    (final,), _ = _bill(customer, as_of=END + timedelta(minutes=60))
    assert (draft.status, draft.total) == ("draft", 1045)
    assert (final.status, final.total) == ("open", 545)


def test_credit_pays_the_period_in_which_it_was_granted_and_none_before() -> None:
    """A pack granted when a period ends does not pay that period's invoice."""
    customer = replace(CUSTOMER, credits=(_paid("pack", "5", granted_at=END),))
    (invoice,), account = _bill(customer)
    assert invoice.total == 1045
    assert account.balance("credgr_pack", LATER) == 500


def test_what_is_left_of_a_grant_expires() -> None:
    """20.00 until the end of the month: 10.45 drawn, 9.55 lost."""
    customer = replace(CUSTOMER, credits=(_paid("pack", "20", expires_at=END),))
    _, account = _bill(customer)
    assert [(move.kind, move.amount) for move in account.movements] == [
        ("credits_granted", 2000),
        ("credits_applied", 295),
        ("credits_applied", 750),
        ("credits_expired", 955),
    ]


def test_a_voided_invoice_gives_its_credit_back_to_the_revision() -> None:
    """The original is void and names its revision; the revision draws the same credit again."""
    customer = replace(CUSTOMER, credits=(_paid("pack", "5"),))
    (void, revision), account = _bill(customer, quirks=StripeQuirks(voided_and_revised={"00001"}))
    assert (void.status, void.latest_revision) == ("void", revision.invoice_id)
    assert (revision.status, revision.revision_of, revision.total) == ("paid", void.invoice_id, 545)
    assert [(move.kind, move.amount) for move in account.movements[1:]] == [
        ("credits_applied", 295),
        ("credits_applied", 205),
        ("credits_application_invoice_voided", 295),
        ("credits_application_invoice_voided", 205),
        ("credits_applied", 295),
        ("credits_applied", 205),
    ]


def test_a_threshold_invoice_and_the_cycle_invoice_add_up() -> None:
    """295 calls in the first half and 100 in the second are billed once each."""
    uses = (("calls", 295, START), ("calls", 100, START + timedelta(days=20)))
    (early, cycle), _ = _bill(CUSTOMER, uses=uses, quirks=StripeQuirks(threshold_billed={"00001"}))
    assert (early.reason, [line.amount for line in early.lines]) == ("subscription_threshold", [295, 0])
    assert (cycle.reason, [line.amount for line in cycle.lines]) == ("subscription_cycle", [100, 0])
    assert early.lines[0].end == cycle.lines[0].start


def test_the_sums_of_an_invoice_hold() -> None:
    """Total is lines less discounts and credit plus tax on top; without tax it is that less all tax."""
    customer = replace(
        CUSTOMER, credits=(_paid("pack", "5"),), discount_percent=Decimal(10), tax_percent=Decimal(21)
    )
    (invoice,), _ = _bill(customer)
    body = invoice_json({invoice.customer: customer}, invoice, readings=StripeReadings())
    taken = sum(each["amount"] for each in body["total_pretax_credit_amounts"])
    tax = sum(each["amount"] for each in body["total_taxes"])
    assert (taken, tax) == (605, 92)
    assert body["total"] == 1045 - 605 + 92
    assert body["total_excluding_tax"] == 440
