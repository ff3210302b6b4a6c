"""What can be said of the pretend company: charges, customers, agreements and usage events. Types only.

Facts, no rules: nothing here rates, rounds, credits or invoices. Each pretend vendor does that with its own
code from these facts, so that the two can disagree only where the vendors' rules do.

Money is in major units of its currency (dollars, euros, yen), quantities in the raw unit of the event; both
are exact Decimals. Times are UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

Formula = Literal["sum", "count", "last"]
PriceModel = Literal["per_unit", "graduated", "volume", "package"]
Interval = Literal["month", "year"]
Link = Literal["billing_provider", "custom_field", "ingest_alias"]

CURRENCIES = ("usd", "eur", "jpy")
NONE: Mapping[str, Decimal] = {}


@dataclass(frozen=True)
class Tier:
    """One step of a price: `unit_price` for each raw unit up to and including `up_to`, and a flat fee."""

    up_to: int | None
    unit_price: Decimal
    flat_fee: Decimal = Decimal(0)


@dataclass(frozen=True)
class Charge:
    """One metered thing that is sold, with its price in every currency.

    `event_name` is what the application emits. A charge with a `dimension` applies only to events whose
    property of that name equals `dimension_value`. `varies_by` names a property that Metronome's price list
    is keyed by although every value costs the same; `split_by` one that only splits Metronome's lines (a
    presentation group key). `quoted_per` is the number of raw units that the price list quotes a price for (a
    million tokens); unit prices here are always for one raw unit. A charge `beside` another bills the same
    events once more, at a price and as a product of its own.
    """

    key: str
    event_name: str
    formula: Formula
    model: PriceModel
    tiers: dict[str, tuple[Tier, ...]]
    package_size: int = 1
    quoted_per: int = 1
    dimension: str | None = None
    dimension_value: str | None = None
    varies_by: str | None = None
    split_by: str | None = None
    beside: str | None = None


@dataclass(frozen=True)
class CreditPack:
    """Prepaid (`paid`) or given (`promotional`) credit; a lower priority number is drawn first.

    `charges` are what it may pay for, all of them when empty. What is left at `voided_at` is taken back; what
    is left at `renewed_at` is carried over whole into a new term that has no end of its own.
    """

    key: str
    category: Literal["paid", "promotional"]
    amount: Decimal
    granted_at: datetime
    expires_at: datetime | None = None
    priority: int = 50
    charges: tuple[str, ...] = ()
    voided_at: datetime | None = None
    renewed_at: datetime | None = None


@dataclass(frozen=True)
class PriceChange:
    """From `at` on, this customer pays the list price of a charge times `factor`."""

    charge: str
    at: datetime
    factor: Decimal


@dataclass(frozen=True)
class FeeChange:
    """From `at` on, the monthly fee is another one; the month in which it changes is billed by its parts."""

    at: datetime
    monthly_fee: Decimal


@dataclass(frozen=True)
class Refund:
    """Money given back by a credit note on the invoice of the customer's `period`-th billing period."""

    period: int
    amount: Decimal


@dataclass(frozen=True)
class Customer:
    """One customer and what was agreed.

    Billing is monthly or yearly, anchored at `started_at` (its day of the month is cut to the length of
    shorter months). `ended_at` is when the customer leaves: billed to that instant at that instant; one
    that lies ahead of the clock is a cancellation that was announced. Until `trial_ends_at` usage is
    free. From `collection_paused_at` on, invoices are made but not finished.

    `negotiated` multiplies list prices by charge, `item_discounts` and `discount_percent` take a
    percentage off one charge or off all usage. `billed_in_credits`: the price list that Metronome uses
    is in credits, a hundred to the currency's major unit. `committed_spend` is postpaid: an amount the
    customer has agreed to reach. `billed_early`: the first half of each period is billed when it is
    over.
    """

    key: str
    name: str
    currency: str
    started_at: datetime
    charges: tuple[str, ...]
    link: Link
    account: str = "default"
    interval: Interval = "month"
    ended_at: datetime | None = None
    trial_ends_at: datetime | None = None
    collection_paused_at: datetime | None = None
    monthly_fee: Decimal = Decimal(0)
    fee_change: FeeChange | None = None
    discount_percent: Decimal = Decimal(0)
    item_discounts: Mapping[str, Decimal] = field(default_factory=lambda: NONE)
    negotiated: Mapping[str, Decimal] = field(default_factory=lambda: NONE)
    price_change: PriceChange | None = None
    tax_percent: Decimal = Decimal(0)
    tax_inclusive: bool = False
    credits: tuple[CreditPack, ...] = ()
    committed_spend: Decimal = Decimal(0)
    billed_in_credits: bool = False
    billed_early: bool = False
    refund: Refund | None = None


@dataclass(frozen=True, slots=True)
class UsageEvent:
    """One thing that happened, as the application sent it to a vendor.

    `event_id` is unique but for events that were sent twice. A counted event has the value 1.
    `late_by_seconds` is how long after `at` it was sent. `cancelled_at` is when the application took it
    back. `sent_value` is what was sent in place of a number, by mistake.
    """

    event_id: str
    customer: str
    event_name: str
    at: datetime
    value: Decimal
    properties: Mapping[str, str] = field(default_factory=dict)
    late_by_seconds: int = 0
    cancelled_at: datetime | None = None
    sent_value: str | None = None

    @property
    def received_at(self) -> datetime:
        """When the vendors got it."""
        return self.at + timedelta(seconds=self.late_by_seconds) if self.late_by_seconds else self.at


@dataclass(frozen=True)
class Company:
    """Everything that both vendors are told, before any fault.

    `as_of` is the last instant that the company knows of. Two whole calendar months and a running one
    lie between `parallel_start` and `as_of`; `first_event_at` is one month earlier, so that a billing
    period that began before the parallel run has its usage too. `accounts` are the Stripe accounts.
    """

    seed: int
    as_of: datetime
    first_event_at: datetime
    parallel_start: datetime
    charges: dict[str, Charge]
    customers: dict[str, Customer]
    accounts: tuple[str, ...] = ("default",)
