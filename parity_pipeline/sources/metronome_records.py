"""The fields that are kept of each Metronome object (API of metronome-sdk 4.12).

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


class AccessItem(Record, frozen=True, kw_only=True):
    """An amount that becomes available."""

    amount: Decimal
    starting_at: datetime
    ending_before: datetime | None = None


class AccessSchedule(Record, frozen=True, kw_only=True):
    """When how much of a commit or credit is available, in units of its credit type."""

    schedule_items: list[AccessItem] | None = None
    credit_type: CreditType | None = None


class LedgerEntry(Record, frozen=True, kw_only=True):
    """A movement of a balance; deductions name their invoice, their sign is not relied on."""

    type: str
    amount: Decimal
    timestamp: datetime
    invoice_id: str | None = None


class Balance(Record, frozen=True, kw_only=True):
    """A commit (PREPAID, POSTPAID) or credit (CREDIT) of a customer, with its ledger."""

    id: str
    type: str
    priority: Decimal | None = None
    access_schedule: AccessSchedule | None = None
    applicable_product_ids: list[str] | None = None
    balance: Decimal | None = None
    ledger: list[LedgerEntry] | None = None
    archived_at: datetime | None = None


class AppliedBalance(Record, frozen=True, kw_only=True):
    """Which kind of balance a line drew down."""

    id: str
    type: Literal["PREPAID", "POSTPAID", "CREDIT"]


class LineItem(Record, frozen=True, kw_only=True):
    """A line of an invoice; `type` is absent in older payloads; `quantity` comes after all rounding."""

    name: str
    total: Decimal
    credit_type: CreditType
    type: (
        Literal[
            "usage",
            "subscription",
            "scheduled",
            "commit_purchase",
            "applied_commit_or_credit",
            "cpu_conversion",
        ]
        | None
    ) = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    product_id: str | None = None
    product_type: str | None = None
    starting_at: datetime | None = None
    ending_before: datetime | None = None
    pricing_group_values: Texts | None = None
    presentation_group_values: Texts | None = None
    applied_commit_or_credit: AppliedBalance | None = None
    commit_id: str | None = None
    commit_type: str | None = None
    discount_id: str | None = None


class ExternalInvoice(Record, frozen=True, kw_only=True):
    """The invoice that was pushed to a billing provider."""

    billing_provider_type: str | None = None
    invoice_id: str | None = None
    external_status: str | None = None


class Invoice(Record, frozen=True, kw_only=True):
    """An invoice with all its lines. Usage invoices have bounds, scheduled ones have none."""

    id: str
    customer_id: str
    type: str
    status: Literal["DRAFT", "FINALIZED", "VOID"]
    credit_type: CreditType
    total: Decimal
    line_items: list[LineItem]
    contract_id: str | None = None
    start_timestamp: datetime | None = None
    end_timestamp: datetime | None = None
    issued_at: datetime | None = None
    regenerated_from_invoice_id: str | None = None
    external_invoice: ExternalInvoice | None = None


class Usage(Record, frozen=True, kw_only=True):
    """One customer's usage of one metric in one window; null means none was seen."""

    customer_id: str
    billable_metric_id: str
    start_timestamp: datetime
    end_timestamp: datetime
    value: Decimal | None = None


class UsageGroup(Record, frozen=True, kw_only=True):
    """The usage of one combination of group values; a missing property is a null group."""

    starting_on: datetime
    ending_before: datetime
    group: Texts | None = None
    value: Decimal | None = None
