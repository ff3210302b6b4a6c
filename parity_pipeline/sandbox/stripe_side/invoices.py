"""What a Stripe invoice is here: its lines, their discounts, credit and tax, and the sums they must keep.

Values only; who is billed when is decided in billing.py, what a line costs in lines.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from parity_pipeline.sandbox.stripe_side.credits import Movement
from parity_pipeline.sandbox.stripe_side.prices import TaxBehavior

Reason = Literal[
    "subscription_create", "subscription_cycle", "subscription_threshold", "subscription_update", "manual"
]
Status = Literal["draft", "open", "paid", "void"]


@dataclass(frozen=True, slots=True)
class LinePrice:
    """Where a subscription line's price comes from. `charge` is the charge's key, or "fee"."""

    price_id: str
    product: str
    item_id: str
    unit_amount: Decimal
    metered: bool
    charge: str = "fee"


@dataclass(frozen=True, slots=True)
class Proration:
    """What makes a line a proration: its pending item and, for a credit, the invoice and line it credits."""

    invoice_item: str
    credited: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One line. `amount` is before discounts and includes a tax that is inside the price.

    `discount` is everything that coupons take off it, `item_discount` the part of it that is the item's own.
    """

    line_id: str
    description: str
    amount: int
    quantity: Decimal
    start: datetime
    end: datetime
    price: LinePrice | None = None
    discount: int = 0
    item_discount: int = 0
    item_discount_id: str | None = None
    credits: tuple[Movement, ...] = ()
    tax: int = 0
    proration: Proration | None = None

    @property
    def credit(self) -> int:
        """What credit grants paid of it."""
        return sum(movement.amount for movement in self.credits)

    @property
    def taxable(self) -> int:
        """What is left after discount and credit."""
        return self.amount - self.discount - self.credit


@dataclass(frozen=True, slots=True)
class Invoice:
    """One invoice as it stands when the world is looked at.

    `finalizes_at` is None for a draft that is kept. `total_nets_credit` is the reading by that name.
    `credited` is what credit notes gave back after it was paid.
    """

    invoice_id: str
    customer: str
    currency: str
    reason: Reason
    status: Status
    created_at: datetime
    finalizes_at: datetime | None
    period_start: datetime
    period_end: datetime
    lines: tuple[InvoiceLine, ...]
    subscription: str | None = None
    discount_id: str | None = None
    tax_behavior: TaxBehavior = "exclusive"
    tax_percent: Decimal = Decimal(0)
    paid_at: datetime | None = None
    voided_at: datetime | None = None
    latest_revision: str | None = None
    revision_of: str | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    period_number: int = 0
    total_nets_credit: bool = True
    credited: int = 0

    @property
    def subtotal(self) -> int:
        """After the items' own discounts, before those of the whole invoice and credit."""
        return sum(line.amount - line.item_discount for line in self.lines)

    @property
    def tax(self) -> int:
        """All tax."""
        return sum(line.tax for line in self.lines)

    @property
    def credit(self) -> int:
        """What credit grants paid of it."""
        return sum(line.credit for line in self.lines)

    @property
    def amount_due(self) -> int:
        """What is charged."""
        on_top = self.tax if self.tax_behavior == "exclusive" else 0
        return sum(line.taxable for line in self.lines) + on_top

    @property
    def total(self) -> int:
        """After discounts and tax, and after credit unless the reading says otherwise."""
        return self.amount_due + (0 if self.total_nets_credit else self.credit)

    @property
    def total_excluding_tax(self) -> int:
        """What is charged, without any tax."""
        return self.amount_due - self.tax

    def discounts(self) -> dict[str, int]:
        """What each discount took off the whole invoice, by the discount's id."""
        return sum_discounts(self.lines, self.discount_id)


@dataclass(frozen=True, slots=True)
class CreditNote:
    """Money given back after an invoice was paid, in minor units; `amount` has tax in it."""

    note_id: str
    invoice: Invoice
    amount: int
    tax: int
    created_at: datetime


def sum_discounts(lines: Iterable[InvoiceLine], discount_id: str | None) -> dict[str, int]:
    """What each discount took off some lines of one invoice, by the discount's id; the items' own first."""
    taken: dict[str, int] = {}
    for line in lines:
        if line.item_discount_id and line.item_discount:
            taken[line.item_discount_id] = taken.get(line.item_discount_id, 0) + line.item_discount
    whole = sum(line.discount - line.item_discount for line in lines)
    if discount_id and whole:
        taken[discount_id] = whole
    return taken
