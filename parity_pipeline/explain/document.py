"""The explanation as headings, sentences and tables, which the terminal and Markdown show alike."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from parity_pipeline import amounts
from parity_pipeline.explain.blocks import Block, Grid, Heading, Sentence
from parity_pipeline.explain.explanation import Compared, CustomerExplanation, Explanation, Line, Period
from parity_pipeline.explain.reasons import days, findings, remedies, signed
from parity_pipeline.periods import rfc3339

MOST_LINES: Final = 40
"""Lines of one period that are shown, the largest; the rest is counted."""
_TOLD_AS_CAUSE: Final = {"case", "spaces"}
"""Likenesses of group values that are a cause of their own, with the two values in its evidence."""
_STATUSES: Final = {
    "in_parity": "in parity",
    "not_in_parity": "not in parity",
    "pending": "pending: nothing is settled yet",
    "unmapped": "not linked to the other side",
    "already_on_metronome": "already billed by Metronome, so nothing is compared",
    "not_compared": "not compared: neither usage nor charges in the parallel run",
}
_SOURCES: Final = {
    "customers_csv": "the mapping file of customers",
    "billing_provider_configuration": "its billing provider configuration",
    "custom_field": "its custom field stripe_customer_id",
    "ingest_alias": "an ingest alias",
}


def document(explanation: Explanation) -> list[Block]:
    """The whole answer."""
    blocks: list[Block] = []
    for customer in explanation.customers:
        blocks += _head(customer)
        if not customer.periods:
            blocks.append(Sentence("The run has no billing period of this customer in what was asked for."))
        is_brief = not customer.findings
        blocks += [block for period in customer.periods for block in _period(period, is_brief=is_brief)]
        blocks += days(customer.others)
        blocks += findings(customer.findings)
        blocks += remedies(customer.remedies)
    as_of = rfc3339(explanation.as_of)
    return [*blocks, Sentence(f"Run {explanation.run_id}, as of {as_of}.")]


def _head(customer: CustomerExplanation) -> Iterator[Block]:
    yield Heading(f"{customer.name}: {_verdict(customer)}", level=1)
    if customer.account != "default":
        yield Sentence(f"Account {customer.account}.")
    for link in customer.links:
        aliases = f"; ingest aliases {', '.join(link.aliases)}" if link.aliases else ""
        if link.status == "linked":
            source = _SOURCES.get(link.link_source or "", link.link_source)
            yield Sentence(f"Linked to {link.metronome_customer_id} in Metronome by {source}{aliases}.")
        elif link.status == "ambiguous":
            yield Sentence(
                f"Claimed more than once, so not linked: {link.metronome_customer_id} in Metronome names "
                f"{link.stripe_customer_id}{aliases}."
            )
        else:
            yield Sentence(f"Not linked to any customer of the other side{aliases}.")
    for miss in customer.near_misses:
        if miss.how not in _TOLD_AS_CAUSE or miss.kind == "customer":
            yield Sentence(f"Perhaps another spelling: {miss.evidence}")
    for contract in customer.contracts:
        end = f"up to {_instant(contract.ends_at)}" if contract.ends_at else "without an end"
        archived = ", archived" if contract.is_archived else ""
        card = contract.rate_card or "no rate card"
        yield Sentence(
            f"Contract {contract.contract_id}: {card}, from {_instant(contract.starts_at)} {end}{archived}."
        )


def _verdict(customer: CustomerExplanation) -> str:
    told = _STATUSES.get(customer.status, customer.status)
    breaches = len(customer.breaches)
    if not customer.findings:
        is_elsewhere = customer.status == "not_in_parity"  # --period left out what differs
        return f"{told}, but not in the period asked for" if is_elsewhere else f"{told}, nothing to explain"
    causes = ", ".join(dict.fromkeys(each.cause for each in customer.findings))
    return f"{told}, {amounts.counted(breaches, 'breach', 'breaches')} by {causes}"


def _period(period: Period, *, is_brief: bool) -> Iterator[Block]:
    if is_brief or not period.has_differences:
        for total in period.totals:
            yield Sentence(
                f"Period {_span(period)}: Stripe {amounts.amount(total.subject, total.expected)}, Metronome "
                f"{amounts.amount(total.subject, total.actual)}, {total.status.replace('_', ' ')}."
            )
        return
    yield Heading(f"Period {_span(period)}")
    for total in period.totals:
        yield _waterfall(period, total)
    rows = (*period.quantities, *period.credits)
    if rows:
        yield _side_by_side(rows)
    for currency in dict.fromkeys(line.currency for line in period.lines):
        yield from _lines(currency, [line for line in period.lines if line.currency == currency])


def _waterfall(period: Period, total: Compared) -> Grid:
    """From Stripe's net over the effects to Metronome's."""
    currency = total.subject
    steps = [
        (
            f"  {each.effect.replace('_', ' ')}",
            " ".join(filter(None, (each.meter, each.product if each.product != each.meter else None))),
            signed(each.amount, amounts.amount(currency, each.amount)),
        )
        for each in period.effects
        if each.currency == currency
    ]
    return Grid(
        (f"invoice, {total.status.replace('_', ' ')}", "of", "amount"),
        (
            ("Stripe net", "", amounts.amount(currency, total.expected)),
            *steps,
            ("Metronome net", "", amounts.amount(currency, total.actual)),
        ),
        numbers=frozenset({2}),
    )


def _side_by_side(rows: Sequence[Compared]) -> Grid:
    named = {"line_item_quantities": "quantity", "credit_drawdowns": "credit"}
    return Grid(
        ("", "of", "Stripe", "Metronome", "difference", "status"),
        tuple(
            (
                named[row.check],
                row.subject,
                amounts.bare(row.subject, row.expected),
                amounts.bare(row.subject, row.actual),
                signed(row.variance, amounts.bare(row.subject, row.variance)),
                row.status.replace("_", " "),
            )
            for row in rows
        ),
        numbers=frozenset({2, 3, 4}),
    )


def _lines(currency: str, lines: Sequence[Line]) -> Iterator[Block]:
    largest = sorted(lines, key=lambda line: -abs(line.amount))[:MOST_LINES]
    shown = sorted(largest, key=lambda line: (line.side != "stripe", line.meter or "", line.kind))
    yield Grid(
        ("side", "line", "quantity", "rate (minor)", "amount"),
        tuple(
            (
                line.side,
                " ".join(
                    filter(None, (line.kind.replace("_", " "), line.product or line.meter, _values(line)))
                ),
                "" if line.quantity is None else amounts.quantity(line.quantity),
                "" if line.unit_amount is None else amounts.quantity(line.unit_amount),
                amounts.amount(currency, line.amount),
            )
            for line in shown
        ),
        numbers=frozenset({2, 3, 4}),
    )
    if len(lines) > len(shown):
        rest = amounts.counted(len(lines) - len(shown), "smaller line")
        left = sum((abs(line.amount) for line in lines), Decimal(0)) - sum(abs(each.amount) for each in shown)
        yield Sentence(f"And {rest}, {amounts.amount(currency, left)} in all; --format json has them.")


def _values(line: Line) -> str:
    return "" if line.pricing_group_values in (None, "{}") else str(line.pricing_group_values)


def _span(period: Period) -> str:
    return f"{_instant(period.start)} to {_instant(period.end)}"


def _instant(value: datetime) -> str:
    """A day, with its time of day unless it is midnight."""
    return (
        f"{value:%Y-%m-%d}"
        if value == value.replace(hour=0, minute=0, second=0)
        else f"{value:%Y-%m-%d %H:%M:%S}"
    )
