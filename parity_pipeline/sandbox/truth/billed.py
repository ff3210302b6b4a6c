"""What one vendor billed one customer for one billing period, in the terms that the checks compare.

Shared by both sides' readers, so that the checks need not know whose books a figure is from.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from parity_pipeline.sandbox.truth.periods import Span
from parity_pipeline.sandbox.truth.rows import EXACT


@dataclass
class Metered:
    """A meter's quantity in raw units, and how far a product that rounds up may be above it."""

    quantity: Decimal = Decimal(0)
    rounded_up: Decimal = Decimal(0)


@dataclass
class Billed:
    """One period in one currency, summed over its invoices. Money is in minor units.

    `net` is usage charges after discounts and draw-downs, before tax; `drawn` the draw-downs. `money_lines`
    counts the metered lines with an amount.
    """

    net: Decimal = Decimal(0)
    drawn: Decimal = Decimal(0)
    money_lines: int = 0
    is_final: bool = True
    meters: dict[str, Metered] = field(default_factory=dict)

    def charge(self, net: Decimal, *, drawn: Decimal = Decimal(0), is_money_line: bool = False) -> None:
        """Add a line's money."""
        self.net = EXACT.add(self.net, net)
        self.drawn = EXACT.add(self.drawn, drawn)
        self.money_lines += is_money_line

    def measure(self, meter: str, quantity: Decimal, *, rounded_up: Decimal = Decimal(0)) -> None:
        """Add a line's quantity."""
        found = self.meters.setdefault(meter, Metered())
        found.quantity = EXACT.add(found.quantity, quantity)
        found.rounded_up = EXACT.add(found.rounded_up, rounded_up)


Account = dict[Span, dict[str, Billed]]
"""A customer's billed periods, and in each of them what was billed by currency."""


def billed_in(account: Account, span: Span, currency: str) -> Billed:
    """The entry of a period and currency, made when it is not there."""
    return account.setdefault(span, {}).setdefault(currency, Billed())


def is_final(entries: Iterable[Billed]) -> bool:
    """Whether none of the invoices behind some entries can still change."""
    return all(entry.is_final for entry in entries)
