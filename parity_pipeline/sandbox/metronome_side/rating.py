"""From usage to the usage lines of an invoice: conversion, rounding, tiers, windows of time."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from itertools import pairwise

from parity_pipeline.sandbox.metronome_side.catalogue import Product, Rate
from parity_pipeline.sandbox.metronome_side.contracts import Period
from parity_pipeline.sandbox.metronome_side.lines import Line, TierPosition
from parity_pipeline.sandbox.metronome_side.units import EXACT
from parity_pipeline.sandbox.metronome_side.usage import Series, Usage


def billed_quantity(product: Product, value: Decimal) -> Decimal:
    """A metric's value in the unit that is priced: converted, then rounded."""
    quantity = EXACT.divide(value, product.divisor)
    if product.is_rounded_up:
        quantity = quantity.to_integral_value(rounding=ROUND_CEILING)
    return quantity


def usage_lines(rate: Rate, usage: Usage | None, period: Period, cuts: Sequence[datetime]) -> list[Line]:
    """The lines that a rate makes of a customer's usage in a period.

    A line never reaches across one of `cuts`: there a balance begins or ends, and the two parts may be paid
    differently. A product without a pricing key has a line even when nothing was used.
    """
    series = _rated_series(rate, usage)
    if series is None and rate.values:
        return []
    used_until = _running_quantity(rate.product, series, period.start)
    if rate.values and not _has_events(series, period):
        return []
    bounds = [period.start, *cuts, period.end]
    lines: list[Line] = []
    for start, end in pairwise(bounds):
        lines += _window_lines(rate, used_until(start), used_until(end), Period(start, end))
    return lines or _window_lines(rate, Decimal(0), Decimal(0), period, is_shown_empty=True)


def _rated_series(rate: Rate, usage: Usage | None) -> Series | None:
    if usage is None:
        return None
    return usage.groups.get(tuple(value for _, value in rate.values)) if rate.values else usage.whole


def _has_events(series: Series | None, period: Period) -> bool:
    return series is not None and series.value("COUNT", period.start, period.end) is not None


def _running_quantity(
    product: Product, series: Series | None, start: datetime
) -> Callable[[datetime], Decimal]:
    """What has been billed by an instant of the period that began at `start`."""

    def until(moment: datetime) -> Decimal:
        if series is None or product.metric is None:
            return Decimal(0)
        value = series.value(product.metric.aggregation, start, moment)
        return Decimal(0) if value is None else billed_quantity(product, value)

    return until


def _window_lines(
    rate: Rate, before: Decimal, after: Decimal, window: Period, *, is_shown_empty: bool = False
) -> list[Line]:
    """One line for each tier that the running quantity crosses between two instants.

    The running quantity of a LATEST metric can fall; what was billed too much is then taken back.
    """
    lines: list[Line] = []
    lower = Decimal(0)
    for level, tier in enumerate(rate.tiers, start=1):
        upper = None if tier.size is None else lower + tier.size
        quantity = _within(after, lower, upper) - _within(before, lower, upper)
        if quantity or (is_shown_empty and level == 1):
            position = TierPosition(level, lower, tier.size) if len(rate.tiers) > 1 else None
            lines.append(_line(rate, quantity, tier.price, window, position))
        if upper is None:
            break
        lower = upper
    return lines


def _within(quantity: Decimal, lower: Decimal, upper: Decimal | None) -> Decimal:
    """How much of a quantity lies above `lower` and not above `upper`."""
    reached = quantity if upper is None else min(quantity, upper)
    return max(reached - lower, Decimal(0))


def _line(rate: Rate, quantity: Decimal, price: Decimal, window: Period, tier: TierPosition | None) -> Line:
    return Line(
        type="usage",
        name=rate.product.name,
        product=rate.product,
        total=EXACT.multiply(quantity, price),
        starts_at=window.start,
        ends_at=window.end,
        quantity=quantity,
        unit_price=price,
        values=rate.values,
        tier=tier,
    )
