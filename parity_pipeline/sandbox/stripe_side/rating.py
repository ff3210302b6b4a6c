"""Stripe's rating: what a metered price makes of a quantity, as the lines an invoice shows.

Discounts, credit and tax are not decided here.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from parity_pipeline.sandbox.stripe_side.amounts import Halves, decimal_text, rounded
from parity_pipeline.sandbox.stripe_side.prices import MeteredPrice, PriceTier

_NONE = Decimal(0)


@dataclass(frozen=True, slots=True)
class RatedLine:
    """One line of one price, rounded to the minor unit by itself. A flat fee has quantity 0."""

    quantity: Decimal
    unit_amount: Decimal
    amount: int
    label: str


def rate(
    price: MeteredPrice, usage: Decimal, *, billed: Decimal | None = None, halves: Halves = "up"
) -> list[RatedLine]:
    """The lines for a period's usage so far, without what an earlier invoice of the period billed.

    `billed` is the usage on that earlier invoice; None when there was none. A negative total counts as 0, and
    one that has shrunk since that invoice as unchanged.
    """
    before = max(billed or _NONE, _NONE)
    total = max(usage, before)
    if price.model == "graduated":
        return _graduated(price, total, before, halves, first_invoice=billed is None)
    if price.model == "volume":
        return _volume(price, total, before, halves, first_invoice=billed is None)
    if price.model == "package":
        return [_package(price, total, before, halves)]
    unit_amount, quantity = price.tiers[0].unit_amount, total - before
    return [
        RatedLine(quantity, unit_amount, rounded(quantity * unit_amount, halves), _label(price, quantity))
    ]


def free(price: MeteredPrice, usage: Decimal, *, billed: Decimal | None, flexible: bool) -> RatedLine:
    """The line for usage in a trial: its quantity, and no money whatever the price."""
    before = max(billed or _NONE, _NONE)
    quantity = max(usage, before) - before
    label = _label(price, quantity)
    return RatedLine(quantity, _NONE, 0, f"Free trial for {label}" if flexible else f"{label} (Free trial)")


def _package(price: MeteredPrice, total: Decimal, before: Decimal, halves: Halves) -> RatedLine:
    unit_amount = price.tiers[0].unit_amount
    packages = _round_up(total / price.divide_by) - _round_up(before / price.divide_by)
    quantity = total - before
    return RatedLine(
        quantity,
        unit_amount,
        rounded(packages * unit_amount, halves),
        f"{_label(price, quantity)} (per {price.divide_by} units)",
    )


def _volume(
    price: MeteredPrice, total: Decimal, before: Decimal, halves: Halves, *, first_invoice: bool
) -> list[RatedLine]:
    """All units by the one tier that the total lies in, and its flat fee unless that was billed before."""
    number, tier = _reached(price, total)
    is_new = first_invoice or _reached(price, before)[0] != number
    units = total - before
    lines = [_unit_line(price, tier, number, units, halves)]
    return [*lines, *_flat_lines(price, tier, number, halves)] if is_new else lines


def _reached(price: MeteredPrice, total: Decimal) -> tuple[int, PriceTier]:
    numbered = enumerate(price.tiers, start=1)
    return next(each for each in numbered if each[1].up_to is None or total <= each[1].up_to)


def _graduated(
    price: MeteredPrice, total: Decimal, before: Decimal, halves: Halves, *, first_invoice: bool
) -> list[RatedLine]:
    """For each tier that is reached its units, and its flat fee unless that was billed before."""
    lines: list[RatedLine] = []
    lower = _NONE
    for number, tier in enumerate(price.tiers, start=1):
        newly_reached = first_invoice if lower == 0 else before <= lower < total
        upper = total if tier.up_to is None else min(total, Decimal(tier.up_to))
        units = max(upper - max(lower, before), _NONE)
        if units or newly_reached:
            lines.append(_unit_line(price, tier, number, units, halves))
        if newly_reached:
            lines += _flat_lines(price, tier, number, halves)
        if tier.up_to is None or total <= tier.up_to:
            break
        lower = Decimal(tier.up_to)
    return lines or [RatedLine(_NONE, price.tiers[0].unit_amount, 0, _label(price, _NONE))]


def _unit_line(
    price: MeteredPrice, tier: PriceTier, number: int, units: Decimal, halves: Halves
) -> RatedLine:
    amount = rounded(units * tier.unit_amount, halves)
    return RatedLine(units, tier.unit_amount, amount, f"{_label(price, units)} (Tier {number})")


def _flat_lines(price: MeteredPrice, tier: PriceTier, number: int, halves: Halves) -> list[RatedLine]:
    if tier.flat_amount is None:
        return []
    amount = rounded(tier.flat_amount, halves)
    return [RatedLine(_NONE, tier.flat_amount, amount, f"{price.name} (Tier {number} flat fee)")]


def _label(price: MeteredPrice, quantity: Decimal) -> str:
    return f"{decimal_text(quantity)} x {price.name}"


def _round_up(number: Decimal) -> Decimal:
    return number.to_integral_value(rounding=ROUND_CEILING)
