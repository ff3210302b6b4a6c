"""Which event summaries of Stripe a run needs.

Sums and counts are asked by UTC day, and by hour around period bounds that fall inside an hour. Every other
formula does not add up over days, so it is asked once for the whole UTC days of each billing period, also of
one that no invoice names.
"""

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import groupby
from typing import Final, Literal

from parity_pipeline.periods import HOUR, Period, Window, floor_hour, from_unix, rfc3339
from parity_pipeline.sources.stripe import ItemFact, LineFact, StripeFacts

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


def summary_asks(facts: StripeFacts, window: Window, also: Container[str] = ()) -> Iterator[SummaryAsk]:
    """All questions of a run, each once, in order; `also` names customers besides the metered ones."""
    for customer in _in_order(facts.items.keys, facts.lines.keys, facts.customers):
        items, lines = facts.items.of(customer), facts.lines.of(customer)
        is_metered = items or any(line.price in facts.price_meters for line in lines)
        asks = {
            SummaryAsk(customer, meter, "none", period)
            for meter, period in _unadditive_periods(facts, window, items, lines)
        }
        asks.update(_edge_asks(facts, window, lines))
        if is_metered or (customer in also and customer in facts.customers):
            asks.update(_day_asks(facts, window, customer))
        yield from sorted(asks)


def day_asks(facts: StripeFacts, window: Window) -> Iterator[SummaryAsk]:
    """The questions about whole days, of the customers with a metered item: others may follow."""
    for customer in facts.items.keys:
        yield from _day_asks(facts, window, customer)


def unadditive_periods(facts: StripeFacts, window: Window) -> set[Period]:
    """The whole days of all billing periods of meters that do not add up over days."""
    return {
        period
        for customer in _in_order(facts.items.keys, facts.lines.keys)
        for _, period in _unadditive_periods(
            facts, window, facts.items.of(customer), facts.lines.of(customer)
        )
    }


def is_additive(facts: StripeFacts, meter: str) -> bool:
    """Whether a meter's usage adds up over days."""
    return facts.meters[meter].default_aggregation.formula in ADDITIVE


def _in_order(*keys: Iterable[str]) -> Iterator[str]:
    """What is in any of them, each once."""
    return (key for key, _ in groupby(merge(*keys)))


def _day_asks(facts: StripeFacts, window: Window, customer: str) -> Iterator[SummaryAsk]:
    days = window.whole_days
    for meter in () if days.is_empty else facts.meters:
        if is_additive(facts, meter):
            yield SummaryAsk(customer, meter, "day", days)


def _unadditive_periods(
    facts: StripeFacts, window: Window, items: Iterable[ItemFact], lines: Iterable[LineFact]
) -> Iterator[tuple[str, Period]]:
    """Meter and the whole days of each billing period of one customer.

    The windows that `int_summary_windows__asked.sql` compares are the same.
    """
    for meter, periods in _billing_periods(facts, items, lines).items():
        if meter in facts.meters and not is_additive(facts, meter):
            for period in periods:
                days = period.until(window.as_of).whole_days()
                if period.start >= window.start and not days.is_empty:
                    yield meter, days


def _billing_periods(
    facts: StripeFacts, items: Iterable[ItemFact], lines: Iterable[LineFact]
) -> dict[str, list[Period]]:
    """The billing periods that are known of each meter of one customer, and the gaps between them.

    Periods are contiguous, so a gap is one whose invoice is not there: not made yet, or deleted.
    """
    known: defaultdict[str, set[Period]] = defaultdict(set)
    for line in lines:
        if line.price in facts.price_meters:
            known[facts.price_meters[line.price]].add(Period(from_unix(line.start), from_unix(line.end)))
    for item in items:
        if item.start is not None and item.end is not None:
            known[item.meter].add(Period(from_unix(item.start), from_unix(item.end)))
    return {meter: sorted(periods | set(_gaps(periods))) for meter, periods in known.items()}


def _gaps(periods: Collection[Period]) -> Iterator[Period]:
    """What lies between periods, which may overlap."""
    known_until = None
    for period in sorted(periods):
        if known_until is not None and known_until < period.start:
            yield Period(known_until, period.start)
        known_until = max(known_until or period.end, period.end)


def _edge_asks(facts: StripeFacts, window: Window, lines: Iterable[LineFact]) -> Iterator[SummaryAsk]:
    for line in lines:
        meter = facts.price_meters.get(line.price)
        if meter not in facts.meters or not is_additive(facts, meter) or from_unix(line.start) < window.start:
            continue
        for bound in (from_unix(line.start), from_unix(line.end)):
            hour = Period(floor_hour(bound), floor_hour(bound) + HOUR)
            if hour.start != bound and hour.end <= window.as_of:
                yield SummaryAsk(line.customer, meter, "hour", hour)
