"""The fields that are kept of Metronome's customers, metrics, products, rates and contracts.

The API is that of metronome-sdk 4.12; balances, invoices and usage are in metronome_invoice_records.py.

Amounts are exact decimals in the unit of their credit type: cents for `USD (cents)`, whole units for
every other currency, units for custom pricing units. Times are UTC.
"""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from parity_pipeline.sources.records import Record, Texts


class Customer(Record, frozen=True, kw_only=True):
    """A customer, archived or not."""

    id: str
    ingest_aliases: list[str] | None = None
    custom_fields: Texts | None = None
    created_at: datetime | None = None
    archived_at: datetime | None = None


class StripeConfiguration(Record, frozen=True, kw_only=True):
    """The Stripe part of a billing provider configuration."""

    stripe_customer_id: str | None = None


class DeliveryConfiguration(Record, frozen=True, kw_only=True):
    """How invoices are delivered; names the Stripe account when there are several."""

    stripe_account_id: str | None = None


class BillingConfiguration(Record, frozen=True, kw_only=True):
    """A link from a customer to a billing provider."""

    id: str | None = None
    billing_provider: str
    configuration: StripeConfiguration | None = None
    delivery_method_configuration: DeliveryConfiguration | None = None
    archived_at: datetime | None = None


class EventTypeFilter(Record, frozen=True, kw_only=True):
    """Which event types a metric counts."""

    in_values: list[str] | None = None
    not_in_values: list[str] | None = None


class PropertyFilter(Record, frozen=True, kw_only=True):
    """A condition on a property: that it exists, or that it has (or has not) one of some values."""

    name: str
    in_values: list[str] | None = None
    not_in_values: list[str] | None = None


class BillableMetric(Record, frozen=True, kw_only=True):
    """A billable metric; `aggregation_type` is absent for SQL metrics."""

    id: str
    name: str
    aggregation_type: str | None = None
    aggregation_key: str | None = None
    event_type_filter: EventTypeFilter | None = None
    property_filters: list[PropertyFilter] | None = None
    group_keys: list[list[str]] | None = None
    archived_at: datetime | None = None


class QuantityConversion(Record, frozen=True, kw_only=True):
    """The raw quantity is multiplied or divided by the factor before it is priced."""

    conversion_factor: Decimal
    operation: Literal["MULTIPLY", "DIVIDE", "multiply", "divide"]


class QuantityRounding(Record, frozen=True, kw_only=True):
    """How the converted quantity is rounded."""

    rounding_method: str
    decimal_places: int


class ProductState(Record, frozen=True, kw_only=True):
    """What a product is from `starting_at` on; an update holds only what changed."""

    name: str | None = None
    starting_at: datetime | None = None
    created_at: datetime | None = None
    billable_metric_id: str | None = None
    quantity_conversion: QuantityConversion | None = None
    quantity_rounding: QuantityRounding | None = None
    pricing_group_key: list[str] | None = None
    presentation_group_key: list[str] | None = None


class Product(Record, frozen=True, kw_only=True):
    """A product with its history."""

    id: str
    type: str
    initial: ProductState
    current: ProductState
    updates: list[ProductState] | None = None
    archived_at: datetime | None = None


class CreditType(Record, frozen=True, kw_only=True):
    """A currency or custom pricing unit; ` (cents)` at the end of the name means minor units."""

    id: str
    name: str
    is_currency: bool | None = None


class RateCard(Record, frozen=True, kw_only=True):
    """A rate card."""

    id: str
    name: str
    fiat_credit_type: CreditType | None = None


class RateTier(Record, frozen=True, kw_only=True):
    """A tier of a rate; `size` is its width, absent for the last."""

    price: Decimal
    size: Decimal | None = None


class Rate(Record, frozen=True, kw_only=True):
    """A price in the unit of its credit type."""

    rate_type: str
    price: Decimal | None = None
    tiers: list[RateTier] | None = None
    credit_type: CreditType | None = None


class RateCardRate(Record, frozen=True, kw_only=True):
    """One segment of a rate card's schedule."""

    product_id: str
    entitled: bool
    rate: Rate
    starting_at: datetime
    ending_before: datetime | None = None
    pricing_group_values: Texts | None = None


class ContractRate(Record, frozen=True, kw_only=True):
    """One segment of the rates in force for a contract, overrides applied; only entitled ones are listed."""

    product_id: str
    entitled: bool = True
    list_rate: Rate
    override_rate: Rate | None = None
    starting_at: datetime
    ending_before: datetime | None = None
    pricing_group_values: Texts | None = None


class UsageStatementSchedule(Record, frozen=True, kw_only=True):
    """How often a contract is invoiced, and from which day."""

    frequency: str
    billing_anchor_date: datetime | None = None


class UsageFilter(Record, frozen=True, kw_only=True):
    """The part of a customer's usage that a contract bills."""

    group_key: str
    group_values: list[str] | None = None
    starting_at: datetime | None = None
    ending_before: datetime | None = None


class Override(Record, frozen=True, kw_only=True):
    """A change of the rate card for one contract."""

    id: str
    type: str | None = None
    multiplier: Decimal | None = None
    entitled: bool | None = None
    starting_at: datetime
    ending_before: datetime | None = None


class ContractDiscount(Record, frozen=True, kw_only=True):
    """A discount of a contract."""

    id: str


class Threshold(Record, frozen=True, kw_only=True):
    """Automatic charging when a balance or spend crosses a threshold; it ignores unbillable customers."""

    is_enabled: bool


class Contract(Record, frozen=True, kw_only=True):
    """A contract as it stands, edits applied."""

    id: str
    customer_id: str
    starting_at: datetime
    ending_before: datetime | None = None
    archived_at: datetime | None = None
    rate_card_id: str | None = None
    usage_statement_schedule: UsageStatementSchedule | None = None
    usage_filter: list[UsageFilter] | None = None
    overrides: list[Override] | None = None
    discounts: list[ContractDiscount] | None = None
    prepaid_balance_threshold_configuration: Threshold | None = None
    spend_threshold_configuration: Threshold | None = None
