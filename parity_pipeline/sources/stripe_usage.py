"""Which event summaries of Stripe a run needs, and reading them; also the reports of dropped events.

Sums and counts are asked by UTC day, and by hour around period bounds that fall inside an hour. Every other
formula does not add up over days, so it is asked once for the whole UTC days of each billing period, also of
one that no invoice names.
"""

from collections.abc import Awaitable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from urllib.parse import urlsplit

import msgspec

from parity_pipeline.errors import ExtractionError, NotFoundError
from parity_pipeline.periods import HOUR, Period, Window, floor_hour, from_unix, to_unix
from parity_pipeline.sources.paging import PageGuard, for_each
from parity_pipeline.sources.resources import stripe_resource
from parity_pipeline.sources.sink import Lander
from parity_pipeline.sources.stripe import StripeFacts
from parity_pipeline.sources.stripe_api import StripeApi
from parity_pipeline.sources.stripe_records import MeterErrorEvent, MeterEventSummary

ADDITIVE: Final = frozenset({"sum", "count"})
ERROR_TYPES: Final = ("v1.billing.meter.error_report_triggered", "v1.billing.meter.no_meter_found")

Grouping = Literal["day", "hour", "none"]


@dataclass(frozen=True, order=True)
class SummaryAsk:
    """One question: what did this customer use of this meter in this period, in buckets of which size?"""

    customer: str
    meter: str
    grouping: Grouping
    period: Period


class EventPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the newer API, which names its next page by address."""

    data: list[MeterErrorEvent]
    next_page_url: str | None = None


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
    customers = metered_customers(facts) | (set(also) & facts.customers)
    asks = {
        SummaryAsk(customer, meter, "none", period)
        for customer, meter, period in unadditive_periods(facts, window)
    }
    if not window.whole_days.is_empty:
        asks |= {
            SummaryAsk(customer, meter, "day", window.whole_days)
            for customer in customers
            for meter in facts.meters
            if is_additive(facts, meter)
        }
    asks |= set(_edge_asks(facts, window))
    return sorted(asks)


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


class StripeUsage:
    """Reads and lands usage."""

    def __init__(self, api: StripeApi, lander: Lander, window: Window) -> None:
        self._api = api
        self._lander = lander
        self._window = window

    async def summaries(self, facts: StripeFacts, named: Awaitable[Collection[str]]) -> None:
        """The answers to all questions of a run, those about `named` customers as soon as they are known."""
        unlisted: set[str] = set()

        async def read(ask: SummaryAsk) -> None:
            try:
                await self._summaries(ask)
            except NotFoundError:
                # Nobody could check whether deleted customers can be asked; both answers are accepted.
                if ask.customer in facts.customers:
                    raise
                unlisted.add(ask.customer)

        asks = summary_asks(facts, self._window)
        await for_each(asks, read, at_once=self._api.at_once)
        others = sorted(set(summary_asks(facts, self._window, await named)) - set(asks))
        await for_each(others, read, at_once=self._api.at_once)
        self._lander.finish(
            stripe_resource("meter_event_summaries"),
            watermark=self._window.whole_days.end,
            note=f"deleted customers not found: {len(unlisted)}" if unlisted else None,
        )

    async def _summaries(self, ask: SummaryAsk) -> None:
        params: dict[str, object] = {
            "customer": ask.customer,
            "start_time": to_unix(ask.period.start),
            "end_time": to_unix(ask.period.end),
        }
        if ask.grouping != "none":
            params["value_grouping_window"] = ask.grouping
        resource = stripe_resource("meter_event_summaries")
        path = f"/v1/billing/meters/{ask.meter}/event_summaries"
        async for page in self._api.pages(path, MeterEventSummary, **params):
            self._lander.append(resource, page.records, context=(ask.customer, ask.grouping))

    async def error_events(self) -> None:
        """The reports of dropped events of the window, each with its data."""
        resource = stripe_resource("meter_error_events")
        note = None
        bare: set[str] = set()
        for kind in ERROR_TYPES:
            try:
                await self._error_events(kind, bare)
            except NotFoundError as error:
                note = f"not offered: {error}"
        known = await self._lander.reuse(resource, bare, lambda event: event.id, MeterErrorEvent)
        self._api.count_spared("GET /v2/core/events/{id}", len(known))
        await for_each(sorted(bare - known), self._event, at_once=self._api.at_once)
        self._lander.finish(resource, watermark=self._window.as_of, note=note)

    async def _error_events(self, kind: str, bare: set[str]) -> None:
        """Land the events that are listed with their data; the others are added to `bare`."""
        path = "/v2/core/events"
        guard = PageGuard(f"stripe GET {path}")
        params: dict[str, object] = {"types": [kind], "limit": 100}
        while True:
            page = await self._api.get(path, EventPage, **params)
            guard.new_objects(event.id for event in page.data)
            listed = [event for event in page.data if self._is_of_window(event)]
            whole = [event for event in listed if event.data is not None]
            bare.update(event.id for event in listed if event.data is None)
            self._lander.append(stripe_resource("meter_error_events"), whole)
            if page.next_page_url is None:
                return
            guard.next_page(page.next_page_url)
            path, params = f"/v2/core/events?{urlsplit(page.next_page_url).query}", {}

    def _is_of_window(self, event: MeterErrorEvent) -> bool:
        try:
            created = datetime.fromisoformat(event.created)
        except ValueError as error:
            raise ExtractionError(
                f"stripe event {event.id}: created is no time: {event.created!r}"
            ) from error
        return self._window.start <= created < self._window.as_of

    async def _event(self, event: str) -> None:
        try:
            found = await self._api.get(f"/v2/core/events/{event}", MeterErrorEvent)
            self._lander.append(stripe_resource("meter_error_events"), [found])
        except NotFoundError as error:  # only the listing may be missing
            raise ExtractionError(str(error)) from error
