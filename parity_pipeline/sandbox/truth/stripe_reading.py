"""Stripe's books in the terms of the checks: what was billed by period, and what the meters counted.

Reads the Python books, never the JSON; the definitions are the contract's, the mechanics Stripe's own.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from parity_pipeline.sandbox.facts import Customer
from parity_pipeline.sandbox.stripe_side.books import Books
from parity_pipeline.sandbox.stripe_side.invoices import Invoice, InvoiceLine
from parity_pipeline.sandbox.truth.billed import Account, billed_in
from parity_pipeline.sandbox.truth.mapping import Meter
from parity_pipeline.sandbox.truth.periods import Span, billing_cycles, holding, hour_of
from parity_pipeline.sandbox.world import World

_FINAL = frozenset({"open", "paid", "uncollectible"})
_HOUR, _DAY = 3600, 86400


class StripeReading:
    """What the pipeline ought to learn from Stripe."""

    def __init__(self, world: World, books: Books, meters: Iterable[Meter]) -> None:
        """Nothing is added up before it is asked for."""
        self._now = world.now
        self._books = books
        self._event_names = {charge: meter.event_name for meter in meters for charge in meter.charges}

    def billed(self, customer: Customer) -> Account:
        """Net usage charges, credit and quantities by billing period and currency.

        Left out are void invoices, those without a subscription, such as pushed ones, and those made at the
        world's `now` or later, for nothing at or after that instant counts.
        """
        account: Account = {}
        cycles = list(billing_cycles(customer, self._now))
        for invoice in self._books.invoices.get(customer.key, ()):
            is_ours = invoice.subscription is not None and invoice.created_at < self._now
            if invoice.status == "void" or not is_ours:
                continue
            for line in invoice.lines:
                if line.price is not None and line.price.metered:
                    self._add_line(account, _cycle(cycles, line.start, invoice), invoice, line)
            if invoice.reason != "subscription_create" and invoice.period_start < invoice.period_end:
                # A period in which nothing was used is a billed period too.
                cycle = _cycle(cycles, invoice.period_start, invoice)
                billed_in(account, cycle, invoice.currency).is_final &= invoice.status in _FINAL
        return account

    def _add_line(self, account: Account, cycle: Span, invoice: Invoice, line: InvoiceLine) -> None:
        entry = billed_in(account, cycle, invoice.currency)
        entry.is_final &= invoice.status in _FINAL
        inside = line.tax if invoice.tax_behavior == "inclusive" else 0
        entry.charge(
            Decimal(line.taxable - inside), drawn=Decimal(line.credit), is_money_line=line.amount != 0
        )
        if line.price is not None:
            entry.measure(self._event_names[line.price.charge], line.quantity)

    def usage(self, customer: str, event_name: str, span: Span) -> Decimal | None:
        """What a meter counted in a window, as it is known now; None when nothing happened in it."""
        series = self._books.meters.series.get((customer, event_name))
        if series is None:
            return None
        return series.total(int(span.start.timestamp()), int(span.end.timestamp()))

    def daily(self, customer: str, event_name: str, window: Span) -> dict[datetime, Decimal]:
        """What a meter counted on each UTC day of a window on which anything happened, by the day's start."""
        series = self._books.meters.series.get((customer, event_name))
        if series is None:
            return {}
        happened = [*series.times, *(each.at for each in series.odd)]
        found: dict[datetime, Decimal] = {}
        for opens in sorted({moment - moment % _DAY for moment in happened}):
            day = datetime.fromtimestamp(opens, UTC)
            value = series.total(opens, opens + _DAY) if window.holds(day) else None
            if value is not None:
                found[day] = value
        return found

    def edge_usage(self, customer: str, meter: Meter, span: Span) -> Decimal:
        """The usage of the hours in which a period begins or ends between two hours."""
        if not meter.is_additive:
            return Decimal(0)
        total = Decimal(0)
        for bound in (span.start, span.end):
            opens = int(hour_of(bound).timestamp())
            if bound != hour_of(bound) and opens + _HOUR <= self._now.timestamp():
                series = self._books.meters.series.get((customer, meter.event_name))
                total += (series.total(opens, opens + _HOUR) if series else None) or Decimal(0)
        return total


def _cycle(cycles: list[Span], moment: datetime, invoice: Invoice) -> Span:
    found = holding(cycles, moment)
    if found is None:
        raise ValueError(f"invoice {invoice.invoice_id} bills {moment}, which lies in no billing period")
    return found
