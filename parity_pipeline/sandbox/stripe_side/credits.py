"""Stripe's billing credits: grants, what invoices draw from them, and the balance transactions."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from parity_pipeline.sandbox.facts import CreditPack, Customer
from parity_pipeline.sandbox.stripe_side.amounts import minor_units, rounded
from parity_pipeline.sandbox.stripe_side.prices import PriceBook

Kind = Literal[
    "credits_granted",
    "credits_applied",
    "credits_expired",
    "credits_voided",
    "credits_application_invoice_voided",
]
_DEBITS = frozenset({"credits_applied", "credits_expired", "credits_voided"})

# Stripe asks whether an invoice's period end lies within a grant; the agreement, when usage happened. A grant
# entered once the ending period's invoice is final, and kept until the next one is, means the same.
_AFTER_FINALIZATION = timedelta(hours=2)
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Grant:
    """One credit grant, in minor units. `prices` are those it may pay for, all metered ones when empty."""

    grant_id: str
    name: str
    category: Literal["paid", "promotional"]
    currency: str
    amount: int
    priority: int
    effective_at: datetime
    expires_at: datetime | None
    voided_at: datetime | None = None
    prices: tuple[str, ...] = ()

    @property
    def ends_at(self) -> datetime:
        """When it can no longer be drawn."""
        return min(self.expires_at or _NEVER, self.voided_at or _NEVER)

    def covers(self, *, period_end: datetime, at: datetime, price_id: str) -> bool:
        """Whether an invoice line may draw from it when the invoice is finalized."""
        in_time = self.effective_at <= period_end < self.ends_at and at < self.ends_at
        return in_time and (not self.prices or price_id in self.prices)


@dataclass(frozen=True)
class Movement:
    """One credit balance transaction; the amount is positive, the kind tells the direction."""

    movement_id: str
    grant_id: str
    kind: Kind
    amount: int
    at: datetime
    invoice_id: str | None = None
    line_id: str | None = None

    @property
    def is_debit(self) -> bool:
        """Whether it lowers the balance."""
        return self.kind in _DEBITS


@dataclass(frozen=True, slots=True)
class OpenAmount:
    """What is left to pay of an invoice line, and by which price."""

    line_id: str
    price_id: str
    amount: int


@dataclass(slots=True)
class CreditAccount:
    """One customer's grants and movements, filled while invoices are finalized in order of time."""

    grants: tuple[Grant, ...]
    movements: list[Movement] = field(default_factory=list)

    def draw(
        self, *, invoice_id: str, period_end: datetime, at: datetime, lines: list[OpenAmount]
    ) -> list[Movement]:
        """Apply credit to an invoice's metered lines, line by line; returns what was drawn."""
        drawn: list[Movement] = []
        for line in lines if self.grants else ():
            rest = line.amount
            for grant in self.grants:
                if not grant.covers(period_end=period_end, at=at, price_id=line.price_id):
                    continue
                part = min(rest, self.balance(grant.grant_id, at))
                if part > 0:
                    place = (invoice_id, line.line_id)
                    drawn.append(self._move(grant, "credits_applied", part, at, place))
                    rest -= part
        return drawn

    def give_back(self, invoice_id: str, at: datetime) -> None:
        """Reinstate what a voided invoice had drawn; on a grant that has ended it is lost at once."""
        grants = {grant.grant_id: grant for grant in self.grants}
        applied = [move for move in self.movements if move.invoice_id == invoice_id and move.is_debit]
        for move in applied:
            place = (invoice_id, move.line_id or "")
            self._move(grants[move.grant_id], "credits_application_invoice_voided", move.amount, at, place)

    def close(self, now: datetime) -> None:
        """Take off what was left on grants when they ended; the last thing to happen."""
        for grant in self.grants:
            if grant.ends_at > now:
                continue
            kind: Kind = "credits_voided" if grant.ends_at == grant.voided_at else "credits_expired"
            left = self.balance(grant.grant_id, grant.ends_at)
            late = [
                each for each in self.movements if each.grant_id == grant.grant_id and each.at > grant.ends_at
            ]
            for amount, at in [(left, grant.ends_at), *((each.amount, each.at) for each in late)]:
                if amount > 0:
                    self._move(grant, kind, amount, at, None)

    def balance(self, grant_id: str, at: datetime) -> int:
        """What is left on a grant, by the movements up to an instant."""
        moves = [move for move in self.movements if move.grant_id == grant_id and move.at <= at]
        return sum(-move.amount if move.is_debit else move.amount for move in moves)

    def _move(
        self, grant: Grant, kind: Kind, amount: int, at: datetime, place: tuple[str, str] | None
    ) -> Movement:
        number = len(self.movements) + 1
        invoice_id, line_id = place or (None, None)
        movement = Movement(
            f"cbtxn_{grant.grant_id[7:]}_{number:04d}", grant.grant_id, kind, amount, at, invoice_id, line_id
        )
        self.movements.append(movement)
        return movement


def open_account(customer: Customer, prices: PriceBook, now: datetime) -> CreditAccount:
    """The customer's account with every grant made by now, in the order in which grants are drawn."""
    grants = [_grant(pack, customer, prices, now) for pack in customer.credits]
    account = CreditAccount(tuple(sorted((each for each in grants if each.effective_at <= now), key=_turn)))
    for grant in account.grants:
        account._move(grant, "credits_granted", grant.amount, grant.effective_at, None)
    return account


def _grant(pack: CreditPack, customer: Customer, prices: PriceBook, now: datetime) -> Grant:
    """The credit grant that a pack becomes; a renewal changes nothing in Stripe, the grant goes on."""
    scope = [(prices.starting(each, customer), prices.changed(each, customer)) for each in pack.charges]
    grant = Grant(
        grant_id=f"credgr_{pack.key}",
        name=f"Credit {pack.key}",
        category=pack.category,
        currency=customer.currency,
        amount=rounded(minor_units(pack.amount, customer.currency)),
        priority=pack.priority,
        effective_at=pack.granted_at + _AFTER_FINALIZATION,
        expires_at=pack.expires_at + _AFTER_FINALIZATION if pack.expires_at else None,
        prices=tuple(price.price_id for pair in scope for price in pair if price is not None),
    )
    voided_at = pack.voided_at + _AFTER_FINALIZATION if pack.voided_at else None
    return grant if voided_at is None or voided_at > now else replace(grant, voided_at=voided_at)


def _turn(grant: Grant) -> tuple[int, datetime, bool, datetime]:
    return (grant.priority, grant.expires_at or _NEVER, grant.category != "promotional", grant.effective_at)
