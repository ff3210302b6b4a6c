"""Prepaid commits and credits: how much there is, when, for what, and what became of it.

Which lines they are applied to, and how those are split, is the invoice's business.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from parity_pipeline.sandbox.company import CreditPack, Customer, add_months
from parity_pipeline.sandbox.ids import metronome_customer, metronome_id
from parity_pipeline.sandbox.metronome_side.contracts import Contract
from parity_pipeline.sandbox.metronome_side.units import per_major_unit

_MONTHS_WITHOUT_EXPIRY = 120
"""Metronome wants an end of access; a pack that never expires gets ten years."""


@dataclass(frozen=True)
class LedgerEntry:
    """A movement of a balance; negative when it goes down."""

    suffix: Literal["SEGMENT_START", "AUTOMATED_INVOICE_DEDUCTION", "EXPIRATION"]
    amount: Decimal
    at: datetime
    invoice_id: str | None = None
    contract_id: str | None = None


@dataclass
class Balance:
    """A prepaid commit of one contract, or a credit that every contract of the customer may use."""

    id: str
    kind: Literal["PREPAID", "CREDIT"]
    name: str
    customer_id: str
    contract_id: str | None
    currency: str
    priority: int
    amount: Decimal
    starts_at: datetime
    ends_at: datetime
    product_ids: tuple[str, ...]
    remaining: Decimal
    ledger: list[LedgerEntry] = field(default_factory=list)

    @property
    def segment_id(self) -> str:
        """The id of its only access segment."""
        return metronome_id("segment", self.id)

    @property
    def draw_order(self) -> tuple[int, int, int, datetime, datetime, str]:
        """What decides which balance is drawn first: priority, free before paid, scope, end, start."""
        cost_basis = 1 if self.kind == "PREPAID" else 0
        return self.priority, cost_basis, len(self.product_ids), self.ends_at, self.starts_at, self.id

    def is_open_to(self, contract: Contract) -> bool:
        """Whether an invoice of this contract, one of the same customer, may draw from it."""
        return self.contract_id in (None, contract.id)

    def is_accessible(self, moment: datetime) -> bool:
        """Whether usage of that instant may be paid from it."""
        return self.starts_at <= moment < self.ends_at

    def deduct(self, amount: Decimal, *, at: datetime, invoice_id: str, contract_id: str) -> None:
        """Take what an invoice used; one entry an invoice, dated at the end of its period."""
        self.remaining -= amount
        self.ledger.append(
            LedgerEntry("AUTOMATED_INVOICE_DEDUCTION", -amount, at, invoice_id, contract_id)
        )  # fmt: skip

    def expire(self, as_of: datetime) -> None:
        """Let go of what is left when access has ended."""
        if self.ends_at <= as_of and self.remaining:
            self.ledger.append(LedgerEntry("EXPIRATION", -self.remaining, self.ends_at))
            self.remaining = Decimal(0)

    def at(self, as_of: datetime) -> Decimal:
        """The balance that the API shows: nothing before or after the access segment."""
        return self.remaining if self.is_accessible(as_of) else Decimal(0)


def build_balances(
    customers: Iterable[Customer], contracts: Mapping[str, Contract], product_ids: tuple[str, ...]
) -> list[Balance]:
    """One balance for each credit pack; a paid one needs a contract to hang on (`contracts`: by customer)."""
    return [
        _balance(pack, customer, contracts.get(customer.key), product_ids)
        for customer in customers
        for pack in customer.credits
        if pack.category == "promotional" or customer.key in contracts
    ]


def _balance(
    pack: CreditPack, customer: Customer, contract: Contract | None, product_ids: tuple[str, ...]
) -> Balance:
    amount = pack.amount * per_major_unit(customer.currency)
    is_paid = pack.category == "paid"
    return Balance(
        id=metronome_id("balance", pack.key),
        kind="PREPAID" if is_paid else "CREDIT",
        name="Prepaid credit pack" if is_paid else "Promotional credit",
        customer_id=metronome_customer(customer.key),
        contract_id=contract.id if is_paid and contract is not None else None,
        currency=customer.currency,
        priority=pack.priority,
        amount=amount,
        starts_at=pack.granted_at,
        ends_at=pack.expires_at or add_months(pack.granted_at, _MONTHS_WITHOUT_EXPIRY),
        product_ids=product_ids,
        remaining=amount,
        ledger=[LedgerEntry("SEGMENT_START", amount, pack.granted_at)],
    )
