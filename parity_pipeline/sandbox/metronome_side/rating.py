"""From usage to the usage lines of an invoice: conversion, rounding, tiers, windows of time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from itertools import pairwise

from parity_pipeline.sandbox.metronome_side.catalogue import Product, Rate
from parity_pipeline.sandbox.metronome_side.contracts import Period
from parity_pipeline.sandbox.metronome_side.lines import Line, TierPosition
from parity_pipeline.sandbox.metronome_side.units import EXACT
from parity_pipeline.sandbox.metronome_side.usage import Series, Usage

Presented = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class Rounding:
    """How quantities are rounded: before or after their conversion, line by line or over the whole period."""

    before_conversion: bool = False
    each_line: bool = False

    def billed(self, product: Product, value: Decimal) -> Decimal:
        """A metric's value in the unit that is priced."""
        if not product.is_rounded_up:
            return EXACT.divide(value, product.divisor)
        if self.before_conversion:
            return EXACT.divide(_ceiling(value), product.divisor)
        return _ceiling(EXACT.divide(value, product.divisor))


def _ceiling(quantity: Decimal) -> Decimal:
    return quantity.to_integral_value(rounding=ROUND_CEILING)


@dataclass(frozen=True)
class Statement:
    """What a period's usage lines are made by.

    A line never reaches across one of `cuts`: there a balance begins or ends, or another rate holds, and the
    two parts may cost or be paid differently. `agreed` gives the rate that holds from an instant on.
    """

    period: Period
    cuts: Sequence[datetime]
    agreed: Callable[[datetime], Rate]
    rounding: Rounding

    def windows(self) -> list[Period]:
        """The parts of the period between its cuts."""
        bounds = [self.period.start, *self.cuts, self.period.end]
        return [Period(start, end) for start, end in pairwise(bounds)]


def usage_lines(rate: Rate, usage: Usage | None, statement: Statement) -> list[Line]:
    """The lines that a listed rate makes of a customer's usage in a period.

    Each combination of presentation values is rated by itself, tiers and rounding included. A product without
    a pricing key has a line even when nothing was used.
    """
    period = statement.period
    lines = [
        line
        for presented, series in _rated_series(rate, usage)
        if series.value("COUNT", period.start, period.end) is not None
        for line in _series_lines(rate, series, presented, statement)
    ]
    if lines or rate.values:
        return lines
    return _window_lines(statement.agreed(period.start), Decimal(0), Decimal(0), period, ())


def _rated_series(rate: Rate, usage: Usage | None) -> list[tuple[Presented, Series]]:
    """The usage that a rate is for, by presentation values."""
    if usage is None:
        return []
    priced, presented = rate.product.pricing_key, rate.product.presentation_key
    if not priced and not presented:
        return [((), usage.whole)]
    wanted = tuple(value for _, value in rate.values)
    return [
        (tuple(zip(presented, values[len(priced) :], strict=True)), series)
        for values, series in usage.by((*priced, *presented)).items()
        if values[: len(priced)] == wanted
    ]


def _series_lines(rate: Rate, series: Series, presented: Presented, statement: Statement) -> list[Line]:
    lines: list[Line] = []
    billed = Decimal(0)
    for window in statement.windows():
        reached = _reached(rate.product, series, window, billed, statement)
        if reached != billed:
            agreed = statement.agreed(window.start)
            lines += _window_lines(agreed, billed, reached, window, presented)
        billed = reached
    agreed = statement.agreed(statement.period.start)
    return lines or _window_lines(agreed, Decimal(0), Decimal(0), statement.period, presented)


def _reached(
    product: Product, series: Series, window: Period, billed: Decimal, statement: Statement
) -> Decimal:
    """The quantity of the period until a window ends; `billed` is that until it starts."""
    start = statement.period.start

    def value(until: datetime) -> Decimal:
        if product.metric is None:
            return Decimal(0)
        return series.value(product.metric.aggregation, start, until) or Decimal(0)

    if not statement.rounding.each_line:
        return statement.rounding.billed(product, value(window.end))
    used = EXACT.subtract(value(window.end), value(window.start))
    return EXACT.add(billed, statement.rounding.billed(product, used))


def _window_lines(
    rate: Rate, before: Decimal, after: Decimal, window: Period, presented: Presented
) -> list[Line]:
    """One line for each tier that the running quantity crosses between two instants; one of 0 without any.

    The running quantity of a LATEST metric can fall; what was billed too much is then taken back.
    """
    lines: list[Line] = []
    lower = Decimal(0)
    for level, tier in enumerate(rate.tiers, start=1):
        upper = None if tier.size is None else lower + tier.size
        quantity = _within(after, lower, upper) - _within(before, lower, upper)
        if quantity or (before == after and level == 1):
            position = TierPosition(level, lower, tier.size) if len(rate.tiers) > 1 else None
            lines.append(_line(rate, quantity, tier.price, window, position, presented))
        if upper is None:
            break
        lower = upper
    return lines


def _within(quantity: Decimal, lower: Decimal, upper: Decimal | None) -> Decimal:
    """How much of a quantity lies above `lower` and not above `upper`."""
    reached = quantity if upper is None else min(quantity, upper)
    return max(reached - lower, Decimal(0))


def _line(
    rate: Rate,
    quantity: Decimal,
    price: Decimal,
    window: Period,
    tier: TierPosition | None,
    presented: Presented,
) -> Line:
    return Line(
        type="usage",
        name=rate.product.name,
        product=rate.product,
        total=EXACT.multiply(quantity, price),
        unit=rate.unit,
        starts_at=window.start,
        ends_at=window.end,
        quantity=quantity,
        unit_price=price,
        values=rate.values,
        presented=presented,
        tier=tier,
    )
