"""Changes to a vendor's good pages that make a reader see less, or other, than everything.

Each function makes one change for `Disruption(kind="changed")`; a page comes back as it was where the change
does not apply. Both vendors' pages are meant: Stripe's say `has_more`, Metronome's name their `next_page`.
"""

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from parity_pipeline.sandbox.disruptions import Asked, Change, Page, emptied

Row = Mapping[str, Any]


def says_more(page: Page) -> bool:
    """Whether the page claims that another follows."""
    return bool(page.get("has_more") or page.get("next_page") or page.get("next_page_url"))


def first_page_empty(asked: Asked, page: Page) -> Page:
    """The first of several pages holds nothing, and the walk goes on."""
    return {**page, "data": []} if asked.is_first_page and says_more(page) else page


def later_pages_empty(asked: Asked, page: Page) -> Page:
    """All pages but the first hold nothing, and the walk goes on to its end."""
    return page if asked.is_first_page else {**page, "data": []}


def cut_short(_: Asked, page: Page) -> Page:
    """A page that is not the last one claims to be."""
    return {**emptied(page), "data": page["data"]} if says_more(page) else page


def page_repeated() -> Change:
    """Every later page holds what the first one held; the cursor moves on."""
    return _from_first_page(lambda first, _: first)


def reordered() -> Change:
    """The order changes under way: half of a later page was on the first page, and others are never shown."""
    return _from_first_page(lambda first, own: [*first[: (len(own) + 1) // 2], *own[(len(own) + 1) // 2 :]])


def backwards(_: Asked, page: Page) -> Page:
    """The objects of a page stand in the wrong order, so that Stripe's cursor goes on from a wrong place."""
    return {**page, "data": page["data"][::-1]} if says_more(page) else page


def cursor_stuck() -> Change:
    """Every answer is the first page and names the same next one."""
    return _looping(lambda _: 1)


def cursor_circles() -> Change:
    """Every answer is the first page; the next one's name changes to and fro."""
    return _looping(lambda count: count % 2 + 1)


def cursor_never_ends() -> Change:
    """Every answer is the first page; the next one's name is always a new one."""
    return _looping(lambda count: count)


def doubled(_: Asked, page: Page) -> Page:
    """Every object stands on its page twice."""
    return {**page, "data": [*page["data"], *page["data"]]}


def without(row: Row, *, names: tuple[str, ...], context: tuple[str, ...]) -> Change:
    """One object is missing: the one that has this row's values, where the question has this context."""

    def change(asked: Asked, page: Page) -> Page:
        if not all(row[name] in asked.text for name in context):
            return page
        kept = [item for item in page["data"] if any(str(item.get(name)) != row[name] for name in names)]
        return {**page, "data": kept}

    return change


def live(_: Asked, page: Page) -> Page:
    """Objects of the live mode, to a test key."""
    return {**page, "data": [{**item, "livemode": True} for item in page["data"] if "livemode" in item]}


def ending_at(instant: datetime, field: str) -> Change:
    """A side that stands still: nothing from an instant on. The field is Unix seconds or RFC 3339."""

    def is_before(item: Page) -> bool:
        found = instant_of(item.get(field))
        return found is None or found < instant

    return lambda _, page: {**page, "data": [item for item in page["data"] if is_before(item)]}


def shifted(days: int, *fields: str) -> Change:
    """What is answered belongs to another period: the same rows, so many days earlier."""
    by = timedelta(days=days)

    def earlier(value: object) -> object:
        found = instant_of(value)
        if found is None:
            return value
        return int((found - by).timestamp()) if isinstance(value, int) else (found - by).isoformat()

    def change(_: Asked, page: Page) -> Page:
        moved = [{**item, **{name: earlier(item.get(name)) for name in fields}} for item in page["data"]]
        return {**page, "data": moved}

    return change


def lists_cut(field: str, *, admits: bool) -> Change:
    """The list inside each object holds one element only, and admits or denies that there are more."""

    def cut(item: Page) -> Page:
        inner = item[field]
        if len(inner["data"]) < 2:
            return item
        return {**item, field: {**inner, "data": inner["data"][:1], "has_more": admits}}

    return lambda _, page: {**page, "data": [cut(item) for item in page["data"]]}


def _from_first_page(make: Callable[[list[Any], list[Any]], list[Any]]) -> Change:
    first: dict[str, list[Any]] = {}

    def change(asked: Asked, page: Page) -> Page:
        if asked.is_first_page:
            first[asked.listing] = page["data"]
            return page
        return {**page, "data": make(first.get(asked.listing, []), page["data"])}

    return change


def _looping(place: Callable[[int], int]) -> Change:
    first: dict[str, Page] = {}
    counts: dict[str, int] = {}

    def change(asked: Asked, page: Page) -> Page:
        page = first.setdefault(asked.listing, page)
        counts[asked.listing] = count = counts.get(asked.listing, 0) + 1
        if "has_more" in page:
            return {**page, "has_more": True}
        if "next_page_url" in page:
            return {**page, "next_page_url": f"/v2/core/events?page={place(count)}"}
        return {**page, "next_page": _cursor(place(count))}

    return change


def _cursor(place: int) -> str:
    """A cursor as the sandbox names it, so that it answers at all."""
    return base64.urlsafe_b64encode(f"from:{place}".encode()).decode()


def instant_of(value: object) -> datetime | None:
    """What a vendor's field says when it is a time: Unix seconds or RFC 3339."""
    if isinstance(value, int):
        return datetime.fromtimestamp(value, tz=UTC)
    return datetime.fromisoformat(value) if isinstance(value, str) else None
