"""Who is billed when: every invoice of one customer from the start until the world is looked at.

Invoices are made in order of time, because credit that one draws is gone for the next.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from parity_pipeline.sandbox import ids
from parity_pipeline.sandbox.company import Customer, add_months
from parity_pipeline.sandbox.stripe_side.amounts import half_up, unix
from parity_pipeline.sandbox.stripe_side.credits import CreditAccount, open_account
from parity_pipeline.sandbox.stripe_side.invoices import Invoice, InvoiceLine, LinePrice, Reason, Status
from parity_pipeline.sandbox.stripe_side.metering import Meters
from parity_pipeline.sandbox.stripe_side.prices import FEE_PRODUCT, MeteredPrice, fee_price, metered_price
from parity_pipeline.sandbox.stripe_side.rating import rate
from parity_pipeline.sandbox.world import StripeQuirks, Told

FINALIZATION = timedelta(hours=1)
_PAYMENT = timedelta(minutes=5)
_REVISION = timedelta(hours=2)


@dataclass(frozen=True)
class Span:
    """The part of a billing period that one invoice bills; `billed_until` is where an earlier one stopped."""

    start: datetime
    end: datetime
    billed_until: datetime | None = None


def subscription_id(customer: str) -> str:
    """Stripe's id of a customer's subscription."""
    return f"sub_{customer}"


def item_id(customer: str, charge: str) -> str:
    """Stripe's id of the subscription item of a charge."""
    return f"si_{customer}_{charge}"


def discount_id(customer: Customer) -> str | None:
    """Stripe's id of the subscription's discount, when it has one."""
    return f"di_{customer.key}" if customer.discount_percent else None


def closed_periods(customer: Customer, as_of: datetime) -> list[tuple[datetime, datetime]]:
    """The monthly billing periods that have ended by then, oldest first."""
    periods: list[tuple[datetime, datetime]] = []
    start, end = customer.started_at, add_months(customer.started_at, 1)
    while end <= as_of:
        periods.append((start, end))
        start, end = end, add_months(customer.started_at, len(periods) + 1)
    return periods


