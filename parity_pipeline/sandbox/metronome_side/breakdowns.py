"""Invoices broken down by hour or day: the same lines, cut where a window ends.

A breakdown shows what is known now, even of an invoice that is final.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from parity_pipeline.sandbox.metronome_side.contracts import Period
from parity_pipeline.sandbox.metronome_side.invoices import Invoice
from parity_pipeline.sandbox.metronome_side.lines import Line, conversion_line
from parity_pipeline.sandbox.metronome_side.units import AI_CREDITS, credit_type, per_ai_credit


@dataclass(frozen=True)
class Breakdown:
    """The part of an invoice that belongs to a window."""

    invoice: Invoice
    window: Period


def windows_between(start: datetime, end: datetime, step: timedelta) -> list[Period]:
    """The windows of a range; the last one is cut short by its end."""
    count = -((start - end) // step)
    return [Period(start + n * step, min(start + (n + 1) * step, end)) for n in range(count)]


def broken_down(invoice: Invoice, windows: list[Period]) -> Iterator[Breakdown]:
    """The parts of an invoice whose lines were cut at these windows; windows outside its period have none."""
    for window in windows:
        period = invoice.period
        if period is None or window.end <= period.start or window.start >= period.end:
            continue
        inside = [line for line in invoice.lines if window.start <= line.starts_at < window.end]
        yield Breakdown(replace(invoice, lines=tuple(_converted(invoice, inside))), window)


def _converted(invoice: Invoice, lines: list[Line]) -> list[Line]:
    """The lines with a conversion of their own in place of that of the whole invoice."""
    kept = [line for line in lines if line.type != "cpu_conversion"]
    if not any(line.unit == AI_CREDITS for line in kept):
        return kept
    currency = invoice.contract.currency
    return [*kept, conversion_line(kept, AI_CREDITS, credit_type(currency), per_ai_credit(currency))]
