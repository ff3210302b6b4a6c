"""Metronome's own SDK over our transport: walks through listings. Which listings: see metronome.py.

Only the SDK's raw answers are used: its objects turn money into floats, and its pagers need not end.
"""

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import httpx
import msgspec
from metronome import APIConnectionError, APIStatusError, AsyncMetronome, Omit, RequestOptions, omit
from pydantic import SecretStr

from parity_pipeline.errors import ExtractionError, NotFoundError, ParityError
from parity_pipeline.sources.answers import decoded, refusal
from parity_pipeline.sources.guard import METRONOME_READS, checked_base_url
from parity_pipeline.sources.journal import Journal, is_recalled
from parity_pipeline.sources.limits import (
    AS_PUBLISHED,
    METRONOME_HOST,
    LimitChanges,
    Limits,
    metronome_limits,
)
from parity_pipeline.sources.paging import MAX_PAGES
from parity_pipeline.sources.transport import ReadOnlyTransport
from parity_pipeline.sources.vendor_api import VendorApi

T = TypeVar("T")

# What asks for the page at a cursor, the first page being asked for without one.
Ask = Callable[[str | Omit], Awaitable[Any]]


@dataclass(frozen=True)
class MetronomeAccess:
    """Where Metronome is and the token for it; no address means Metronome's own.

    The variables are those that hold the token and the address, for messages.
    """

    token: SecretStr
    base_url: str | None = None
    token_variable: str = "METRONOME_BEARER_TOKEN"  # noqa: S105  # a name, no secret
    address_variable: str = "METRONOME_BASE_URL"
    limits: LimitChanges = AS_PUBLISHED
    """How fast to ask, where that is not as the vendor says."""


class CursorPage(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A page of a listing that always says whether there is more."""

    data: list[T]
    next_page: str | None

    @property
    def following(self) -> str | None:
        """The cursor of the next page."""
        return self.next_page


class LoosePage(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A page of a listing that may leave out its cursor or call it otherwise."""

    data: list[T]
    next_page: str | None = None
    cursor: str | None = None

    @property
    def following(self) -> str | None:
        """The cursor of the next page."""
        return self.next_page or self.cursor


@dataclass(frozen=True)
class _Raw:
    """A raw answer in the shape of the SDK's."""

    http_response: httpx.Response

    async def read(self) -> bytes:
        """The body."""
        return self.http_response.content


def metronome_transport(access: MetronomeAccess) -> ReadOnlyTransport:
    """The transport for one Metronome environment; raise UsageError for an address that is none."""
    return ReadOnlyTransport(
        source="metronome",
        base_url=metronome_base_url(access),
        reads=METRONOME_READS,
        limits=limits_of_metronome(access),
    )


def limits_of_metronome(access: MetronomeAccess) -> Limits:
    """How fast this environment may be asked."""
    return access.limits.of(metronome_limits(metronome_base_url(access)))


def metronome_base_url(access: MetronomeAccess) -> str:
    """The address in use."""
    return checked_base_url(access.base_url or f"https://{METRONOME_HOST}", variable=access.address_variable)


class MetronomeApi(VendorApi):
    """Reads from one Metronome environment."""

    def __init__(
        self,
        access: MetronomeAccess,
        transport: ReadOnlyTransport,
        *,
        max_pages: int = MAX_PAGES,
        journal: Journal | None = None,
        account: str = "",
    ) -> None:
        super().__init__(transport, max_pages=max_pages, journal=journal, account=account)
        self._token_variable = access.token_variable
        self.client = AsyncMetronome(
            bearer_token=access.token.get_secret_value(),
            base_url=metronome_base_url(access),
            max_retries=0,
            http_client=self._http,
        )

    async def probe(
        self, method: str, path: str, query: Mapping[str, object], body: Mapping[str, object]
    ) -> httpx.Response:
        """One read as it is."""

        async def ask(_: str | Omit) -> object:
            options: RequestOptions = {"params": dict(query)}
            if method == "GET":
                return _Raw(await self.client.get(path, cast_to=httpx.Response, options=options))
            return _Raw(
                await self.client.post(path, cast_to=httpx.Response, body=dict(body), options=options)
            )

        return await _answer(ask, omit, request=f"metronome {method} {path}", variable=self._token_variable)

    def pages(self, listing: str, record: type[T], ask: Ask) -> AsyncGenerator[list[T], None]:
        """Walk through a listing page by page; every page must say whether there is more."""
        kind = CursorPage[record]  # type: ignore[valid-type]  # made at run time
        return self._pages(listing, kind, ask)

    def loose_pages(self, listing: str, record: type[T], ask: Ask) -> AsyncGenerator[list[T], None]:
        """Walk through a listing whose last page, or only page, has no cursor at all."""
        kind = LoosePage[record]  # type: ignore[valid-type]  # made at run time
        return self._pages(listing, kind, ask)

    async def _pages(
        self, listing: str, kind: type[CursorPage[T]] | type[LoosePage[T]], ask: Ask
    ) -> AsyncGenerator[list[T], None]:
        request = f"metronome {listing}"
        guard = self.guard(request)
        cursor: str | Omit = omit
        while True:
            try:
                answer = await _answer(ask, cursor, request=request, variable=self._token_variable)
            except NotFoundError as error:
                if cursor is omit:
                    raise
                raise ExtractionError(str(error)) from error  # the listing is there: only its cursor is gone
            page = decoded(answer.content, kind, request=request)
            if page.following:
                guard.next_page(page.following)
            guard.new_objects(_keys(answer, page.data, request=request))
            self._memory.keep(answer, page)
            yield page.data
            if not page.following:
                return
            cursor = page.following


def _keys(answer: httpx.Response, records: list[Any], *, request: str) -> list[str]:
    """The ids of a page's objects; where they have none, one key for the page, or two for an object twice."""
    ids = [found for record in records if (found := getattr(record, "id", None)) is not None]
    if ids or not records or is_recalled(answer):  # what was recalled was looked at when it came
        return ids
    objects = [bytes(each) for each in decoded(answer.content, LoosePage[msgspec.Raw], request=request).data]
    if len(set(objects)) < len(objects):
        return ["an object"] * 2
    return [f"a page of {len(objects)} objects ({hashlib.sha256(b''.join(objects)).hexdigest()[:8]})"]


async def _answer(ask: Ask, cursor: str | Omit, *, request: str, variable: str) -> httpx.Response:
    try:
        response = await ask(cursor)
        await response.read()
        return cast("httpx.Response", response.http_response)
    except APIStatusError as error:
        raise refusal(
            request, status=error.status_code, message=_message(error), variable=variable
        ) from error
    except APIConnectionError as error:
        if isinstance(error.__cause__, ParityError):  # our transport's own words, wrapped by the SDK
            raise error.__cause__ from None
        raise ExtractionError(f"{request}: {error}") from error


def _message(error: APIStatusError) -> str:
    body = error.body
    return str(body["message"]) if isinstance(body, dict) and "message" in body else ""
