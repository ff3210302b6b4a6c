"""The lines of an invoice, and how a balance splits them. Pure: lines in, lines out."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal

from parity_pipeline.sandbox.metronome_side.catalogue import Product
from parity_pipeline.sandbox.metronome_side.credits import Balance
from parity_pipeline.sandbox.metronome_side.units import EXACT

_QUANTITY_STEP = Decimal("0.000000000001")


@dataclass(frozen=True)
class TierPosition:
    """Which step of a tiered price a line is in; `size` is None for the last."""

    level: int
    starts_at: Decimal
    size: Decimal | None


@dataclass(frozen=True)
class Line:
    """One line. `balance` is the commit or credit that covers it or, on a negative line, that was drawn."""

    type: Literal["usage", "subscription", "applied_commit_or_credit"]
    name: str
    product: Product
    total: Decimal
    starts_at: datetime
    ends_at: datetime
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    values: tuple[tuple[str, str], ...] = ()
    tier: TierPosition | None = None
    balance: Balance | None = None
    subscription_id: str | None = None


def subscription_line(
    product: Product, price: Decimal, starts_at: datetime, ends_at: datetime, subscription_id: str
) -> Line:
    """One month of a subscription, not prorated."""
    return Line(
        type="subscription",
        name=product.name,
        product=product,
        total=price,
        starts_at=starts_at,
        ends_at=ends_at,
        quantity=Decimal(1),
        unit_price=price,
        subscription_id=subscription_id,
    )


def apply_balances(
    lines: Iterable[Line], balances: Iterable[Balance]
) -> tuple[list[Line], dict[str, Decimal]]:
    """Cover lines by balances in their order of drawing; returns the lines and what each balance gave.

    A covered part stays as a positive line that names the balance, followed by a negative line that takes
    it off; what is left uncovered follows as a line of its own.
    """
    open_lines = sorted(lines, key=_draw_order)
    drawn: dict[str, Decimal] = {}
    done: list[Line] = []
    for balance in sorted(balances, key=lambda each: each.draw_order):
        still_open: list[Line] = []
        for line in open_lines:
            left = balance.remaining - drawn.get(balance.id, Decimal(0))
            amount = min(left, line.total) if _may_cover(balance, line) else Decimal(0)
            if amount <= 0:
                still_open.append(line)
                continue
            drawn[balance.id] = drawn.get(balance.id, Decimal(0)) + amount
            covered, rest = _split(line, amount)
            done += [replace(covered, balance=balance), _applied(covered, balance)]
            still_open += rest
        open_lines = still_open
    return done + open_lines, drawn


def _draw_order(line: Line) -> tuple[bool, datetime, Decimal, str]:
    """Usage before subscriptions, then the earlier, the dearer, and by name."""
    return line.type != "usage", line.starts_at, -(line.unit_price or Decimal(0)), line.name


def _may_cover(balance: Balance, line: Line) -> bool:
    return line.product.id in balance.product_ids and balance.is_accessible(line.starts_at)


def _split(line: Line, amount: Decimal) -> tuple[Line, list[Line]]:
    """The part of a line that is worth `amount`, and the rest of it if there is one."""
    if amount == line.total or not line.unit_price or line.quantity is None:
        return line, []
    quantity = EXACT.divide(amount, line.unit_price).quantize(_QUANTITY_STEP, context=EXACT)
    covered = replace(line, total=amount, quantity=quantity)
    rest = replace(line, total=line.total - amount, quantity=EXACT.subtract(line.quantity, quantity))
    return covered, [rest]


def _applied(covered: Line, balance: Balance) -> Line:
    return replace(
        covered,
        type="applied_commit_or_credit",
        name=f"{balance.name} applied to {covered.name}",
        total=-covered.total,
        quantity=None,
        unit_price=None,
        tier=None,
        balance=balance,
    )
