"""What a Stripe invoice is here: its lines, their discounts, credit and tax, and the sums they must keep.

Values only; who is billed when is decided in billing.py.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from parity_pipeline.sandbox.stripe_side.credits import Movement
from parity_pipeline.sandbox.stripe_side.prices import TaxBehavior

Reason = Literal["subscription_create", "subscription_cycle", "subscription_threshold", "manual"]
Status = Literal["draft", "open", "paid", "void"]


@dataclass(frozen=True)
class LinePrice:
    """Where a subscription line's price comes from."""

    price_id: str
    product: str
    item_id: str
    unit_amount: Decimal
    metered: bool


@dataclass(frozen=True)
class InvoiceLine:
    """One line. `amount` is before discounts and includes a tax that is inside the price."""

    line_id: str
    description: str
    amount: int
    quantity: Decimal
    start: datetime
    end: datetime
    price: LinePrice | None = None
    discount: int = 0
    credits: tuple[Movement, ...] = ()
    tax: int = 0

    @property
    def credit(self) -> int:
        """What credit grants paid of it."""
        return sum(movement.amount for movement in self.credits)

    @property
    def taxable(self) -> int:
        """What is left after discount and credit."""
        return self.amount - self.discount - self.credit


@dataclass(frozen=True)
class Invoice:
    """One invoice as it stands when the world is looked at."""

    invoice_id: str
    customer: str
    currency: str
    reason: Reason
    status: Status
    created_at: datetime
    finalizes_at: datetime
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

    @property
    def subtotal(self) -> int:
        """Before the discounts and credit of the whole invoice, with taxes that are inside prices."""
        return sum(line.amount for line in self.lines)

    @property
    def tax(self) -> int:
        """All tax."""
        return sum(line.tax for line in self.lines)

    @property
    def total(self) -> int:
        """What is charged."""
        on_top = self.tax if self.tax_behavior == "exclusive" else 0
        return sum(line.taxable for line in self.lines) + on_top

    @property
    def total_excluding_tax(self) -> int:
        """What is charged, without any tax."""
        return self.total - self.tax
