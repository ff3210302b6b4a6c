"""Where the readers put what they read; the landing implements it, they know only this."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol, TypeVar, cast

import msgspec

from parity_pipeline.periods import Window
from parity_pipeline.sources.answered import Answered, PutOff, Rotation
from parity_pipeline.sources.ledger import RequestCount
from parity_pipeline.sources.notes import NotedKeys, Notes
from parity_pipeline.sources.paging import giving_way
from parity_pipeline.sources.records import Record
from parity_pipeline.sources.resources import Resource

T = TypeVar("T")

_ANSWERS_AT_ONCE: Final = 100


class Sink(Protocol):
    """Takes records page by page."""

    def append(
        self,
        resource: Resource,
        records: Sequence[Record],
        *,
        account: str,
        context: tuple[str, ...] = (),
        requests: int = 1,
    ) -> None:
        """Keep one page and the number of requests it took."""

    def copy(self, resource: Resource, lines: Sequence[bytes], *, account: str, answers: int) -> None:
        """Keep lines of an earlier landing, the answers to so many questions."""

    def answered(self, resource: Resource, answered: Answered, *, account: str) -> None:
        """Remember that a question was answered."""

    def put_off(self, resource: Resource, customer: PutOff) -> None:
        """Remember a customer that is not asked in this pull."""

    def rotated(self, resource: Resource, rotation: Rotation, *, account: str) -> None:
        """Remember how the questions are spread over runs."""

    def lines(self, resource: Resource, account: str) -> Iterator[bytes]:
        """The lines of a resource that was finished, in their order."""

    def finish(
        self, resource: Resource, *, account: str, watermark: datetime, note: str | None = None
    ) -> int:
        """All of a resource up to the watermark has been read; returns its rows."""

    def close(self, *, requests: Sequence[RequestCount] = (), error: str | None = None) -> None:
        """Nothing more comes; with an error the pull is incomplete."""


class Earlier(Protocol):
    """What an earlier pull of the same accounts landed."""

    window: Window
    doubtful: frozenset[str]
    """Stripe customers whose answers are asked again whatever was landed."""

    def lines(self, resource: Resource, account: str) -> Iterator[bytes]:
        """The lines of a resource, in their order; none where they cannot be relied on."""

    def answers(self, resource: Resource, account: str) -> Iterator[Answered]:
        """The questions of a resource that were answered; none where they cannot be relied on."""

    def put_off(self, resource: Resource, account: str) -> Iterator[PutOff]:
        """The customers that were not asked."""


@dataclass(frozen=True)
class Lander:
    """A sink for one account that tells how far it is, and what an earlier pull knew."""

    sink: Sink
    account: str
    on_progress: Callable[[str], None] | None = None
    earlier: Earlier | None = None
    read_at: datetime | None = None
    """Since when the answers of this pull are known; without it none is remembered."""
    notes: Notes = field(default_factory=Notes)
    """What is to be remembered of every customer."""

    def append(
        self,
        resource: Resource,
        records: Sequence[Record],
        *,
        context: tuple[str, ...] = (),
        requests: int = 1,
    ) -> None:
        """Keep one page."""
        self.sink.append(resource, records, account=self.account, context=context, requests=requests)

    def known(self, resource: Resource, kind: type[T]) -> Iterator[T]:
        """What an earlier pull landed of a resource, as far as `kind` declares it."""
        decoder = msgspec.json.Decoder(kind)
        return (decoder.decode(line) for line in self._earlier_lines(resource))

    def known_lines(self, resource: Resource, kind: type[T]) -> Iterator[tuple[bytes, T]]:
        """The same with the lines as they are."""
        decoder = msgspec.json.Decoder(kind)
        return ((line, decoder.decode(line)) for line in self._earlier_lines(resource))

    def answers(self, resource: Resource) -> Iterator[Answered]:
        """The questions that an earlier pull had answered."""
        return iter(()) if self.earlier is None else self.earlier.answers(resource, self.account)

    def answered(self, resource: Resource, question: str, digest: str) -> None:
        """Remember that a question was answered."""
        if self.read_at is not None:
            known = Answered(question, digest, self.read_at)
            self.sink.answered(resource, known, account=self.account)

    def was_put_off(self, resource: Resource) -> Iterator[PutOff]:
        """The customers that an earlier pull did not ask."""
        return iter(()) if self.earlier is None else self.earlier.put_off(resource, self.account)

    def put_off(
        self,
        resource: Resource,
        customer: str,
        *,
        known_until: datetime | None = None,
        read_at: datetime | None = None,
    ) -> None:
        """Remember a customer that is not asked now, and up to when an earlier pull knew its usage."""
        self.sink.put_off(resource, PutOff(self.account, customer, self.read_at, known_until, read_at))

    def rotated(self, resource: Resource, rotation: Rotation) -> None:
        """Remember how the questions are spread over runs."""
        self.sink.rotated(resource, rotation, account=self.account)

    def copier(self, resource: Resource) -> Callable[[Sequence[bytes], Answered], Awaitable[None]]:
        """What lands an earlier pull's answer again, with the instant at which it was read."""
        copied = 0

        async def copy(lines: Sequence[bytes], known: Answered) -> None:
            nonlocal copied
            self.sink.copy(resource, lines, account=self.account, answers=1)
            self.sink.answered(resource, known, account=self.account)
            copied += 1
            if copied % _ANSWERS_AT_ONCE == 0:
                await asyncio.sleep(0)  # requests are under way meanwhile

        return copy

    async def changed(self, resource: Resource, key: Callable[[T], str | None], kind: type[T]) -> NotedKeys:
        """The keys under which an earlier pull and this one, now finished, landed different lines."""
        _, moved = await self._compared(resource, key, kind)
        return moved

    async def unchanged(self, resource: Resource, key: Callable[[T], str | None], kind: type[T]) -> NotedKeys:
        """The keys under which an earlier pull and this one, now finished, landed the very same lines."""
        still, moved = await self._compared(resource, key, kind)
        for each in moved:
            still.discard(each)
        return still

    async def reuse(
        self,
        resource: Resource,
        wanted: Collection[str],
        key: Callable[[T], str],
        kind: type[T],
        learn: Callable[[T], None] = lambda _: None,
    ) -> NotedKeys:
        """Land an earlier pull's answers to these questions; returns those that had any lines.

        The lines of an answer follow each other in a landing.
        """
        decoder, found, last, is_wanted = msgspec.json.Decoder(kind), self.notes.keys(), "", False
        async for line in giving_way(self._earlier_lines(resource) if wanted else ()):
            record = decoder.decode(line)
            question = key(record)
            is_first = question != last
            if is_first:
                last, is_wanted = question, question in wanted
            if is_wanted:
                found.add(question)
                self.sink.copy(resource, [line], account=self.account, answers=is_first)
                learn(record)
        return found

    def _earlier_lines(self, resource: Resource) -> Iterator[bytes]:
        return iter(()) if self.earlier is None else self.earlier.lines(resource, self.account)

    async def _compared(
        self, resource: Resource, key: Callable[[T], str | None], kind: type[T]
    ) -> tuple[NotedKeys, NotedKeys]:
        """The keys of lines that both pulls landed, and those of lines that only one of them did."""
        still, moved, decoder = self.notes.keys(), self.notes.keys(), msgspec.json.Decoder(kind)
        if self.earlier is None:
            return still, moved
        both = _side_by_side(self._earlier_lines(resource), self.sink.lines(resource, self.account))
        last = None
        async for line, is_same in giving_way(both):
            found = key(decoder.decode(line))
            if found is not None and (found, is_same) != last:
                last = found, is_same
                (still if is_same else moved).add(found)
        return still, moved

    def finish(self, resource: Resource, *, watermark: datetime, note: str | None = None) -> None:
        """All of a resource has been read."""
        rows = self.sink.finish(resource, account=self.account, watermark=watermark, note=note)
        if self.on_progress is not None:
            self.on_progress(f"{resource.key}: {rows} rows" + (f" ({note})" if note else ""))


def _side_by_side(one: Iterator[bytes], other: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """The lines of two landed files, which are in order, each with whether it is in both."""
    ours, theirs = next(one, None), next(other, None)
    while ours is not None or theirs is not None:
        if ours == theirs:
            yield cast("bytes", ours), True
            ours, theirs = next(one, None), next(other, None)
        elif theirs is None or (ours is not None and ours < theirs):
            yield cast("bytes", ours), False
            ours = next(one, None)
        else:
            yield theirs, False
            theirs = next(other, None)
