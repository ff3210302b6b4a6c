"""The fields that are kept of Stripe's customers, catalogue, subscriptions and meters.

The API version is 2026-10-28.endive; invoices and credits are in stripe_invoice_records.py.

Amounts are integers in the minor unit of the object's currency; `*_decimal` fields are exact decimals
in the same unit; times are Unix seconds. Expandable references stay ids because nothing is expanded
except tiers and discounts.
"""

from decimal import Decimal
from typing import Literal

from parity_pipeline.sources.records import ChosenMarks, Record

SubscriptionStatus = Literal[
    "active",
    "trialing",
    "past_due",
    "unpaid",
    "paused",
    "incomplete",
    "incomplete_expired",
    "canceled",
]


class Customer(Record, frozen=True, kw_only=True):
    """A customer; deleted ones are not listed."""

    id: str
    created: int
    currency: str | None = None
    metadata: ChosenMarks | None = None


class Tier(Record, frozen=True, kw_only=True):
    """One tier of a price; `up_to` is inclusive, null means without end."""

    up_to: int | None = None
    unit_amount_decimal: Decimal | None = None
    flat_amount_decimal: Decimal | None = None


class TransformQuantity(Record, frozen=True, kw_only=True):
    """Package pricing: the quantity is divided by `divide_by` and rounded before it is priced."""

    divide_by: int
    round: str


class Recurring(Record, frozen=True, kw_only=True):
    """The recurring part of a price; `meter` is set for metered prices."""

    interval: str
    usage_type: Literal["licensed", "metered"]
    interval_count: int = 1
    meter: str | None = None


class Price(Record, frozen=True, kw_only=True):
    """A price, active or not. `recurring` is null for one-off prices."""

    id: str
    currency: str
    product: str
    billing_scheme: str
    active: bool = True
    tiers_mode: str | None = None
    tiers: list[Tier] | None = None
    transform_quantity: TransformQuantity | None = None
    unit_amount_decimal: Decimal | None = None
    recurring: Recurring | None = None


class SubscriptionItem(Record, frozen=True, kw_only=True):
    """An item of a subscription with its price; the current period lives on the item since 2025-03-31."""

    id: str
    price: Price
    quantity: int | None = None
    current_period_start: int | None = None
    current_period_end: int | None = None


class SubscriptionItems(Record, frozen=True, kw_only=True):
    """The embedded list of items; more than it holds are fetched before landing."""

    data: list[SubscriptionItem]
    has_more: bool = False


class DiscountSource(Record, frozen=True, kw_only=True):
    """Where a discount comes from."""

    coupon: str | None = None


class Discount(Record, frozen=True, kw_only=True):
    """A discount, expanded."""

    id: str
    source: DiscountSource | None = None
    start: int | None = None
    end: int | None = None


class Subscription(Record, frozen=True, kw_only=True):
    """A subscription in any status."""

    id: str
    customer: str | None = None
    customer_account: str | None = None
    status: SubscriptionStatus
    items: SubscriptionItems
    start_date: int
    created: int
    currency: str | None = None
    billing_cycle_anchor: int | None = None
    ended_at: int | None = None
    canceled_at: int | None = None
    cancel_at: int | None = None
    trial_start: int | None = None
    trial_end: int | None = None
    discounts: list[Discount] | None = None
    schedule: str | None = None


class SchedulePhaseItem(Record, frozen=True, kw_only=True):
    """What a phase sells."""

    price: str
    quantity: int | None = None


class SchedulePhase(Record, frozen=True, kw_only=True):
    """A phase of a subscription schedule."""

    start_date: int
    end_date: int
    items: list[SchedulePhaseItem] | None = None


class SubscriptionSchedule(Record, frozen=True, kw_only=True):
    """A planned series of price changes."""

    id: str
    customer: str | None = None
    status: str
    subscription: str | None = None
    phases: list[SchedulePhase] | None = None


class Product(Record, frozen=True, kw_only=True):
    """A product."""

    id: str
    name: str
    active: bool = True


class Coupon(Record, frozen=True, kw_only=True):
    """A coupon; `percent_off` is a float in Stripe's API and read by its digits."""

    id: str
    percent_off: Decimal | None = None
    amount_off: int | None = None
    currency: str | None = None


class MeterAggregation(Record, frozen=True, kw_only=True):
    """How a meter adds up."""

    formula: Literal["sum", "count", "last", "max"]


class Meter(Record, frozen=True, kw_only=True):
    """A meter, active or not."""

    id: str
    event_name: str
    display_name: str | None = None
    status: str
    default_aggregation: MeterAggregation
    event_time_window: str | None = None
    created: int


class MeterEventSummary(Record, frozen=True, kw_only=True):
    """One bucket of one customer's usage; the value is a float in the API, read by its digits."""

    id: str
    meter: str
    start_time: int
    end_time: int
    aggregated_value: Decimal


class MeterErrorType(Record, frozen=True, kw_only=True):
    """How many events were dropped for one reason."""

    code: str
    error_count: int


class MeterErrorReason(Record, frozen=True, kw_only=True):
    """Why events were dropped."""

    error_count: int
    error_types: list[MeterErrorType] | None = None


class MeterErrorData(Record, frozen=True, kw_only=True):
    """What a report of dropped events says."""

    validation_start: str | None = None
    validation_end: str | None = None
    reason: MeterErrorReason


class MeterErrorSubject(Record, frozen=True, kw_only=True):
    """The meter that a report is about."""

    id: str


class MeterErrorEvent(Record, frozen=True, kw_only=True):
    """A report that Stripe accepted events and dropped them later (trap T13)."""

    id: str
    type: str
    created: str
    related_object: MeterErrorSubject | None = None
    data: MeterErrorData | None = None
