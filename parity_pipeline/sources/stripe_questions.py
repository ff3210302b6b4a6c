"""Which event summaries of Stripe a run needs.

Sums and counts are asked by UTC day, and by hour around period bounds that fall inside an hour. Every other
formula does not add up over days, so it is asked once for the whole UTC days of each billing period, also of
one that no invoice names.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from parity_pipeline.periods import HOUR, Period, Window, floor_hour, from_unix, rfc3339
from parity_pipeline.sources.stripe import StripeFacts

ADDITIVE: Final = frozenset({"sum", "count"})
Grouping = Literal["day", "hour", "none"]


@dataclass(frozen=True, order=True, slots=True)
class SummaryAsk:
    """One question: what did this customer use of this meter in this period, in buckets of which size?"""

    customer: str
    meter: str
    grouping: Grouping
    period: Period

    @property
    def text(self) -> str:
        """The question in one line."""
        return " ".join(
            (self.customer, self.meter, self.grouping, rfc3339(self.period.start), rfc3339(self.period.end))
        )


def metered_customers(facts: StripeFacts) -> set[str]:
    """The customers with a metered subscription item or a metered invoice line."""
    billed = {line.customer for line in facts.lines if line.price in facts.price_meters}
    return billed | {item.customer for item in facts.items}


def billing_periods(facts: StripeFacts) -> dict[tuple[str, str], list[Period]]:
    """The billing periods that are known of each customer's meter, and the gaps between them.

    Periods are contiguous, so a gap is one whose invoice is not there: not made yet, or deleted.
    """
    known: dict[tuple[str, str], set[Period]] = {}
    for line in facts.lines:
        if line.price in facts.price_meters:
            period = Period(from_unix(line.start), from_unix(line.end))
            known.setdefault((line.customer, facts.price_meters[line.price]), set()).add(period)
    for item in facts.items:
        if item.start is not None and item.end is not None:
            period = Period(from_unix(item.start), from_unix(item.end))
            known.setdefault((item.customer, item.meter), set()).add(period)
    return {whose: sorted(periods | set(_gaps(periods))) for whose, periods in known.items()}


def unadditive_periods(facts: StripeFacts, window: Window) -> set[tuple[str, str, Period]]:
    """Customer, meter and the whole days of each billing period, for meters that do not add up over days.

    The windows that `int_summary_windows__asked.sql` compares are the same.
    """
    whole = {
        (customer, meter, period.until(window.as_of).whole_days())
        for (customer, meter), periods in billing_periods(facts).items()
        if meter in facts.meters and not is_additive(facts, meter)
        for period in periods
        if period.start >= window.start
    }
    return {found for found in whole if not found[2].is_empty}


def summary_asks(facts: StripeFacts, window: Window, also: Collection[str] = ()) -> list[SummaryAsk]:
    """All questions of a run, each once, in order; `also` names customers besides the metered ones."""
    asks = {
        SummaryAsk(customer, meter, "none", period)
        for customer, meter, period in unadditive_periods(facts, window)
    }
    asks |= set(day_asks(facts, window, also))
    asks |= set(_edge_asks(facts, window))
    return sorted(asks)


def day_asks(facts: StripeFacts, window: Window, also: Collection[str] = ()) -> Iterator[SummaryAsk]:
    """The questions about whole days: those about what is known so far, others may follow."""
    days = window.whole_days
    if not days.is_empty:
        for customer in metered_customers(facts) | (set(also) & facts.customers):
            for meter in facts.meters:
                if is_additive(facts, meter):
                    yield SummaryAsk(customer, meter, "day", days)


def is_additive(facts: StripeFacts, meter: str) -> bool:
    """Whether a meter's usage adds up over days."""
    return facts.meters[meter].default_aggregation.formula in ADDITIVE


def _gaps(periods: Collection[Period]) -> Iterator[Period]:
    """What lies between periods, which may overlap."""
    known_until = None
    for period in sorted(periods):
        if known_until is not None and known_until < period.start:
            yield Period(known_until, period.start)
        known_until = max(known_until or period.end, period.end)


def _edge_asks(facts: StripeFacts, window: Window) -> Iterator[SummaryAsk]:
    for line in facts.lines:
        meter = facts.price_meters.get(line.price)
        if meter not in facts.meters or not is_additive(facts, meter) or from_unix(line.start) < window.start:
            continue
        for bound in (from_unix(line.start), from_unix(line.end)):
            hour = Period(floor_hour(bound), floor_hour(bound) + HOUR)
            if hour.start != bound and hour.end <= window.as_of:
                yield SummaryAsk(line.customer, meter, "hour", hour)
