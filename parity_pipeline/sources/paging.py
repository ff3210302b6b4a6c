"""What both vendors' listings have in common: a bound on pages, no cursor twice, many listings at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable
from typing import Any, Final, TypeVar

from parity_pipeline.errors import ExtractionError

MAX_PAGES: Final = 100_000

T = TypeVar("T")


class PageGuard:
    """Watches the walk through one listing; a walk that cannot end well raises ExtractionError."""

    def __init__(self, listing: str, *, max_pages: int = MAX_PAGES) -> None:
        self._listing = listing
        self._max_pages = max_pages
        self._pages = 1
        self._cursors: set[str] = set()
        self._seen: set[Hashable] = set()

    def new_objects(self, keys: Iterable[Hashable]) -> None:
        """The keys of a page's objects; one that came before means that another may have been left out."""
        for key in keys:
            if key in self._seen:
                raise ExtractionError(
                    f"{self._listing}: {key} came twice, the listing changed under way; run again"
                )
            self._seen.add(key)

    def next_page(self, cursor: str) -> None:
        """The walk goes on from a cursor that was not met before."""
        if cursor in self._cursors:
            raise ExtractionError(
                f"{self._listing}: the same page came twice (cursor {cursor!r}); run again later"
            )
        self._cursors.add(cursor)
        self._pages += 1
        if self._pages > self._max_pages:
            raise ExtractionError(
                f"{self._listing}: more than {self._max_pages} pages; this listing does not end"
            )


async def for_each(items: Iterable[T], work: Callable[[T], Awaitable[None]], *, at_once: int) -> None:
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
