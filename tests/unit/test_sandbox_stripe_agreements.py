"""What was agreed with a customer, on Stripe's invoices in the sandbox, against amounts worked by hand."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from parity_pipeline.sandbox.facts import (
    Charge,
    CreditPack,
    Customer,
    FeeChange,
    PriceChange,
    Refund,
    Tier,
    UsageEvent,
)
from parity_pipeline.sandbox.readings import StripeReadings
from parity_pipeline.sandbox.stripe_side.billing import CustomerBilling
from parity_pipeline.sandbox.stripe_side.invoice_json import line_json
from parity_pipeline.sandbox.stripe_side.invoices import Invoice
from parity_pipeline.sandbox.stripe_side.metering import count_events
from parity_pipeline.sandbox.stripe_side.prices import PriceBook
from parity_pipeline.sandbox.world import StripeQuirks, Told

START = datetime(2026, 9, 1, tzinfo=UTC)
END = datetime(2026, 10, 1, tzinfo=UTC)
LATER = datetime(2026, 10, 20, tzinfo=UTC)
CENT: dict[str, tuple[Tier, ...]] = {"usd": (Tier(None, Decimal("0.01")),)}
STEPS: dict[str, tuple[Tier, ...]] = {"usd": (Tier(100, Decimal(0), Decimal(9)), Tier(None, Decimal("0.10")))}
CHARGES = {
    "calls": Charge("calls", "calls", "sum", "per_unit", CENT),
    "audit": Charge("audit", "calls", "sum", "per_unit", CENT, beside="calls"),
    "files": Charge("files", "files", "sum", "per_unit", CENT),
    "disk": Charge("disk", "disk", "last", "per_unit", CENT),
    "minutes": Charge("minutes", "minutes", "sum", "graduated", STEPS),
}
CUSTOMER = Customer("00001", "Customer", "usd", START, ("calls",), "billing_provider")
MIDDLE = START + timedelta(days=10)
Use = tuple[str, int, datetime]


def _billing(
    customer: Customer, *uses: Use, now: datetime = LATER, quirks: StripeQuirks | None = None
) -> CustomerBilling:
    """The bill maker of a customer who used these amounts."""
    events = [
        UsageEvent(f"e{number}", "00001", name, at, Decimal(value))
        for number, (name, value, at) in enumerate(uses)
    ]
    meters = count_events(Told(CHARGES, {"00001": customer}, events), now)
    return CustomerBilling(customer, PriceBook(CHARGES), meters, now, quirks or StripeQuirks())


def _amounts(invoices: Sequence[Invoice]) -> list[list[int]]:
    return [[line.amount for line in invoice.lines] for invoice in invoices]


def test_a_month_is_counted_from_the_day_it_all_began() -> None:
    """From January 31st: February ends on its 28th, March on its 31st again."""
    customer = replace(CUSTOMER, started_at=datetime(2026, 1, 31, 6, tzinfo=UTC))
    invoices = _billing(customer, now=datetime(2026, 4, 1, tzinfo=UTC)).invoices()
    assert [each.period_end for each in invoices] == [
        datetime(2026, 2, 28, 6, tzinfo=UTC),
        datetime(2026, 3, 31, 6, tzinfo=UTC),
    ]


def test_a_yearly_period_is_billed_once_by_a_price_of_its_own() -> None:
    """100 calls in March and 50 in August are 150 on one invoice."""
    customer = replace(CUSTOMER, interval="year", started_at=datetime(2025, 10, 9, 5, tzinfo=UTC))
    uses = (("calls", 100, datetime(2026, 3, 1, tzinfo=UTC)), ("calls", 50, datetime(2026, 8, 1, tzinfo=UTC)))
    (invoice,) = _billing(customer, *uses).invoices()
    assert invoice.period_end == datetime(2026, 10, 9, 5, tzinfo=UTC)
    assert [(line.amount, line.price.price_id) for line in invoice.lines if line.price] == [
        (150, "price_calls_usd_year")
    ]


def test_who_leaves_is_billed_to_that_instant_and_at_it() -> None:
    """30 calls before October 13th 11:00 are billed then; there is nothing afterwards."""
    left = datetime(2026, 10, 13, 11, tzinfo=UTC)
    uses = (("calls", 30, END), ("calls", 5, left - timedelta(seconds=1)))
    first, last = _billing(
        replace(CUSTOMER, ended_at=left), *uses, now=datetime(2026, 12, 24, tzinfo=UTC)
    ).invoices()
    assert (first.reason, first.period_end) == ("subscription_cycle", END)
    assert (last.reason, last.created_at, last.period_start, last.period_end) == (
        "subscription_update",
        left,
        END,
        left,
    )
    assert [(line.amount, line.start, line.end) for line in last.lines] == [(35, END, left)]


def test_who_leaves_when_a_period_ends_has_an_ordinary_last_invoice() -> None:
    """Nothing is cut, and no fee of a next month is charged."""
    customer = replace(CUSTOMER, ended_at=END, monthly_fee=Decimal(49))
    opening, last = _billing(customer).invoices()
    assert (opening.total, last.reason, last.total) == (4900, "subscription_cycle", 0)


def test_the_unused_rest_of_a_fee_is_given_back_to_who_leaves() -> None:
    """49.00 for the 31 days of October, left after 15.5 of them: 24.50 are given back."""
    customer = replace(CUSTOMER, ended_at=datetime(2026, 10, 16, 12, tzinfo=UTC), monthly_fee=Decimal(49))
    *_, last = _billing(customer).invoices()
    assert _amounts([last]) == [[-2450, 0]]


def test_usage_in_a_trial_has_a_quantity_and_no_price() -> None:
    """40 calls in the trial cost nothing, and 30 after it cost 30; a flat fee is no part of a trial."""
    customer = replace(CUSTOMER, charges=("calls", "minutes"), trial_ends_at=END)
    uses = (("calls", 40, MIDDLE), ("minutes", 20, MIDDLE), ("calls", 30, END))
    trial, paid = _billing(customer, *uses, now=datetime(2026, 11, 2, tzinfo=UTC)).invoices()
    assert [(line.description, line.quantity, line.amount) for line in trial.lines] == [
        ("40 x calls (Free trial)", 40, 0),
        ("20 x minutes (Free trial)", 20, 0),
    ]
    assert _amounts([paid]) == [[30, 0, 900]]


def test_a_trial_that_ends_within_a_period_cuts_it() -> None:
    """Free until the 11th, 30 calls afterwards."""
    customer = replace(CUSTOMER, trial_ends_at=MIDDLE)
    (invoice,) = _billing(customer, ("calls", 40, START), ("calls", 30, MIDDLE)).invoices()
    assert [(line.amount, line.start, line.end) for line in invoice.lines] == [
        (0, START, MIDDLE),
        (30, MIDDLE, END),
    ]


def test_invoices_made_while_collection_is_paused_stay_drafts() -> None:
    """They draw no credit and are never finalized."""
    pack = CreditPack("pack", "paid", Decimal(5), START)
    customer = replace(CUSTOMER, collection_paused_at=END - timedelta(days=3), credits=(pack,))
    (invoice,) = _billing(customer, ("calls", 40, START)).invoices()
    assert (invoice.status, invoice.finalizes_at, invoice.total) == ("draft", None, 40)


def test_negotiated_prices_are_price_objects_of_their_own() -> None:
    """At 70 % a call costs 0.7 cents, and a flat fee of 9.00 is 6.30."""
    negotiated = {"calls": Decimal("0.7"), "minutes": Decimal("0.7")}
    customer = replace(CUSTOMER, charges=("calls", "minutes"), negotiated=negotiated)
    (invoice,) = _billing(customer, ("calls", 100, START), ("minutes", 1, START)).invoices()
    assert _amounts([invoice]) == [[70, 0, 630]]
    assert {line.price.price_id for line in invoice.lines if line.price} == {
        "price_calls_usd_c00001",
        "price_minutes_usd_c00001",
    }


def test_a_price_that_changes_makes_a_line_for_each_part_of_the_period() -> None:
    """100 calls at a cent before the 11th, 100 at 1.1 cents from then on."""
    customer = replace(CUSTOMER, price_change=PriceChange("calls", MIDDLE, Decimal("1.1")))
    uses = (("calls", 100, MIDDLE - timedelta(seconds=1)), ("calls", 100, MIDDLE))
    (invoice,) = _billing(customer, *uses).invoices()
    assert [(line.amount, line.start, line.end) for line in invoice.lines] == [
        (100, START, MIDDLE),
        (110, MIDDLE, END),
    ]


def test_a_fee_that_changes_is_prorated_on_the_next_invoice() -> None:
    """From 30.00 to 60.00 after 10 of 30 days: 20.00 back and 40.00 more, then 60.00 for October."""
    customer = replace(CUSTOMER, monthly_fee=Decimal(30), fee_change=FeeChange(MIDDLE, Decimal(60)))
    opening, cycle = _billing(customer).invoices()
    assert _amounts([opening, cycle]) == [[3000], [-2000, 4000, 0, 6000]]
    back = line_json(cycle.lines[0], cycle, StripeReadings())
    assert back["discountable"] is False
    details = back["parent"]["subscription_item_details"]
    assert details["proration"] is True
    assert details["proration_details"]["credited_items"] == {
        "invoice": "in_00001_000",
        "invoice_line_items": ["il_00001_000_fee"],
    }


def test_a_discount_on_an_item_comes_before_the_one_on_the_whole() -> None:
    """20 % off 200 is 40, then 10 % off the 160 left is 16. The subtotal is 300 less 40."""
    customer = replace(
        CUSTOMER,
        charges=("calls", "files"),
        item_discounts={"calls": Decimal(20)},
        discount_percent=Decimal(10),
    )
    (invoice,) = _billing(customer, ("calls", 200, START), ("files", 100, START)).invoices()
    assert [(line.discount, line.item_discount) for line in invoice.lines] == [(56, 40), (10, 0)]
    assert (invoice.subtotal, invoice.total) == (260, 234)
    body = line_json(invoice.lines[0], invoice, StripeReadings())
    assert body["discounts"] == ["di_00001_calls"]
    assert body["discount_amounts"] == [
        {"amount": 40, "discount": "di_00001_calls"},
        {"amount": 16, "discount": "di_00001"},
    ]


def test_credit_for_one_charge_pays_no_other() -> None:
    """5.00 for files pays all 100 of files and none of 200 for calls."""
    pack = CreditPack("pack", "paid", Decimal(5), START, charges=("files",))
    customer = replace(CUSTOMER, charges=("calls", "files"), credits=(pack,))
    billing = _billing(customer, ("calls", 200, START), ("files", 100, START))
    (invoice,) = billing.invoices()
    assert [line.credit for line in invoice.lines] == [0, 100]
    assert billing.account.grants[0].prices == ("price_files_usd",)


def test_credit_that_is_taken_back_pays_until_then() -> None:
    """Of 5.00 taken back when September ends, its invoice draws 40 cents; 4.60 are voided."""
    pack = CreditPack("pack", "paid", Decimal(5), START, voided_at=END)
    billing = _billing(replace(CUSTOMER, credits=(pack,)), ("calls", 40, START))
    billing.invoices()
    assert [(each.kind, each.amount) for each in billing.account.movements] == [
        ("credits_granted", 500),
        ("credits_applied", 40),
        ("credits_voided", 460),
    ]


def test_credit_given_back_after_it_expired_is_lost_at_once() -> None:
    """The voided invoice had drawn 40 cents; the revision, after the end, draws none."""
    pack = CreditPack("pack", "paid", Decimal(5), START, expires_at=END)
    quirks = StripeQuirks(voided_and_revised={"00001"})
    billing = _billing(replace(CUSTOMER, credits=(pack,)), ("calls", 40, START), quirks=quirks)
    void, revision = billing.invoices()
    assert (void.total, revision.total) == (0, 40)
    assert [(each.kind, each.amount) for each in billing.account.movements[1:]] == [
        ("credits_applied", 40),
        ("credits_application_invoice_voided", 40),
        ("credits_expired", 460),
        ("credits_expired", 40),
    ]
    assert billing.account.balance("credgr_pack", LATER) == 0


def test_who_is_billed_early_pays_each_half() -> None:
    """40 calls in the first 15 days and 30 later; the last value of a disk waits for the end."""
    customer = replace(CUSTOMER, charges=("calls", "disk"), billed_early=True)
    uses = (
        ("calls", 40, START),
        ("disk", 7, START),
        ("calls", 30, START + timedelta(days=15)),
        ("calls", 9, END),
    )
    early, cycle, running = _billing(customer, *uses).invoices()
    assert [each.reason for each in (early, cycle, running)] == [
        "subscription_threshold",
        "subscription_cycle",
        "subscription_threshold",
    ]
    assert _amounts([early, cycle, running]) == [[40], [30, 7], [9]]
    assert [line.start for line in cycle.lines] == [START + timedelta(days=15), START]


def test_a_credit_note_gives_money_back_a_day_after_the_invoice() -> None:
    """2.00 on the first period's invoice, whose total stays as it is."""
    customer = replace(CUSTOMER, refund=Refund(1, Decimal(2)))
    issued_at = END + timedelta(hours=1, days=1)
    before, after = (
        _billing(customer, ("calls", 500, START), now=now)
        for now in (issued_at - timedelta(seconds=1), issued_at)
    )
    assert [(each.total, each.credited) for each in before.invoices()] == [(500, 0)]
    assert [(each.total, each.credited) for each in after.invoices()] == [(500, 200)]
    assert [(each.amount, each.created_at) for each in after.credit_notes] == [(200, issued_at)]


def test_no_more_is_given_back_than_was_paid() -> None:
    """Of an invoice over 40 cents 2.00 cannot be refunded."""
    billing = _billing(replace(CUSTOMER, refund=Refund(1, Decimal(2))), ("calls", 40, START))
    assert [each.credited for each in billing.invoices()] == [40]


@pytest.mark.parametrize("charges", [("calls", "audit"), ("audit", "calls")])
def test_a_charge_beside_another_bills_the_same_events_again(charges: tuple[str, ...]) -> None:
    """40 calls are 40 cents by each of two prices."""
    (invoice,) = _billing(replace(CUSTOMER, charges=charges), ("calls", 40, START)).invoices()
    assert _amounts([invoice]) == [[40, 40]]


def test_a_deleted_draft_leaves_no_invoice() -> None:
    """The last period was never billed."""
    quirks = StripeQuirks(missing_last_invoice={"00001"})
    assert _billing(CUSTOMER, ("calls", 40, START), quirks=quirks).invoices() == []
