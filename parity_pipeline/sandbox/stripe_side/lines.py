"""The lines of a customer's invoices: usage by its prices, fees in advance, and prorations of a fee.

What is taken off a line, and taxes, are decided in billing.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from parity_pipeline.sandbox.facts import Customer
from parity_pipeline.sandbox.readings import StripeReadings
from parity_pipeline.sandbox.stripe_side.amounts import rounded, unix
from parity_pipeline.sandbox.stripe_side.invoices import InvoiceLine, LinePrice, Proration
from parity_pipeline.sandbox.stripe_side.metering import Meters
from parity_pipeline.sandbox.stripe_side.names import item_id
from parity_pipeline.sandbox.stripe_side.periods import Period
from parity_pipeline.sandbox.stripe_side.prices import (
    FEE_PRODUCT,
    FeePrice,
    MeteredPrice,
    PriceBook,
    fee_price,
)
from parity_pipeline.sandbox.stripe_side.rating import RatedLine, free, rate

_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Span:
    """The part of a billing period that one invoice bills, and until when the meters counted for it.

    `early` is the part that an earlier invoice of the period billed.
    """

    period: Period
    end: datetime
    known_at: datetime
    early: "Span | None" = None


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a period in which one price holds."""

    start: datetime
    end: datetime
    price: MeteredPrice
    is_free: bool


def is_flexible(customer: Customer) -> bool:
    """Whether the subscription is in flexible billing mode: those whose prices change."""
    return customer.price_change is not None


@dataclass(frozen=True, slots=True)
class LineMaker:
    """Makes the lines of one customer's invoices."""

    customer: Customer
    prices: PriceBook
    meters: Meters
    readings: StripeReadings

    def usage_lines(self, invoice_id: str, span: Span) -> Iterator[InvoiceLine]:
        """What was used in a span, charge by charge, each part by the price that held in it."""
        number = 0
        for charge in self.customer.charges:
            for part in self._parts(charge, span.period):
                if not _is_due(part, span):
                    continue
                window = (_begins(part, span), min(part.end, span.end))
                for rated in self._rated(part, span):
                    number += 1
                    yield self._usage_line(f"il_{invoice_id[3:]}_{number:03d}", charge, part, rated, window)

    def fee_line(self, invoice_id: str, period: Period) -> InvoiceLine | None:
        """The fee of the period that begins, if there is a fee then."""
        price = fee_price(self.customer, period.start)
        if price is None:
            return None
        return InvoiceLine(
            line_id=f"il_{invoice_id[3:]}_fee",
            description="1 x Platform fee",
            amount=rounded(price.unit_amount, self.readings.half_cents),
            quantity=_ONE,
            start=period.start,
            end=period.whole_end,
            price=self._fee_origin(price),
        )

    def prorations(self, invoice_id: str, period: Period, paid_on: str) -> Iterator[InvoiceLine]:
        """What a change of the fee, or leaving, within a period gives back and charges.

        `paid_on` is the invoice on which the fee of the period was paid.
        """
        changed_at = self._fee_changes_at(period)
        if changed_at is None:
            return
        before = fee_price(self.customer, period.start)
        after = None if period.is_cut else fee_price(self.customer, changed_at)
        told = ((before, -1, "Unused", "a"), (after, 1, "Remaining", "b"))
        for price, sign, word, suffix in told:
            if price is not None:
                credited = (paid_on, f"il_{paid_on[3:]}_fee") if sign < 0 else None
                item = Proration(f"ii_{invoice_id[3:]}_{suffix}", credited)
                amount = sign * price.unit_amount * _share(changed_at, period)
                yield InvoiceLine(
                    line_id=f"il_{invoice_id[3:]}_pro_{suffix}",
                    description=f"{word} time on Platform fee after {changed_at:%d %b %Y}",
                    amount=rounded(amount, self.readings.half_cents),
                    quantity=_ONE,
                    start=changed_at,
                    end=period.whole_end,
                    price=self._fee_origin(price),
                    proration=item,
                )

    def _fee_changes_at(self, period: Period) -> datetime | None:
        if period.is_cut:
            return period.end
        change = self.customer.fee_change
        return change.at if change is not None and period.start < change.at < period.end else None

    def _parts(self, charge: str, period: Period) -> list[_Part]:
        """The period cut at the end of a trial and at a change of the price, where those lie within it."""
        customer = self.customer
        price, later = self.prices.starting(charge, customer), self.prices.changed(charge, customer)
        change_at = customer.price_change.at if later and customer.price_change else None
        trial_ends = customer.trial_ends_at
        cuts = sorted({each for each in (change_at, trial_ends) if each and period.start < each < period.end})
        bounds = [period.start, *cuts, period.end]
        return [
            _Part(
                start,
                end,
                later if later and change_at and change_at <= start else price,
                trial_ends is not None and start < trial_ends,
            )
            for start, end in pairwise(bounds)
        ]

    def _rated(self, part: _Part, span: Span) -> list[RatedLine]:
        place = (self.customer.key, part.price.event_name, unix(part.start))
        upto = unix(min(part.end, span.end))
        usage = self.meters.usage(*place, upto, known_at=unix(span.known_at))
        billed: Decimal | None = None
        if span.early is not None and _begins(part, span) > part.start:
            early_end, early_known_at = unix(span.early.end), unix(span.early.known_at)
            billed = self.meters.usage(*place, early_end, known_at=early_known_at)
        if part.is_free:
            lines = [free(part.price, usage, billed=billed, flexible=is_flexible(self.customer))]
        else:
            lines = rate(part.price, usage, billed=billed, halves=self.readings.half_cents)
        if self.readings.zero_usage_lines or any(line.quantity for line in lines):
            return lines
        return [line for line in lines if line.amount]

    def _usage_line(
        self, line_id: str, charge: str, part: _Part, rated: RatedLine, window: tuple[datetime, datetime]
    ) -> InvoiceLine:
        price, item = part.price, item_id(self.customer.key, charge)
        return InvoiceLine(
            line_id=line_id,
            description=rated.label,
            amount=rated.amount,
            quantity=rated.quantity,
            start=window[0],
            end=window[1],
            price=LinePrice(
                price.price_id, price.product, item, rated.unit_amount, metered=True, charge=charge
            ),
        )

    def _fee_origin(self, price: FeePrice) -> LinePrice:
        item = item_id(self.customer.key, "fee")
        return LinePrice(price.price_id, FEE_PRODUCT, item, price.unit_amount, metered=False)


def _is_due(part: _Part, span: Span) -> bool:
    """Whether the span bills the part; a last value is known when its period ends."""
    if part.price.formula == "last":
        return span.end == span.period.end
    is_billed = span.early is not None and part.end <= span.early.end
    return part.start < span.end and not is_billed


def _begins(part: _Part, span: Span) -> datetime:
    """Where what the span bills of a part begins: behind what was billed early."""
    if span.early is None or part.price.formula == "last":
        return part.start
    return max(part.start, span.early.end)


def _share(moment: datetime, period: Period) -> Decimal:
    """How much of a period lies after an instant, by the second."""
    left, whole = (unix(period.whole_end) - unix(each) for each in (moment, period.start))
    return Decimal(left) / Decimal(whole)
