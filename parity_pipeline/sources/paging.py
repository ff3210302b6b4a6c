"""What both vendors' listings have in common: a bound on pages, no cursor twice, many listings at a time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from typing import Any, Final, TypeVar

from parity_pipeline.errors import ExtractionError
from parity_pipeline.sources.notes import NotedKeys, Notes

MAX_PAGES: Final = 100_000
_FEW: Final = 300
_ITEMS_AT_ONCE: Final = 500

T = TypeVar("T")


class PageGuard:
    """Watches the walk through one listing; a walk that cannot end well raises ExtractionError."""

    def __init__(self, listing: str, notes: Notes, *, max_pages: int = MAX_PAGES) -> None:
        self._listing = listing
        self._max_pages = max_pages
        self._pages = 1
        self._cursors = _Seen(notes)
        self._objects = _Seen(notes)

    def new_objects(self, keys: Iterable[str]) -> None:
        """The keys of a page's objects; one that came before means that another may have been left out."""
        for key in keys:
            if not self._objects.is_new(key):
                raise ExtractionError(
                    f"{self._listing}: {key} came twice, the listing changed under way; run again"
                )

    def next_page(self, cursor: str) -> None:
        """The walk goes on from a cursor that was not met before."""
        if not self._cursors.is_new(cursor):
            raise ExtractionError(
                f"{self._listing}: the same page came twice (cursor {cursor!r}); run again later"
            )
        self._pages += 1
        if self._pages > self._max_pages:
            raise ExtractionError(
                f"{self._listing}: more than {self._max_pages} pages; this listing does not end"
            )


class _Seen:
    """What came before; the first ones are held in memory, since most listings are short."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._few: set[str] = set()
        self._more: NotedKeys | None = None

    def is_new(self, key: str) -> bool:
        """Whether it did not come before."""
        if key in self._few:
            return False
        if len(self._few) < _FEW:
            self._few.add(key)
            return True
        if self._more is None:
            self._more = self._notes.keys()
        return self._more.add(key)


async def giving_way(items: Iterable[T]) -> AsyncIterator[T]:
    """The items; now and then the requests that are under way have their turn."""
    for number, item in enumerate(items):
        yield item
        if number % _ITEMS_AT_ONCE == 0:
            await asyncio.sleep(0)


async def for_each(items: Iterable[T], work: Callable[[T], Awaitable[object]], *, at_once: int) -> None:
    """Do the work for every item, so many at once; the first error stops the rest."""
    waiting = iter(items)

    async def worker() -> None:
        for item in waiting:
            await work(item)

    await together(*(worker() for _ in range(at_once)))


async def together(*work: Coroutine[Any, Any, None]) -> None:
    """Do all of it at once; the first error stops the rest and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for each in work:
                group.create_task(each)
    except BaseExceptionGroup as errors:
        first = first_error(errors)
        raise first from first.__cause__


def first_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that stopped the others."""
    first = group.exceptions[0]
    return first_error(first) if isinstance(first, BaseExceptionGroup) else first
