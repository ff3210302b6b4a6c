"""Metronome's books in the terms of the checks: what was billed by period, counted, covered and rated.

Reads the Python books, never the JSON; the definitions are the contract's, the mechanics Metronome's own.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from parity_pipeline.sandbox import ids
from parity_pipeline.sandbox.metronome_side.billing import Books
from parity_pipeline.sandbox.metronome_side.catalogue import Metric, Product
from parity_pipeline.sandbox.metronome_side.contracts import Contract
from parity_pipeline.sandbox.metronome_side.lines import Line
from parity_pipeline.sandbox.metronome_side.usage import Series, Usage
from parity_pipeline.sandbox.truth.billed import Account, Billed, billed_in
from parity_pipeline.sandbox.truth.mapping import Meter, meter_of
from parity_pipeline.sandbox.truth.periods import Span, midnight
from parity_pipeline.sandbox.truth.rows import EXACT

_PER_UNIT = {"usd": Decimal(1), "eur": Decimal(100), "jpy": Decimal(1)}
"""Minor units in one of Metronome's units: dollars are in cents, every other currency in whole units."""

Values = tuple[str | None, ...]


class MetronomeReading:
    """What the pipeline ought to learn from Metronome."""

    def __init__(self, books: Books, meters: tuple[Meter, ...]) -> None:
        """Nothing is added up before it is asked for."""
        self._books = books
        self._meters = meters
        self._metrics = {metric.event_name: metric for metric in books.catalogue.metrics}
        self._charged = {product.id for product in books.catalogue.charged_products}
        self._contracts: dict[str, list[Contract]] = {}
        for contract in books.contracts:
            self._contracts.setdefault(contract.customer_id, []).append(contract)
        self._products: dict[str, dict[str, Product]] = {}
        for product in books.catalogue.usage_products.values():
            if product.metric is not None:
                self._products.setdefault(product.metric.event_name, {})[product.id] = product

    def billed(self, customer: str) -> Account:
        """Net usage charges, draw-downs and quantities by billing period and currency.

        Void invoices and those without a period, which bill fees in advance, are left out.
        """
        account: Account = {}
        for invoice in self._books.invoices.get(ids.metronome_customer(customer), ()):
            if invoice.status == "VOID" or invoice.period is None:
                continue
            currency = invoice.contract.currency
            entry = billed_in(account, Span(invoice.period.start, invoice.period.end), currency)
            entry.is_final &= invoice.status == "FINALIZED"
            for line in invoice.lines:
                self._add_line(entry, line, currency)
        return account

    def _add_line(self, entry: Billed, line: Line, currency: str) -> None:
        is_converted = line.type == "cpu_conversion"
        if not is_converted and (line.product is None or line.product.id not in self._charged):
            return
        if line.type == "usage":
            self._measure(entry, line)
        is_money = is_converted or line.unit.name.lower().split(" ")[0] == currency
        if not is_money or line.is_postpaid_draw:
            return
        amount = EXACT.multiply(line.total, _PER_UNIT[currency])
        drawn = -amount if line.type == "applied_commit_or_credit" else Decimal(0)
        entry.charge(amount, drawn=drawn, is_money_line=bool(amount))

    def _measure(self, entry: Billed, line: Line) -> None:
        product = line.product
        if product is None or product.metric is None or line.quantity is None:
            return
        meter = meter_of(self._meters, product.metric.event_name, dict(line.values))
        if meter is not None:
            raw = EXACT.multiply(line.quantity, product.divisor)
            step = product.divisor if product.is_rounded_up else Decimal(0)
            entry.measure(meter.event_name, raw, rounded_up=step)

    def usage(self, customer: str, meter: Meter, span: Span) -> Decimal | None:
        """What the metric of a meter aggregates over a window; None when nothing happened in it."""
        metric = self._metrics.get(meter.metric_event_name)
        used = self._books.usage.of(customer, meter.metric_event_name)
        series = _of_values(used, meter) if used else None
        if metric is None or series is None:
            return None
        return series.value(metric.aggregation, span.start, span.end)

    def daily(self, customer: str, meter: Meter, window: Span) -> dict[datetime, Decimal]:
        """What a meter's metric aggregates over each UTC day with an event, by the day's start."""
        metric = self._metrics.get(meter.metric_event_name)
        used = self._books.usage.of(customer, meter.metric_event_name)
        series = _of_values(used, meter) if used else None
        return {} if metric is None or series is None else by_day(metric, series, window)

    def used_days(self, customer: str, window: Span) -> set[datetime]:
        """The UTC days of a window with usage of any metric."""
        used = ((metric, self._books.usage.of(customer, name)) for name, metric in self._metrics.items())
        return {
            day
            for metric, usage in used
            if usage is not None
            for day, value in by_day(metric, usage.whole, window).items()
            if value
        }

    @property
    def metric_names(self) -> Sequence[str]:
        """The event names that there are metrics for."""
        return list(self._metrics)

    @property
    def all_contracts(self) -> Sequence[Contract]:
        """Every customer's contracts."""
        return self._books.contracts

    def contracts(self, customer: str) -> list[Contract]:
        """A customer's contracts."""
        return self._contracts.get(ids.metronome_customer(customer), [])

    def products_on(self, metric_event_name: str) -> list[Product]:
        """The usage products whose quantity is a metric."""
        return list(self._products.get(metric_event_name, {}).values())

    def grouped(self, customer: str, product: Product) -> Mapping[Values, tuple[Metric, Series]]:
        """The usage of a product by the values that its prices are keyed by."""
        metric = product.metric
        used = self._books.usage.of(customer, metric.event_name) if metric else None
        if metric is None or used is None:
            return {}
        if not product.pricing_key:
            return {(): (metric, used.whole)}
        return {values: (metric, series) for values, series in used.by(product.pricing_key).items()}


def by_day(metric: Metric, series: Series, window: Span) -> dict[datetime, Decimal]:
    """A metric's value on each UTC day of a window on which anything happened, by the day's start."""
    found: dict[datetime, Decimal] = {}
    for day in sorted({midnight(moment) for moment in series.times if window.holds(moment)}):
        value = series.value(metric.aggregation, day, day + timedelta(days=1))
        if value is not None:
            found[day] = value
    return found


def _of_values(used: Usage, meter: Meter) -> Series | None:
    """The part of a metric's usage that has the group values of a meter."""
    if not meter.group_values:
        return used.whole
    by_value = used.by(tuple(key for key, _ in meter.group_values))
    return by_value.get(tuple(value for _, value in meter.group_values))
