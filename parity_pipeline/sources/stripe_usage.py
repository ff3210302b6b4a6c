"""Reads the event summaries of Stripe that a run needs, and the reports of dropped events.

Which summaries those are is decided in stripe_questions.py, which need not be asked in stripe_reuse.py, and
whose turn it is, when they are too many for one run, in stripe_rotation.py.
"""

from collections.abc import Awaitable, Callable, Container, Iterable
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import msgspec

from parity_pipeline.errors import ExtractionError, NotFoundError
from parity_pipeline.periods import Window, to_unix
from parity_pipeline.sources.answered import ABSENT
from parity_pipeline.sources.paging import for_each, giving_way
from parity_pipeline.sources.plan import SUMMARIES
from parity_pipeline.sources.resources import stripe_resource
from parity_pipeline.sources.sink import Lander
from parity_pipeline.sources.stripe import StripeFacts
from parity_pipeline.sources.stripe_api import StripeApi
from parity_pipeline.sources.stripe_questions import SummaryAsk, day_asks, summary_asks
from parity_pipeline.sources.stripe_records import MeterErrorEvent, MeterEventSummary
from parity_pipeline.sources.stripe_reuse import EarlierSummaries, summaries_digest
from parity_pipeline.sources.stripe_rotation import UsageTurns

Asks = Callable[[], Iterable[SummaryAsk]]
"""Questions that can be gone through several times: they are too many to be held."""
ERROR_TYPES: Final = ("v1.billing.meter.error_report_triggered", "v1.billing.meter.no_meter_found")


class EventPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the newer API, which names its next page by address."""

    data: list[MeterErrorEvent]
    next_page_url: str | None = None


class StripeUsage:
    """Reads and lands usage; `most` is how many questions about summaries a run may ask, None for all."""

    def __init__(self, api: StripeApi, lander: Lander, window: Window, *, most: int | None = None) -> None:
        self._api = api
        self._lander = lander
        self._window = window
        self._most = most
        self._earlier = EarlierSummaries(lander, window)
        self._turns = UsageTurns(lander, window)
        self._asked = lander.notes.keys()
        self._spared = lander.notes.keys()
        self._absent = lander.notes.facts(tuple[str, str], lambda absent: absent[0])

    async def summaries(
        self,
        facts: StripeFacts,
        listed: Awaitable[object],
        named: Awaitable[Container[str]],
        quiet: Awaitable[Container[str]] | None = None,
    ) -> None:
        """The answers to all questions of a run, each as soon as it is known.

        First those about the items of subscriptions, which `facts` must hold; then, when all is `listed`,
        those about invoices; then those about the `named` customers. Where an earlier landing may know some,
        everything waits for what tells whether it does: the customers whose usage in Metronome is `quiet`.
        """
        if quiet is None:
            await self._begin(lambda: day_asks(facts, self._window))
        await listed
        if quiet is None:
            await self._begin(lambda: summary_asks(facts, self._window))
        names = await named
        if quiet is not None:
            await self._spare(lambda: summary_asks(facts, self._window, names), await quiet)
        await self._ask_the_rest(summary_asks(facts, self._window, names))
        for customer, error in self._absent:
            # Nobody could check whether deleted customers can be asked; both answers are accepted.
            if customer in facts.customers:
                raise NotFoundError(error)
        absent = len(self._absent.keys)
        self._lander.finish(
            stripe_resource("meter_event_summaries"),
            watermark=self._window.whole_days.end,
            note=f"deleted customers not found: {absent}" if absent else None,
        )

    async def _begin(self, asks: Asks) -> None:
        """Ask before all questions are known, unless they may turn out to be too many for one run."""
        questions = 0
        if self._most is not None:
            async for _ in giving_way(asks()):
                questions += 1
        if self._most is None or 2 * questions <= self._most:
            await self._ask(asks())

    async def _spare(self, asks: Asks, quiet: Container[str]) -> None:
        """Land again what an earlier landing knows, if a sample of it is answered as before."""
        known = await self._earlier.fitting(asks(), quiet)
        sample, differing = self._earlier.sample(known), 0

        async def look(ask: SummaryAsk) -> None:
            nonlocal differing
            digest = await self._summaries(ask)
            differing += [digest] != [each.digest for each in known.of(ask.text)]

        await self._ask((each for each in asks() if each.text in sample), look)
        if not differing:
            self._spared = await self._earlier.land(known, besides=self._asked)
            self._api.count_spared(SUMMARIES, len(self._spared))

    async def _ask_the_rest(self, asks: Iterable[SummaryAsk]) -> None:
        """Ask what is still open; whom it is too many for, is put off to a later run."""
        rest = self._lander.notes.facts(SummaryAsk, lambda ask: ask.customer)
        async for each in giving_way(asks):
            if each.text not in self._asked and each.text not in self._spared:
                rest.add(each)
        asked, later = len(self._asked), set[str]()
        if self._most is not None and asked + len(rest) > self._most:
            later, answers = await self._turns.put_off(rest, asked=asked, most=self._most)
            self._api.count_spared(SUMMARIES, answers)
        await self._ask(each for each in rest if each.customer not in later)

    async def _ask(
        self, asks: Iterable[SummaryAsk], read: Callable[[SummaryAsk], Awaitable[object]] | None = None
    ) -> None:
        """Ask what was not asked yet."""
        fresh = (each for each in asks if self._asked.add(each.text))
        await for_each(fresh, read or self._summaries, at_once=self._api.at_once)

    async def _summaries(self, ask: SummaryAsk) -> str:
        """Land the answer; returns its digest."""
        params: dict[str, object] = {
            "customer": ask.customer,
            "start_time": to_unix(ask.period.start),
            "end_time": to_unix(ask.period.end),
        }
        if ask.grouping != "none":
            params["value_grouping_window"] = ask.grouping
        resource = stripe_resource("meter_event_summaries")
        path = f"/v1/billing/meters/{ask.meter}/event_summaries"
        answer: list[MeterEventSummary] = []
        try:
            async for page in self._api.pages(path, MeterEventSummary, **params):
                self._lander.append(resource, page.records, context=(ask.customer, ask.grouping))
                answer += page.records
            digest = summaries_digest(answer)
        except NotFoundError as error:
            self._absent.add((ask.customer, str(error)))
            digest = ABSENT
        self._lander.answered(resource, ask.text, digest)
        return digest

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
        guard = self._api.guard(f"stripe GET {path}")
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
