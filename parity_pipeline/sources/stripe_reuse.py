"""Which event summaries of an earlier landing are as good as new answers.

Stripe has to be asked for them one customer and meter at a time, and no listing tells that one changed. So
an answer counts again only to the very same question, which names its days, and when either

- it was read within the last twelve hours, as a pull that was cut short may use its own pages, and nothing of
  the customer moved since: neither its subscriptions and invoices nor, in Metronome, its usage; nor was it
  found to differ, since then somebody may be mending it; or
- its days were so long ago, when it was read, that Stripe takes no event for them any more.

Some of them are asked all the same. If one is answered otherwise, none counts.
"""

from collections.abc import Container, Iterable
from datetime import datetime, timedelta
from itertools import groupby, islice
from typing import Final

import msgspec

from parity_pipeline.periods import Period, Window, from_unix
from parity_pipeline.sources.answered import ABSENT, Answered, chance_of, digest_of, sample_size
from parity_pipeline.sources.journal import MAX_AGE
from parity_pipeline.sources.notes import NotedFacts, NotedKeys
from parity_pipeline.sources.paging import giving_way
from parity_pipeline.sources.resources import stripe_resource
from parity_pipeline.sources.sink import Lander
from parity_pipeline.sources.stripe_questions import Grouping, SummaryAsk
from parity_pipeline.sources.stripe_records import MeterEventSummary

CLOSED_AFTER: Final = timedelta(days=40)
"""Events are taken 35 days back and may be cancelled for a day; the rest is for clocks and delays."""


class LandedSummary(MeterEventSummary, frozen=True, kw_only=True):
    """A landed bucket with what was asked."""

    customer_id: str
    value_grouping_window: Grouping


class _OfCustomer(msgspec.Struct, frozen=True):
    customer: str | None = None


def summaries_digest(records: Iterable[MeterEventSummary]) -> str:
    """A digest of all buckets of an answer."""
    return digest_of(
        f"{each.id} {each.meter} {each.start_time} {each.end_time} {each.aggregated_value}"
        for each in records
    )


def is_closed(end: datetime, answered: Answered, window: Window) -> bool:
    """Whether the days up to `end` could not change any more when a pull about this window asked."""
    # A pretend vendor's clock may stand at the instant that a run is about.
    return end + CLOSED_AFTER <= min(answered.read_at, window.as_of)


class EarlierSummaries:
    """The answers of an earlier landing; none when there is no landing that can be relied on."""

    def __init__(self, lander: Lander, window: Window) -> None:
        self._lander = lander
        self._window = window
        self._resource = stripe_resource("meter_event_summaries")

    async def fitting(self, asks: Iterable[SummaryAsk], quiet: Container[str]) -> NotedFacts[Answered]:
        """Those of the questions whose answers count again; the quiet customers' usage stood still."""
        earlier, notes = self._lander.earlier, self._lander.notes
        moved: list[Container[str]] = [earlier.doubtful if earlier else ()]
        for name in ("subscriptions", "invoices"):
            moved.append(
                await self._lander.changed(stripe_resource(name), lambda one: one.customer, _OfCustomer)
            )
        by_text = notes.facts(SummaryAsk, lambda ask: ask.text)
        async for each in giving_way(asks):
            by_text.add(each)
        found = notes.facts(Answered, lambda answered: answered.question)
        async for answered in giving_way(self._lander.answers(self._resource)):
            for ask in by_text.of(answered.question) if answered.digest != ABSENT else ():
                is_still = ask.customer in quiet and not any(ask.customer in each for each in moved)
                if (is_still and self._is_fresh(answered)) or self._is_closed(ask, answered):
                    found.add(answered)
        return found

    def sample(self, found: NotedFacts[Answered]) -> NotedKeys:
        """The questions that are asked all the same, others each time."""
        salt, notes = self._lander.read_at, self._lander.notes
        if salt is None:
            return found.keys
        drawn, by_chance = notes.keys(), notes.facts(tuple[str, str], lambda drawn: drawn[0])
        by_chance.update((chance_of(each, salt).hex(), each) for each in found.keys)
        drawn.update(question for _, question in islice(by_chance, sample_size(len(found))))
        return drawn

    async def land(self, found: NotedFacts[Answered], *, besides: Container[str]) -> NotedKeys:
        """Land these answers again besides some; returns those whose lines are what was answered then."""
        landed = self._lander.notes.keys()
        if not found:
            return landed
        copied = self._lander.copier(self._resource)
        for answered in found:
            if answered.digest == summaries_digest(()) and answered.question not in besides:
                await copied([], answered)
                landed.add(answered.question)
        lines = self._lander.known_lines(self._resource, LandedSummary)
        for _, group in groupby(lines, key=lambda line: line[1].customer_id):
            by_ask: dict[str, list[tuple[bytes, LandedSummary]]] = {}
            for line, record in group:
                by_ask.setdefault(self._question(record).text, []).append((line, record))
            for question, answer in by_ask.items():
                for known in found.of(question) if question not in besides else ():
                    if known.digest == summaries_digest(record for _, record in answer):
                        await copied([line for line, _ in answer], known)
                        landed.add(question)
        return landed

    def _question(self, record: LandedSummary) -> SummaryAsk:
        period = Period(from_unix(record.start_time), from_unix(record.end_time))
        if record.value_grouping_window == "day":
            period = self._window.whole_days
        return SummaryAsk(record.customer_id, record.meter, record.value_grouping_window, period)

    def _is_fresh(self, answered: Answered) -> bool:
        now = self._lander.read_at
        return now is not None and abs(now - answered.read_at) <= MAX_AGE

    def _is_closed(self, ask: SummaryAsk, answered: Answered) -> bool:
        earlier = self._lander.earlier
        return earlier is not None and is_closed(ask.period.end, answered, earlier.window)
