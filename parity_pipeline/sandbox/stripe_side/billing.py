"""Who is billed when: every invoice of one customer from the start until the world is looked at.

Invoices are made in order of time, because credit that one draws is gone for the next.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from parity_pipeline.sandbox import ids
from parity_pipeline.sandbox.facts import Customer
from parity_pipeline.sandbox.readings import StripeReadings
from parity_pipeline.sandbox.stripe_side.credits import CreditAccount, OpenAmount, open_account
from parity_pipeline.sandbox.stripe_side.deductions import discounted, refund_of, taxed
from parity_pipeline.sandbox.stripe_side.invoices import CreditNote, Invoice, InvoiceLine, Reason
from parity_pipeline.sandbox.stripe_side.lines import LineMaker, Span
from parity_pipeline.sandbox.stripe_side.metering import Meters
from parity_pipeline.sandbox.stripe_side.names import discount_id, subscription_id
from parity_pipeline.sandbox.stripe_side.periods import Period, begun_periods
from parity_pipeline.sandbox.stripe_side.prices import PriceBook
from parity_pipeline.sandbox.world import StripeQuirks

FINALIZATION = timedelta(hours=1)
_PAYMENT = timedelta(minutes=5)
_REVISION = timedelta(hours=2)
_EARLY = timedelta(days=15)


@dataclass
class CustomerBilling:
    """The bill maker of one customer; ask it once for `invoices()`, then look at the rest."""

    customer: Customer
    prices: PriceBook
    meters: Meters
    now: datetime
    quirks: StripeQuirks = field(default_factory=StripeQuirks)
    readings: StripeReadings = field(default_factory=StripeReadings)

    def __post_init__(self) -> None:
        self.account: CreditAccount = open_account(self.customer, self.prices, self.now)
        self.credit_notes: list[CreditNote] = []
        self._lines = LineMaker(self.customer, self.prices, self.meters, self.readings)

    def invoices(self) -> list[Invoice]:
        """All invoices, in the order in which they were made."""
        made = [self._refunded(invoice) for invoice in self._made()]
        self.account.close(self.now)
        return made

    def _made(self) -> Iterator[Invoice]:
        if self.customer.started_at > self.now:
            return
        periods = begun_periods(self.customer, self.now)
        if opening := self._lines.fee_line(self._invoice_id(0), periods[0]):
            start = periods[0].start
            draft = self._draft(self._invoice_id(0), "subscription_create", (start, start), number=0)
            yield self._settled(draft, [opening])
        closed = [period for period in periods if period.end <= self.now]
        for period in periods:
            yield from self._period(period, is_last=bool(closed) and period is closed[-1])

    def _period(self, period: Period, *, is_last: bool) -> Iterator[Invoice]:
        """The invoices of one period so far; `is_last` is the last one that has ended."""
        key, half = self.customer.key, period.start + _EARLY
        if is_last and key in self.quirks.missing_last_invoice:
            return
        early: Invoice | None = None
        is_early = self.customer.billed_early or (is_last and key in self.quirks.threshold_billed)
        if is_early and half < period.end and half <= self.now:
            early = self._threshold(period, half)
            yield early
        if period.end > self.now:
            return
        invoice = self._cycle(period, early)
        if is_last and key in self.quirks.voided_and_revised:
            yield from self._revised(invoice)
        else:
            yield invoice

    def _threshold(self, period: Period, half: datetime) -> Invoice:
        invoice_id = f"{self._invoice_id(period.number)}t"
        draft = self._draft(invoice_id, "subscription_threshold", (period.start, half), number=period.number)
        span = Span(period, half, self._known_at(draft))
        return self._settled(draft, self._lines.usage_lines(invoice_id, span))

    def _cycle(self, period: Period, early: Invoice | None) -> Invoice:
        """The invoice at the end of a period: prorations, its usage, and the fee of the next one."""
        invoice_id = self._invoice_id(period.number)
        reason: Reason = "subscription_update" if period.is_cut else "subscription_cycle"
        draft = self._draft(invoice_id, reason, (period.start, period.end), number=period.number)
        span = Span(
            period,
            period.end,
            self._known_at(draft),
            early=Span(period, early.period_end, self._known_at(early)) if early else None,
        )
        lines = [
            *self._lines.prorations(invoice_id, period, self._invoice_id(period.number - 1)),
            *self._lines.usage_lines(invoice_id, span),
        ]
        ended_at = self.customer.ended_at
        if ended_at is None or ended_at > period.end:
            fee = self._lines.fee_line(invoice_id, period.following())
            lines += [fee] if fee else []
        return self._settled(draft, lines)

    def _invoice_id(self, number: int) -> str:
        return f"in_{self.customer.key}_{number:03d}"

    def _draft(
        self, invoice_id: str, reason: Reason, window: tuple[datetime, datetime], *, number: int
    ) -> Invoice:
        """The invoice as it is made, without lines."""
        customer, paused_at = self.customer, self.customer.collection_paused_at
        is_kept = paused_at is not None and paused_at <= window[1]
        return Invoice(
            invoice_id=invoice_id,
            customer=ids.stripe_customer(customer.key),
            currency=customer.currency,
            reason=reason,
            status="draft",
            created_at=window[1],
            finalizes_at=None if is_kept else window[1] + FINALIZATION,
            period_start=window[0],
            period_end=window[1],
            lines=(),
            subscription=subscription_id(customer.key),
            discount_id=discount_id(customer),
            tax_behavior="inclusive" if customer.tax_inclusive else "exclusive",
            tax_percent=customer.tax_percent,
            period_number=number,
            total_nets_credit=self.readings.totals_net_of_credit,
        )

    def _known_at(self, invoice: Invoice) -> datetime:
        """Until when an invoice counts what the meters receive."""
        return min(self.now, invoice.finalizes_at or self.now)

    def _settled(self, invoice: Invoice, lines: Iterable[InvoiceLine]) -> Invoice:
        """The invoice with its lines: discounts and tax in any case, credit and payment when it is time."""
        kept = tuple(discounted(line, self.customer) for line in lines)
        finalizes_at = invoice.finalizes_at
        if finalizes_at is None or finalizes_at > self.now:
            return replace(invoice, lines=tuple(taxed(line, invoice) for line in kept))
        kept = tuple(self._with_credit(kept, invoice, finalizes_at))
        paid_at = finalizes_at + _PAYMENT
        return replace(
            invoice,
            lines=tuple(taxed(line, invoice) for line in kept),
            status="paid" if paid_at <= self.now else "open",
            paid_at=paid_at if paid_at <= self.now else None,
        )

    def _with_credit(
        self, lines: tuple[InvoiceLine, ...], invoice: Invoice, at: datetime
    ) -> Iterator[InvoiceLine]:
        drawn = self.account.draw(
            invoice_id=invoice.invoice_id,
            period_end=invoice.period_end,
            at=at,
            lines=[
                OpenAmount(line.line_id, line.price.price_id, line.taxable)
                for line in lines
                if line.price and line.price.metered
            ],
        )
        for line in lines:
            mine = tuple(move for move in drawn if move.line_id == line.line_id)
            yield replace(line, credits=mine) if mine else line

    def _revised(self, invoice: Invoice) -> Iterator[Invoice]:
        """The invoice voided, and the same lines again on a revision that is final at once."""
        at = invoice.finalizes_at + _REVISION if invoice.finalizes_at else None
        if at is None or at > self.now:
            yield invoice
            return
        self.account.give_back(invoice.invoice_id, at)
        new_id = invoice.invoice_id + "r"
        yield replace(invoice, status="void", voided_at=at, paid_at=None, latest_revision=new_id)
        lines = [
            replace(line, line_id=f"il_{new_id[3:]}_{number:03d}", credits=(), tax=0)
            for number, line in enumerate(invoice.lines, start=1)
        ]
        yield self._settled(
            replace(
                invoice, invoice_id=new_id, created_at=at, finalizes_at=at, revision_of=invoice.invoice_id
            ),
            lines,
        )

    def _refunded(self, invoice: Invoice) -> Invoice:
        """The invoice, with what a credit note gives back of it by now."""
        note = refund_of(invoice, self.customer, self.now)
        if note is None:
            return invoice
        self.credit_notes.append(note)
        return replace(invoice, credited=note.amount)
