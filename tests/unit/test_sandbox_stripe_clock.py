"""What the pretend Stripe knows at an instant: late events, cancelled ones, and nothing later."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from parity_pipeline.sandbox.facts import Charge, Customer, Tier, UsageEvent
from parity_pipeline.sandbox.stripe_side.amounts import unix
from parity_pipeline.sandbox.stripe_side.billing import CustomerBilling
from parity_pipeline.sandbox.stripe_side.books import open_books
from parity_pipeline.sandbox.stripe_side.metering import Meters, count_events
from parity_pipeline.sandbox.stripe_side.prices import PriceBook
from parity_pipeline.sandbox.world import Told, build_world

START = datetime(2026, 9, 1, tzinfo=UTC)
END = datetime(2026, 10, 1, tzinfo=UTC)
FINAL = END + timedelta(hours=1)
LATER = datetime(2026, 10, 20, tzinfo=UTC)
AS_OF = datetime(2026, 11, 21, tzinfo=UTC)
CENT: dict[str, tuple[Tier, ...]] = {"usd": (Tier(None, Decimal("0.01")),)}
CHARGES = {"calls": Charge("calls", "calls", "sum", "per_unit", CENT)}
CUSTOMER = Customer("00001", "Customer", "usd", START, ("calls",), "billing_provider")
HALF_AN_HOUR_BEFORE = END - timedelta(minutes=30)
CALL = UsageEvent("e1", "00001", "calls", HALF_AN_HOUR_BEFORE, Decimal(40))


def _meters(*events: UsageEvent, now: datetime = LATER) -> Meters:
    return count_events(Told(CHARGES, {"00001": CUSTOMER}, list(events)), now)


def _usage(*events: UsageEvent, now: datetime = LATER) -> Decimal:
    return _meters(*events, now=now).usage("00001", "calls", unix(START), unix(END))


def _invoiced(*events: UsageEvent, now: datetime = LATER) -> list[tuple[str, int]]:
    billing = CustomerBilling(CUSTOMER, PriceBook(CHARGES), _meters(*events, now=now), now)
    return [(invoice.status, invoice.total) for invoice in billing.invoices()]


def test_an_event_counts_from_the_instant_it_was_received() -> None:
    """Sent an hour late, it is unknown until then."""
    late = replace(CALL, late_by_seconds=3600)
    assert _usage(late, now=late.received_at - timedelta(seconds=1)) == 0
    assert _usage(late, now=late.received_at) == 40


def test_a_draft_still_counts_what_arrives_and_a_final_invoice_does_not() -> None:
    """Half an hour after the period's end is in time, an hour and a half is too late."""
    in_time, too_late = (replace(CALL, late_by_seconds=60 * minutes) for minutes in (60, 120))
    assert _invoiced(in_time) == [("paid", 40)]
    assert _invoiced(too_late) == [("paid", 0)]
    assert _usage(too_late) == 40
    assert _invoiced(in_time, now=END + timedelta(minutes=29)) == [("draft", 0)]
    assert _invoiced(in_time, now=END + timedelta(minutes=30)) == [("draft", 40)]


def test_what_was_taken_back_counts_until_then() -> None:
    """Before the invoice is final it is not billed; afterwards the invoice stays and the meter does not."""
    before, after = (replace(CALL, cancelled_at=FINAL + timedelta(minutes=each)) for each in (-1, 1))
    assert (_invoiced(before), _usage(before)) == ([("paid", 0)], 0)
    assert (_invoiced(after), _usage(after)) == ([("paid", 40)], 0)
    assert _usage(after, now=FINAL) == 40


def test_an_event_cannot_be_taken_back_after_a_day() -> None:
    """24 hours after its receipt the adjustment still counts, a second later it is refused."""
    day = timedelta(hours=24)
    assert _usage(replace(CALL, cancelled_at=CALL.at + day)) == 0
    assert _usage(replace(CALL, cancelled_at=CALL.at + day + timedelta(seconds=1))) == 40


def test_an_identifier_is_kept_for_a_day_of_receipt() -> None:
    """The same event counts again when its second copy comes more than a day after the first."""
    assert _usage(CALL, replace(CALL, late_by_seconds=86399)) == 40
    assert _usage(CALL, replace(CALL, late_by_seconds=86400)) == 80


def test_a_value_that_is_no_number_is_dropped_and_reported() -> None:
    """The meter misses it."""
    meters = _meters(replace(CALL, sent_value="n/a"))
    assert meters.series == {}
    assert [(each.code, each.meter) for each in meters.rejected] == [("meter_event_invalid_value", "calls")]


def test_an_early_invoice_freezes_what_it_billed() -> None:
    """10 calls that come late for the first half are billed with the second half."""
    first_half = START + timedelta(days=14)
    events = (
        replace(CALL, at=first_half),
        replace(CALL, event_id="e2", at=first_half, value=Decimal(10), late_by_seconds=5 * 86400),
    )
    customer = replace(CUSTOMER, billed_early=True)
    billing = CustomerBilling(customer, PriceBook(CHARGES), _meters(*events), LATER)
    early, cycle, _ = billing.invoices()
    assert (early.total, cycle.total) == (40, 10)


def test_nothing_later_than_the_clock_exists() -> None:
    """Six weeks earlier there are fewer invoices, and those that were final then are the same."""
    world = build_world(seed=7, as_of=AS_OF)
    now = datetime(2026, 10, 10, tzinfo=UTC)
    earlier, later = open_books(world.at(now)), open_books(world)
    for key, invoices in earlier.invoices.items():
        assert all(each.created_at <= now for each in invoices)
        final = [each for each in invoices if each.status == "paid"]
        known = {each.invoice_id: replace(each, credited=0) for each in later.invoices[key]}
        assert [replace(each, credited=0) for each in final] == [known[each.invoice_id] for each in final]
    assert sum(map(len, earlier.invoices.values())) < sum(map(len, later.invoices.values()))


def test_a_subscription_appears_when_it_begins_and_says_how_it_stands() -> None:
    """Trialing until the trial ends, announced to end until it has, then canceled."""
    world = build_world(seed=7, as_of=AS_OF, customers=2)
    first, second = world.stripe.customers.values()
    world.stripe.customers = {
        first.key: replace(first, started_at=START, trial_ends_at=END, ended_at=None),
        second.key: replace(second, started_at=START, trial_ends_at=None, ended_at=END),
    }

    def states(now: datetime) -> list[tuple[str, int | None, int | None]]:
        shelf = open_books(world.at(now)).shelves["subscriptions"]
        found = [shelf.get(f"sub_{key}") for key in (first.key, second.key)]
        return [(each["status"], each["cancel_at"], each["ended_at"]) for each in found if each]

    assert states(START - timedelta(seconds=1)) == []
    assert states(START) == [("trialing", None, None), ("active", unix(END), None)]
    assert states(END) == [("active", None, None), ("canceled", None, unix(END))]
