"""Whose event summaries are asked in a run, when all questions are too many for one: customers take turns.

A customer is asked with all its questions or not at all. Of the others, what an earlier landing knows is
landed again, as it was answered: about the days and periods up to the end of those that were asked then.
Who is asked follows from the questions and the earlier landing alone, so that a pull that was cut short
asks the same when it goes on.
"""

import math
from collections.abc import AsyncIterator, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from parity_pipeline.periods import Window, floor_day, from_unix, rfc3339
from parity_pipeline.sources.answered import ABSENT, Answered, Rotation
from parity_pipeline.sources.notes import NotedFacts
from parity_pipeline.sources.paging import giving_way
from parity_pipeline.sources.resources import stripe_resource
from parity_pipeline.sources.sink import Lander
from parity_pipeline.sources.stripe_questions import SummaryAsk
from parity_pipeline.sources.stripe_reuse import LandedSummary, is_closed, summaries_digest

_NEVER: Final = datetime.min.replace(tzinfo=UTC)

Needs = NotedFacts[SummaryAsk]
"""The questions of a run by customer."""
_Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Known:
    """Up to which day a customer's usage is known, and the UTC instant at which it was read."""

    until: datetime
    read_at: datetime


def chosen(
    costs: Mapping[str, int], known: Mapping[str, Known], doubtful: Collection[str], most: int
) -> set[str]:
    """The customers to ask; `costs` are their questions, of which there are about as many as `most`.

    First the doubtful, who must stay fresh, with up to half of the questions, or with what the others do
    not need; then the others. In both groups those of whom too little is known come first, then the oldest
    answers. The last customer of a group is asked in full, so each group gets on in every run.
    """
    order = sorted(costs, key=lambda each: (known[each].read_at if each in known else _NEVER, each))
    first = [each for each in order if each in doubtful]
    others = [each for each in order if each not in doubtful]
    share = max(most // 2, most - sum(costs[each] for each in others))
    asked = list(_until(first, costs, share))
    used = sum(costs[each] for each in asked)
    return {*asked, *_until(others, costs, most - min(used, share))}


def _until(order: Iterable[str], costs: Mapping[str, int], most: int) -> Iterator[str]:
    """The first of these customers, until so many questions are used up."""
    used = 0
    for customer in order:
        if used >= most:
            return
        used += costs[customer]
        yield customer


class UsageTurns:
    """Decides who is asked, and lands again what is known of the others."""

    def __init__(self, lander: Lander, window: Window) -> None:
        self._lander = lander
        self._window = window
        self._resource = stripe_resource("meter_event_summaries")

    async def put_off(self, needs: Needs, *, asked: int, most: int) -> tuple[set[str], int]:
        """Of these questions, besides so many `asked` already, the customers that are not asked now.

        Lands what is known of them; returns how many questions that answers as well.
        """
        costs = {customer: len(each) for customer, each in needs.by_key()}
        known = await self._known(needs)
        doubtful = self._lander.earlier.doubtful if self._lander.earlier else frozenset()
        later = costs.keys() - chosen(costs, known, doubtful, most - asked)
        landed, answers = await self._land(needs, {each: known[each] for each in later & known.keys()})
        unanswered = sum(costs[each] for each in later - landed)
        for customer in sorted(later):
            self._tell(customer, known[customer] if customer in landed else None)
        a_run = most - min(most // 2, sum(costs[each] for each in costs.keys() & doubtful))
        rotation = Rotation(
            questions=asked + sum(costs.values()),
            most_a_run=most,
            customers=len(later),
            never_read=len(later - landed),
            unanswered=unanswered,
            runs_left=math.ceil(unanswered / a_run),
        )
        self._lander.rotated(self._resource, rotation)
        return later, answers

    def _tell(self, customer: str, known: Known | None) -> None:
        if known is None:
            self._lander.put_off(self._resource, customer)
        else:
            until = min(known.until, floor_day(known.read_at))
            self._lander.put_off(self._resource, customer, known_until=until, read_at=known.read_at)

    async def _known(self, needs: Needs) -> dict[str, Known]:
        """Those of the customers whose questions an earlier landing answers up to some day."""
        earlier = self._lander.earlier
        if earlier is None:
            return {}
        shared: dict[tuple[datetime, datetime], Known] = {}
        since: dict[str, Known | None] = {}

        def one(until: datetime, read_at: datetime) -> Known:
            return shared.setdefault((until, read_at), Known(until, read_at))

        for each in self._lander.was_put_off(self._resource):
            until, read_at = each.known_until, each.read_at
            since[each.stripe_customer_id] = one(until, read_at) if until and read_at else None
        found = {}
        async for customer, answers in self._answers(needs.keys):
            asked_then = one(earlier.window.whole_days.end, _read_at(answers, earlier.window))
            known = since.get(customer, asked_then)
            if known is not None and self._old(needs.of(customer), answers, known.until) is not None:
                found[customer] = known
        return found

    async def _land(self, needs: Needs, known: Mapping[str, Known]) -> tuple[set[str], int]:
        """Land what is known of these customers; returns those whose lines are what was answered then."""
        landed, count = set[str](), 0
        if not known:
            return landed, count
        copied = self._lander.copier(self._resource)
        lines = _Lines(self._lander.known_lines(self._resource, LandedSummary))
        async for customer, answers in self._answers(known):
            by_key = lines.of(customer)
            old = self._old(needs.of(customer), answers, known[customer].until) or []
            answer_of = [(each, by_key.get(_key(each.question), [])) for each in old]
            if all(_is_answer(each, answer) for each, answer in answer_of):
                for each, answer in answer_of:
                    await copied([line for line, _ in answer], each)
                landed.add(customer)
                count += len(answer_of)
        return landed, count

    async def _answers(self, wanted: Container[str]) -> AsyncIterator[tuple[str, list[Answered]]]:
        """The earlier answers of each of these customers, who stand in order."""
        groups = groupby(self._lander.answers(self._resource), key=lambda each: _customer(each.question))
        async for customer, answers in giving_way(groups):
            if customer in wanted:
                yield customer, list(answers)

    def _old(
        self, asks: Iterable[SummaryAsk], answers: Iterable[Answered], until: datetime
    ) -> list[Answered] | None:
        """The earlier answers to these questions as far as they are about days up to then.

        None where one is missing, or is not about the window's first days.
        """
        if not self._window.start < until <= self._window.whole_days.end:
            return None
        by_key = {_key(each.question): each for each in answers}
        found = []
        for ask in asks:
            if ask.grouping != "day" and ask.period.end > until:
                continue
            answered = by_key.get(_key(ask.text))
            if answered is None or (ask.grouping == "day" and not self._covers(answered, until)):
                return None
            found.append(answered)
        return found

    def _covers(self, answered: Answered, until: datetime) -> bool:
        *_, start, end = answered.question.split(" ")
        return datetime.fromisoformat(start) <= self._window.start and end == rfc3339(until)


class _Lines:
    """The landed lines of one customer after the other, in order."""

    def __init__(self, lines: Iterator[tuple[bytes, LandedSummary]]) -> None:
        self._groups = groupby(lines, key=lambda line: line[1].customer_id)
        self._next = next(self._groups, None)

    def of(self, customer: str) -> dict[_Key, list[tuple[bytes, LandedSummary]]]:
        """The lines of a customer, each with its record, by question; for one after those asked before."""
        while self._next is not None and self._next[0] < customer:
            self._next = next(self._groups, None)
        found: dict[_Key, list[tuple[bytes, LandedSummary]]] = {}
        if self._next is not None and self._next[0] == customer:
            for line, record in self._next[1]:
                found.setdefault(_key_of(record), []).append((line, record))
            self._next = next(self._groups, None)
        return found


def _is_answer(answered: Answered, lines: Sequence[tuple[bytes, LandedSummary]]) -> bool:
    if answered.digest == ABSENT:
        return not lines
    return answered.digest == summaries_digest(record for _, record in lines)


def _customer(question: str) -> str:
    return question.partition(" ")[0]


def _key(question: str) -> _Key:
    """Meter, grouping and bounds of a question; days are all of the window's, whichever it is."""
    _, meter, grouping, start, end = question.split(" ")
    return (meter, grouping, "", "") if grouping == "day" else (meter, grouping, start, end)


def _key_of(record: LandedSummary) -> _Key:
    if record.value_grouping_window == "day":
        return record.meter, "day", "", ""
    bounds = rfc3339(from_unix(record.start_time)), rfc3339(from_unix(record.end_time))
    return record.meter, record.value_grouping_window, *bounds


def _read_at(answers: Sequence[Answered], window: Window) -> datetime:
    """When the oldest of these answers was read that can still change; else the newest."""
    open_still = [
        each.read_at
        for each in answers
        if not is_closed(datetime.fromisoformat(each.question.rsplit(" ", 1)[1]), each, window)
    ]
    return min(open_still, default=max(each.read_at for each in answers))
