"""Stripe's billing credits: grants, what invoices draw from them, and the balance transactions."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from parity_pipeline.sandbox.company import CreditPack, Customer
from parity_pipeline.sandbox.stripe_side.amounts import half_up, minor_units

Kind = Literal["credits_granted", "credits_applied", "credits_expired", "credits_application_invoice_voided"]

# Stripe asks whether an invoice's period end lies within a grant; the agreement, when usage happened. A grant
# entered once the ending period's invoice is final, and kept until the next one is, means the same.
_AFTER_FINALIZATION = timedelta(hours=2)
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Grant:
    """One credit grant, in minor units."""

    grant_id: str
    name: str
    category: Literal["paid", "promotional"]
    currency: str
    amount: int
    priority: int
    effective_at: datetime
    expires_at: datetime | None

    def covers(self, period_end: datetime) -> bool:
        """Whether an invoice whose period ends then may draw from it."""
        return self.effective_at <= period_end < (self.expires_at or _NEVER)


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
        return self.kind in ("credits_applied", "credits_expired")


def grant_of(pack: CreditPack, currency: str) -> Grant:
    """The credit grant that a credit pack becomes in Stripe."""
    return Grant(
        grant_id=f"credgr_{pack.key}",
        name=f"Credit {pack.key}",
        category=pack.category,
        currency=currency,
        amount=half_up(minor_units(pack.amount, currency)),
        priority=pack.priority,
        effective_at=pack.granted_at + _AFTER_FINALIZATION,
        expires_at=pack.expires_at + _AFTER_FINALIZATION if pack.expires_at else None,
    )


@dataclass
class CreditAccount:
    """One customer's grants and movements, filled while invoices are finalized in order of time."""

    grants: tuple[Grant, ...]
    movements: list[Movement] = field(default_factory=list)

    def draw(
        self, *, invoice_id: str, period_end: datetime, at: datetime, open_amounts: dict[str, int]
    ) -> list[Movement]:
        """Apply credit to an invoice's metered lines, line by line; returns what was drawn."""
        drawn: list[Movement] = []
        for line_id, amount in open_amounts.items():
            rest = amount
            for grant in self.grants:
                part = min(rest, self.balance(grant.grant_id, at)) if grant.covers(period_end) else 0
                if part > 0:
                    drawn.append(self._move(grant, "credits_applied", part, at, (invoice_id, line_id)))
                    rest -= part
        return drawn

    def give_back(self, invoice_id: str, at: datetime) -> None:
        """Reinstate what a voided invoice had drawn."""
        grants = {grant.grant_id: grant for grant in self.grants}
        applied = [move for move in self.movements if move.invoice_id == invoice_id and move.is_debit]
        for move in applied:
            place = (invoice_id, move.line_id or "")
            self._move(grants[move.grant_id], "credits_application_invoice_voided", move.amount, at, place)

    def expire(self, as_of: datetime) -> None:
        """Write off what is left on grants that have expired by then; the last thing to happen."""
        for grant in self.grants:
            left = self.balance(grant.grant_id, as_of)
            if grant.expires_at is not None and grant.expires_at <= as_of and left > 0:
                self._move(grant, "credits_expired", left, grant.expires_at, None)

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


def open_account(customer: Customer, as_of: datetime) -> CreditAccount:
    """The customer's account with every grant made by then, in the order in which grants are drawn."""
    grants = [grant_of(pack, customer.currency) for pack in customer.credits]
    account = CreditAccount(tuple(sorted((each for each in grants if each.effective_at <= as_of), key=_turn)))
    for grant in account.grants:
        account._move(grant, "credits_granted", grant.amount, grant.effective_at, None)
    return account


def _turn(grant: Grant) -> tuple[int, datetime, bool, datetime]:
    return (grant.priority, grant.expires_at or _NEVER, grant.category != "promotional", grant.effective_at)
