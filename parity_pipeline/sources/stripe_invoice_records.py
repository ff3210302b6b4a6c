"""The fields that are kept of Stripe's invoices, credits and credit notes (API version 2026-10-28.endive).

Amounts are integers in the minor unit of the object's currency; `*_decimal` fields are exact decimals
in the same unit; times are Unix seconds. Expandable references stay ids because nothing is expanded.
"""

from decimal import Decimal
from typing import Literal

from parity_pipeline.sources.records import OriginMarks, Record

InvoiceStatus = Literal["draft", "open", "paid", "uncollectible", "void"]


class SubscriptionDetails(Record, frozen=True, kw_only=True):
    """The subscription an invoice belongs to."""

    subscription: str


class InvoiceParent(Record, frozen=True, kw_only=True):
    """What generated an invoice; null for manual ones."""

    type: str
    subscription_details: SubscriptionDetails | None = None


class StatusTransitions(Record, frozen=True, kw_only=True):
    """When an invoice changed its state."""

    finalized_at: int | None = None
    voided_at: int | None = None


class FromInvoice(Record, frozen=True, kw_only=True):
    """The invoice that a revision replaces."""

    action: str
    invoice: str


class TaxAmount(Record, frozen=True, kw_only=True):
    """A tax on an invoice or line."""

    amount: int
    tax_behavior: str | None = None


class Invoice(Record, frozen=True, kw_only=True):
    """An invoice without its lines, which are listed on their own (only ten are embedded)."""

    id: str
    status: InvoiceStatus | None = None
    currency: str
    customer: str | None = None
    customer_account: str | None = None
    created: int
    billing_reason: str | None = None
    parent: InvoiceParent | None = None
    period_start: int
    period_end: int
    total: int
    total_excluding_tax: int | None = None
    status_transitions: StatusTransitions | None = None
    from_invoice: FromInvoice | None = None
    latest_revision: str | None = None
    automatically_finalizes_at: int | None = None
    metadata: OriginMarks | None = None


class Period(Record, frozen=True, kw_only=True):
    """The service period of a line."""

    start: int
    end: int


class PriceDetails(Record, frozen=True, kw_only=True):
    """The price of a line."""

    price: str | None = None
    product: str | None = None


class Pricing(Record, frozen=True, kw_only=True):
    """How a line was priced."""

    price_details: PriceDetails | None = None


class SubscriptionItemDetails(Record, frozen=True, kw_only=True):
    """The subscription item a line belongs to."""

    subscription: str | None = None
    subscription_item: str
    proration: bool = False


class LineParent(Record, frozen=True, kw_only=True):
    """What generated a line: a subscription item or an invoice item."""

    type: str
    subscription_item_details: SubscriptionItemDetails | None = None


class DiscountAmount(Record, frozen=True, kw_only=True):
    """A discount applied to a line."""

    amount: int
    discount: str


class PretaxCreditAmount(Record, frozen=True, kw_only=True):
    """A discount or a credit applied to a line before tax; the two types are mixed (trap T6)."""

    amount: int
    type: Literal["credit_balance_transaction", "discount"]
    credit_balance_transaction: str | None = None
    discount: str | None = None


class InvoiceLine(Record, frozen=True, kw_only=True):
    """A line of an invoice. `subtotal` is before discounts and taxes; `amount` includes inclusive tax."""

    id: str
    currency: str
    amount: int
    subtotal: int | None = None
    quantity: int | None = None
    quantity_decimal: Decimal | None = None
    period: Period
    pricing: Pricing | None = None
    parent: LineParent | None = None
    discount_amounts: list[DiscountAmount] | None = None
    pretax_credit_amounts: list[PretaxCreditAmount] | None = None
    taxes: list[TaxAmount] | None = None
    metadata: OriginMarks | None = None


class EmbeddedLines(Record, frozen=True, kw_only=True):
    """The lines that come with an invoice: the first ten."""

    data: list[InvoiceLine]
    has_more: bool


class WholeInvoice(Invoice, frozen=True, kw_only=True):
    """An invoice and its first lines, which are landed apart."""

    lines: EmbeddedLines

    @property
    def bare(self) -> Invoice:
        """The invoice without its lines."""
        return Invoice(**{name: getattr(self, name) for name in Invoice.__struct_fields__})


class Money(Record, frozen=True, kw_only=True):
    """An amount of credit."""

    currency: str
    value: int


class CreditAmount(Record, frozen=True, kw_only=True):
    """The amount of a grant or transaction; `monetary` is null for custom pricing units."""

    type: str
    monetary: Money | None = None


class CreditPrice(Record, frozen=True, kw_only=True):
    """A price that a grant is limited to."""

    id: str | None = None


class CreditScope(Record, frozen=True, kw_only=True):
    """What a grant may be spent on."""

    price_type: str | None = None
    prices: list[CreditPrice] | None = None


class Applicability(Record, frozen=True, kw_only=True):
    """The scope of a grant."""

    scope: CreditScope


class CreditGrant(Record, frozen=True, kw_only=True):
    """A credit grant; how much of it is left is the sum of its transactions."""

    id: str
    customer: str | None = None
    amount: CreditAmount
    applicability_config: Applicability
    category: str
    created: int
    priority: int | None = None
    effective_at: int | None = None
    expires_at: int | None = None
    voided_at: int | None = None


class CreditUse(Record, frozen=True, kw_only=True):
    """The invoice that a transaction was applied to or given back from."""

    invoice: str
    invoice_line_item: str | None = None


class CreditSide(Record, frozen=True, kw_only=True):
    """The credit side of a transaction."""

    type: str
    amount: CreditAmount
    credits_application_invoice_voided: CreditUse | None = None


class DebitSide(Record, frozen=True, kw_only=True):
    """The debit side of a transaction."""

    type: str
    amount: CreditAmount
    credits_applied: CreditUse | None = None


class CreditBalanceTransaction(Record, frozen=True, kw_only=True):
    """A movement of credit; amounts are positive, `type` gives the direction."""

    id: str
    type: str | None = None
    credit: CreditSide | None = None
    debit: DebitSide | None = None
    credit_grant: str
    effective_at: int
    created: int


class CreditNote(Record, frozen=True, kw_only=True):
    """A credit note; it does not change the invoice's own totals."""

    id: str
    invoice: str
    customer: str | None = None
    currency: str
    status: str
    created: int
    total: int
    total_excluding_tax: int | None = None
