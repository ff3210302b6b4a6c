"""Stripe's rating: what a metered price makes of a quantity, as the lines an invoice shows.

Discounts, credit and tax are not decided here.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from parity_pipeline.sandbox.stripe_side.amounts import decimal_text, half_up
from parity_pipeline.sandbox.stripe_side.prices import MeteredPrice, PriceTier


@dataclass(frozen=True)
class RatedLine:
    """One line of one price, rounded to the minor unit by itself. A flat fee has quantity 0."""

    quantity: Decimal
    unit_amount: Decimal
    amount: int
    label: str


def rate(price: MeteredPrice, usage: Decimal, *, billed: Decimal | None = None) -> list[RatedLine]:
    """The lines for a period's usage so far, without what an earlier invoice of the period billed.

    `billed` is the usage on that earlier invoice; None when there was none. A negative total counts as 0.
    """
    total, before = max(usage, Decimal(0)), max(billed or Decimal(0), Decimal(0))
    if price.model == "graduated":
        return _graduated(price, total, before, first_invoice=billed is None)
    return [_package(price, total, before) if price.model == "package" else _per_unit(price, total, before)]


def _per_unit(price: MeteredPrice, total: Decimal, before: Decimal) -> RatedLine:
    unit_amount = price.tiers[0].unit_amount
    quantity = total - before
    return RatedLine(quantity, unit_amount, half_up(quantity * unit_amount), _label(price, quantity))


def _package(price: MeteredPrice, total: Decimal, before: Decimal) -> RatedLine:
    unit_amount = price.tiers[0].unit_amount
    packages = _round_up(total / price.divide_by) - _round_up(before / price.divide_by)
    quantity = total - before
    return RatedLine(
        quantity,
        unit_amount,
        half_up(packages * unit_amount),
        f"{_label(price, quantity)} (per {price.divide_by} units)",
    )


def _graduated(
    price: MeteredPrice, total: Decimal, before: Decimal, *, first_invoice: bool
) -> list[RatedLine]:
    lines: list[RatedLine] = []
    lower = Decimal(0)
    for number, tier in enumerate(price.tiers, start=1):
        newly_reached = first_invoice if lower == 0 else before <= lower < total
        upper = total if tier.up_to is None else min(total, Decimal(tier.up_to))
        units = max(upper - max(lower, before), Decimal(0))
        lines += _tier_lines(price, tier, number, units, newly_reached=newly_reached)
        if tier.up_to is None or total <= tier.up_to:
            break
        lower = Decimal(tier.up_to)
    return lines or [RatedLine(Decimal(0), price.tiers[0].unit_amount, 0, _label(price, Decimal(0)))]


def _tier_lines(
    price: MeteredPrice, tier: PriceTier, number: int, units: Decimal, *, newly_reached: bool
) -> list[RatedLine]:
    lines: list[RatedLine] = []
    if units or newly_reached:
        label = f"{_label(price, units)} (Tier {number})"
        lines.append(RatedLine(units, tier.unit_amount, half_up(units * tier.unit_amount), label))
    if newly_reached and tier.flat_amount is not None:
        label = f"{price.name} (Tier {number} flat fee)"
        lines.append(RatedLine(Decimal(0), tier.flat_amount, half_up(tier.flat_amount), label))
    return lines


def _label(price: MeteredPrice, quantity: Decimal) -> str:
    return f"{decimal_text(quantity)} x {price.name}"


def _round_up(number: Decimal) -> Decimal:
    return number.to_integral_value(rounding=ROUND_CEILING)
