"""Commits and credits: how much there is, when, for what, and what became of it.

Which lines they are applied to, and how those are split, is the invoice's business.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from parity_pipeline.sandbox.facts import CreditPack, Customer
from parity_pipeline.sandbox.ids import metronome_customer, metronome_id
from parity_pipeline.sandbox.metronome_side.catalogue import Catalogue
from parity_pipeline.sandbox.metronome_side.contracts import Contract
from parity_pipeline.sandbox.metronome_side.months import months_after, whole_hour
from parity_pipeline.sandbox.metronome_side.units import per_major_unit

_MONTHS_WITHOUT_EXPIRY = 120
"""Metronome wants an end of access; a pack that never expires gets ten years."""

_POSTPAID_MONTHS = 12
_POSTPAID_PRIORITY = 100

Ending = Literal["EXPIRATION", "CANCELED", "ROLLOVER"]


@dataclass(frozen=True)
class LedgerEntry:
    """A movement of a balance; negative when it goes down."""

    suffix: Literal["SEGMENT_START", "INITIAL_BALANCE", "AUTOMATED_INVOICE_DEDUCTION"] | Ending
    amount: Decimal
    at: datetime
    invoice_id: str | None = None
    contract_id: str | None = None


@dataclass
class Balance:
    """A prepaid or postpaid commit of one contract, or a credit that every contract of the customer may use.

    `ending` is what becomes of the rest when access ends; with ROLLOVER it goes into `successor`.
    """

    id: str
    kind: Literal["PREPAID", "POSTPAID", "CREDIT"]
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
    ending: Ending = "EXPIRATION"
    successor: "Balance | None" = None
    rolled_over_from: str | None = None

    @property
    def segment_id(self) -> str:
        """The id of its only access segment."""
        return metronome_id("segment", self.id)

    @property
    def draw_order(self) -> tuple[int, int, int, int, datetime, datetime, str]:
        """What decides which balance is drawn first.

        What was rolled over, then prepaid, then postpaid; then priority, free first, scope, end, start.
        """
        rank = 2 if self.kind == "POSTPAID" else 1 if self.rolled_over_from is None else 0
        cost_basis = 0 if self.kind == "CREDIT" else 1
        scope = len(self.product_ids)
        return rank, self.priority, cost_basis, scope, self.ends_at, self.starts_at, self.id

    def is_open_to(self, contract: Contract) -> bool:
        """Whether an invoice of this contract, one of the same customer, may draw from it."""
        return self.contract_id in (None, contract.id)

    def is_accessible(self, moment: datetime) -> bool:
        """Whether usage of that instant may be paid from it."""
        return self.starts_at <= moment < self.ends_at

    def deduct(self, amount: Decimal, *, at: datetime, invoice_id: str, contract_id: str) -> None:
        """Take what an invoice drew; an invoice has one entry, whatever number of lines it covers."""
        self.remaining -= amount
        before = Decimal(0)
        if self.ledger and self.ledger[-1].invoice_id == invoice_id:
            before = self.ledger.pop().amount
        self.ledger.append(
            LedgerEntry("AUTOMATED_INVOICE_DEDUCTION", before - amount, at, invoice_id, contract_id)
        )

    def end(self, moment: datetime) -> None:
        """Let go of what is left when access has ended by an instant; a postpaid commit is then billed."""
        if self.ends_at > moment or self.kind == "POSTPAID":
            return
        rest = self.remaining
        if rest:
            self.ledger.append(self._ending_entry(rest))
            self.remaining = Decimal(0)
        if self.successor is not None and not self.successor.ledger:
            self.successor.open(rest)

    def open(self, amount: Decimal) -> None:
        """Begin with an amount."""
        self.amount = self.remaining = amount
        suffix: Literal["INITIAL_BALANCE", "SEGMENT_START"] = (
            "INITIAL_BALANCE" if self.kind == "POSTPAID" else "SEGMENT_START"
        )
        self.ledger.append(LedgerEntry(suffix, amount, self.starts_at))

    def at(self, as_of: datetime) -> Decimal:
        """The balance that the API shows: nothing before or after the access segment."""
        return self.remaining if self.is_accessible(as_of) else Decimal(0)

    def _ending_entry(self, rest: Decimal) -> LedgerEntry:
        """A cancellation names the invoice by which the commit or credit was bought."""
        bought_by = metronome_id("invoice", self.id, "purchase") if self.ending == "CANCELED" else None
        return LedgerEntry(self.ending, -rest, self.ends_at, bought_by, self.contract_id)


def balances_of(
    customer: Customer, contract: Contract | None, catalogue: Catalogue, now: datetime
) -> list[Balance]:
    """What a customer holds by now: credit packs, and a commit to spend; paid ones hang on the contract."""
    found: list[Balance] = []
    for pack in customer.credits:
        if pack.granted_at <= now and (pack.category == "promotional" or contract is not None):
            found += _prepaid(pack, customer, contract, catalogue, now)
    if customer.committed_spend and contract is not None:
        found.append(_postpaid(customer, contract, catalogue))
    return found


def _prepaid(
    pack: CreditPack, customer: Customer, contract: Contract | None, catalogue: Catalogue, now: datetime
) -> Iterator[Balance]:
    """The balance of a pack; after a renewal a second one, which stays with the same contract."""
    is_paid = pack.category == "paid"
    balance = Balance(
        id=metronome_id("balance", pack.key),
        kind="PREPAID" if is_paid else "CREDIT",
        name="Prepaid credit pack" if is_paid else "Promotional credit",
        customer_id=metronome_customer(customer.key),
        contract_id=contract.id if is_paid and contract is not None else None,
        currency=customer.currency,
        priority=pack.priority,
        amount=Decimal(0),
        starts_at=whole_hour(pack.granted_at),
        ends_at=whole_hour(pack.expires_at or months_after(pack.granted_at, _MONTHS_WITHOUT_EXPIRY)),
        product_ids=_product_ids(catalogue, pack.charges),
        remaining=Decimal(0),
    )
    balance.open(pack.amount * per_major_unit(customer.currency))
    if pack.voided_at is not None and pack.voided_at <= min(now, balance.ends_at):
        balance.ends_at, balance.ending = whole_hour(pack.voided_at), "CANCELED"
    yield balance
    if pack.renewed_at is not None and pack.renewed_at <= min(now, balance.ends_at):
        balance.ends_at, balance.ending = whole_hour(pack.renewed_at), "ROLLOVER"
        balance.successor = _renewed(balance)
        yield balance.successor


def _renewed(balance: Balance) -> Balance:
    """The next term of a balance; what it begins with shows only when the first term is over."""
    return Balance(
        id=metronome_id("balance", balance.id, "renewed"),
        kind=balance.kind,
        name=f"{balance.name} (renewed)",
        customer_id=balance.customer_id,
        contract_id=balance.contract_id,
        currency=balance.currency,
        priority=balance.priority,
        amount=Decimal(0),
        starts_at=balance.ends_at,
        ends_at=months_after(balance.ends_at, _MONTHS_WITHOUT_EXPIRY),
        product_ids=balance.product_ids,
        remaining=Decimal(0),
        rolled_over_from=balance.id,
    )


def _postpaid(customer: Customer, contract: Contract, catalogue: Catalogue) -> Balance:
    balance = Balance(
        id=metronome_id("balance", contract.id, "postpaid"),
        kind="POSTPAID",
        name="Committed spend",
        customer_id=contract.customer_id,
        contract_id=contract.id,
        currency=contract.currency,
        priority=_POSTPAID_PRIORITY,
        amount=Decimal(0),
        starts_at=contract.starts_at,
        ends_at=months_after(contract.starts_at, _POSTPAID_MONTHS),
        product_ids=_product_ids(catalogue, ()),
        remaining=Decimal(0),
    )
    balance.open(customer.committed_spend * per_major_unit(customer.currency))
    return balance


def _product_ids(catalogue: Catalogue, charges: Sequence[str]) -> tuple[str, ...]:
    """The products of some charges, of all of them when none is named."""
    if not charges:
        return tuple(product.id for product in catalogue.charged_products)
    products = [
        sold[charge]
        for charge in charges
        for sold in (catalogue.usage_products, catalogue.flat_fee_products)
        if charge in sold
    ]
    return tuple(dict.fromkeys(product.id for product in products))
