"""The lines of an invoice, and how a balance splits them. Pure: lines in, lines out."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal

from parity_pipeline.sandbox.metronome_side.catalogue import Product
from parity_pipeline.sandbox.metronome_side.credits import Balance
from parity_pipeline.sandbox.metronome_side.units import EXACT, CreditType

_QUANTITY_STEP = Decimal("0.000000000001")


@dataclass(frozen=True)
class TierPosition:
    """Which step of a tiered price a line is in; `size` is None for the last."""

    level: int
    starts_at: Decimal
    size: Decimal | None


@dataclass(frozen=True)
class Line:
    """One line. `balance` is the commit or credit that covers it or, on a negative line, that was drawn.

    `total` and `unit_price` are in `unit`. A conversion line has no product.
    """

    type: Literal["usage", "subscription", "applied_commit_or_credit", "cpu_conversion"]
    name: str
    product: Product | None
    total: Decimal
    unit: CreditType
    starts_at: datetime
    ends_at: datetime
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    values: tuple[tuple[str, str], ...] = ()
    presented: tuple[tuple[str, str | None], ...] = ()
    tier: TierPosition | None = None
    balance: Balance | None = None
    subscription_id: str | None = None
    is_prorated: bool = False

    @property
    def is_postpaid_draw(self) -> bool:
        """Whether it shows what counts towards a postpaid commit; that is paid all the same."""
        applied = self.balance if self.type == "applied_commit_or_credit" else None
        return applied is not None and applied.kind == "POSTPAID"


def conversion_line(lines: Iterable[Line], custom: CreditType, unit: CreditType, price: Decimal) -> Line:
    """The line that turns all amounts in a custom pricing unit into money, at `price` for one of it."""
    converted = [line for line in lines if line.unit == custom]
    quantity = sum((line.total for line in converted), Decimal(0))
    return Line(
        type="cpu_conversion",
        name=f"{custom.name} conversion",
        product=None,
        total=EXACT.multiply(quantity, price),
        unit=unit,
        starts_at=min(line.starts_at for line in converted),
        ends_at=max(line.ends_at for line in converted),
        quantity=quantity,
        unit_price=price,
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
    return (
        line.product is not None
        and line.product.id in balance.product_ids
        and balance.is_accessible(line.starts_at)
    )


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