@dataclass
class CustomerBilling:
    """The bill maker of one customer; ask it once for `invoices()`, then look at `account`."""

    told: Told
    quirks: StripeQuirks
    meters: Meters
    customer: Customer
    as_of: datetime

    def __post_init__(self) -> None:
        self.account: CreditAccount = open_account(self.customer, self.as_of)

    def invoices(self) -> list[Invoice]:
        """All invoices, in the order in which they were made."""
        made = list(self._made())
        self.account.expire(self.as_of)
        return made

    def _made(self) -> Iterator[Invoice]:
        key, started_at = self.customer.key, self.customer.started_at
        if self.customer.monthly_fee and started_at <= self.as_of:
            yield self._invoice("in_{}_000", "subscription_create", (started_at, started_at), None)
        periods = closed_periods(self.customer, self.as_of)
        for number, (start, end) in enumerate(periods, start=1):
            name, last = f"in_{{}}_{number:03d}", number == len(periods)
            half = start + timedelta(days=15)
            early = last and key in self.quirks.threshold_billed
            if early:
                span = Span(start, half)
                yield self._invoice(name + "t", "subscription_threshold", (start, half), span)
            span = Span(start, end, billed_until=half if early else None)
            invoice = self._invoice(name, "subscription_cycle", (start, end), span)
            revised_at = invoice.finalizes_at + _REVISION
            if last and key in self.quirks.voided_and_revised and revised_at <= self.as_of:
                yield from self._revised(invoice, revised_at)
            else:
                yield invoice

    def _invoice(
        self, name: str, reason: Reason, period: tuple[datetime, datetime], span: Span | None
    ) -> Invoice:
        customer = self.customer
        invoice_id = name.format(customer.key)
        finalizes_at = period[1] + FINALIZATION
        lines = list(self._usage_lines(invoice_id, span)) if span else []
        if customer.monthly_fee and reason != "subscription_threshold":
            lines.append(self._fee_line(f"il_{invoice_id[3:]}_fee", period[1]))
        invoice = Invoice(
            invoice_id=invoice_id,
            customer=ids.stripe_customer(customer.key),
            currency=customer.currency,
            reason=reason,
            status="draft",
            created_at=period[1],
            finalizes_at=finalizes_at,
            period_start=period[0],
            period_end=period[1],
            lines=tuple(self._discounted(line) for line in lines),
            subscription=subscription_id(customer.key),
            discount_id=discount_id(customer),
            tax_behavior="inclusive" if customer.tax_inclusive else "exclusive",
            tax_percent=customer.tax_percent,
        )
        return self._settled(invoice)

    def _usage_lines(self, invoice_id: str, span: Span) -> Iterator[InvoiceLine]:
        number = 0
        for key in self.customer.charges:
            price = metered_price(self.told.charges[key], self.customer)
            if price.formula == "last" and span.end != add_months(span.start, 1):
                continue  # a last value is known when its period ends
            usage, billed = self._quantities(price, span)
            line_price = LinePrice(
                price.price_id, price.product, item_id(self.customer.key, key), Decimal(0), metered=True
            )
            for rated in rate(price, usage, billed=billed):
                number += 1
                yield InvoiceLine(
                    line_id=f"il_{invoice_id[3:]}_{number:03d}",
                    description=rated.label,
                    amount=rated.amount,
                    quantity=rated.quantity,
                    start=span.start if billed is None else span.billed_until or span.start,
                    end=span.end,
                    price=replace(line_price, unit_amount=rated.unit_amount),
                )

    def _quantities(self, price: MeteredPrice, span: Span) -> tuple[Decimal, Decimal | None]:
        place = (self.customer.key, price.event_name, unix(span.start))
        usage = self.meters.usage(*place, unix(span.end))
        if span.billed_until is None or price.formula == "last":
            return usage, None
        return usage, self.meters.usage(*place, unix(span.billed_until))

    def _fee_line(self, line_id: str, start: datetime) -> InvoiceLine:
        price = fee_price(self.customer)
        item = item_id(self.customer.key, "fee")
        return InvoiceLine(
            line_id=line_id,
            description="1 x Platform fee",
            amount=half_up(price.unit_amount),
            quantity=Decimal(1),
            start=start,
            end=add_months(start, 1),
            price=LinePrice(price.price_id, FEE_PRODUCT, item, price.unit_amount, metered=False),
        )

    def _discounted(self, line: InvoiceLine) -> InvoiceLine:
        if line.price is None or not line.price.metered:
            return line  # the coupon is for usage products only
        return replace(line, discount=half_up(line.amount * self.customer.discount_percent / 100))

    def _settled(self, invoice: Invoice) -> Invoice:
        """Draw credit and charge the invoice when it is time, and add tax in any case."""
        status: Status = "draft"
        paid_at: datetime | None = None
        if invoice.finalizes_at <= self.as_of:
            invoice = self._with_credit(invoice)
            paid_at = invoice.finalizes_at + _PAYMENT
            status = "paid" if paid_at <= self.as_of else "open"
        lines = tuple(replace(line, tax=_tax(line, invoice)) for line in invoice.lines)
        return replace(invoice, lines=lines, status=status, paid_at=paid_at if status == "paid" else None)

    def _with_credit(self, invoice: Invoice) -> Invoice:
        drawn = self.account.draw(
            invoice_id=invoice.invoice_id,
            period_end=invoice.period_end,
            at=invoice.finalizes_at,
            open_amounts={
                line.line_id: line.taxable for line in invoice.lines if line.price and line.price.metered
            },
        )
        return replace(
            invoice,
            lines=tuple(
                replace(line, credits=tuple(move for move in drawn if move.line_id == line.line_id))
                for line in invoice.lines
            ),
        )

    def _revised(self, invoice: Invoice, at: datetime) -> Iterator[Invoice]:
        """The invoice voided, and the same lines again on a revision that is final at once."""
        self.account.give_back(invoice.invoice_id, at)
        new_id = invoice.invoice_id + "r"
        yield replace(invoice, status="void", voided_at=at, paid_at=None, latest_revision=new_id)
        lines = tuple(
            replace(line, line_id=f"il_{new_id[3:]}_{number:03d}", credits=(), tax=0)
            for number, line in enumerate(invoice.lines, start=1)
        )
        yield self._settled(
            replace(
                invoice, invoice_id=new_id, lines=lines, created_at=at, finalizes_at=at,
                revision_of=invoice.invoice_id,
            )
        )  # fmt: skip


def _tax(line: InvoiceLine, invoice: Invoice) -> int:
    percent = invoice.tax_percent
    if invoice.tax_behavior == "inclusive":
        return half_up(line.taxable * percent / (100 + percent))
    return half_up(line.taxable * percent / 100)
