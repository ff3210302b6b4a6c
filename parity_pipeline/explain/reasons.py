"""The part of an explanation that says why, and what to do next."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Final

from parity_pipeline import amounts
from parity_pipeline.explain.blocks import Block, Grid, Heading, Sentence
from parity_pipeline.explain.explanation import Compared, Finding, Remedy

MOST_FINDINGS: Final = 40
"""Causes with their check and subject that are shown; the rest is counted."""


def days(rows: Sequence[Compared]) -> Iterator[Block]:
    """Breaches outside the billing periods, those of days summed over each meter."""
    if not rows:
        return
    yield Heading("Coverage, events and group values")
    grouped = groupby(sorted(rows, key=_place), key=_place)
    yield Grid(
        ("check", "of", "Stripe", "Metronome", "when"),
        tuple(_summed(check, subject, list(group)) for (check, subject), group in grouped),
        numbers=frozenset({2, 3}),
    )


def _place(row: Compared) -> tuple[str, str]:
    return row.check, row.subject


def _summed(check: str, subject: str, rows: Sequence[Compared]) -> tuple[str, ...]:
    days = sorted(row.usage_date for row in rows if row.usage_date)
    when = f"{amounts.counted(len(days), 'day')}, {days[0]} to {days[-1]}" if days else ""
    expected = sum((row.expected or Decimal(0) for row in rows), Decimal(0))
    actual = sum((row.actual or Decimal(0) for row in rows), Decimal(0))
    return check, subject or "contracts", amounts.quantity(expected), amounts.quantity(actual), when


def findings(found: Sequence[Finding]) -> Iterator[Block]:
    """One for each cause, check and subject: how much it is in all, and the evidence of its greatest."""
    if not found:
        return
    yield Heading("Why")
    money: dict[str, Decimal] = {}
    for each in found:
        at_stake = abs(each.variance or Decimal(0)) if each.check == "invoice_totals" else Decimal(0)
        money[each.cause] = money.get(each.cause, Decimal(0)) + at_stake

    def place(each: Finding) -> tuple[object, ...]:
        return -money[each.cause], each.cause, each.check != "invoice_totals", each.check, each.subject

    groups = [list(rows) for _, rows in groupby(sorted(found, key=place), key=place)]
    for rows in groups[:MOST_FINDINGS]:
        yield _finding(rows)
    if len(groups) > MOST_FINDINGS:
        yield Sentence(f"And {len(groups) - MOST_FINDINGS:,} more; --format json has them.")


def _finding(rows: Sequence[Finding]) -> Sentence:
    greatest = max(rows, key=lambda each: abs(each.variance or Decimal(0)))
    total = sum((each.variance for each in rows if each.variance is not None), Decimal(0))
    when = greatest.usage_date or (greatest.period_start.date() if greatest.period_start else "")
    place = " ".join(filter(None, (greatest.check, "" if greatest.currency else greatest.subject)))
    told = amounts.amount(greatest.currency, total) if greatest.currency else amounts.quantity(total)
    parts = [f"{place} {when}".strip(), signed(total, told) if greatest.variance is not None else ""]
    many = f" in {len(rows)} rows, the greatest here" if len(rows) > 1 else ""
    return Sentence(f"{', '.join(filter(None, parts))}{many}. {greatest.evidence}", label=greatest.cause)


def remedies(found: Sequence[Remedy]) -> Iterator[Block]:
    """What to do about each cause."""
    if found:
        yield Heading("Next steps")
    for each in found:
        yield Sentence(each.next_step, label=each.code)
        if each.looks_like:
            yield Sentence(f"What looks the same: {each.looks_like}", label=each.code)


def signed(value: Decimal, text: str) -> str:
    """The text of a difference, with a plus where there is more."""
    return f"+{text}" if value > 0 else text
