"""The fields that are kept of Metronome's balances, invoices and usage (API of metronome-sdk 4.12).

Amounts are exact decimals in the unit of their credit type: cents for `USD (cents)`, whole units for
every other currency, units for custom pricing units. Times are UTC.
"""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from parity_pipeline.sources.metronome_records import CreditType
from parity_pipeline.sources.records import Record, Texts


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
