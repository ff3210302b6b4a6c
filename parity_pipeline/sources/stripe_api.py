"""Stripe's own SDK over our transport: one read, or a walk through a listing. Which reads: see stripe.py.

The SDK gives authentication, the pinned API version, parameter encoding and error classes. It never sees
a good answer's body: that goes to msgspec as it came, exactly.
"""

import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar, Final, Generic, TypeVar

import httpx
import msgspec
import stripe
from pydantic import SecretStr

from parity_pipeline.errors import ExtractionError, NotFoundError, ParityError
from parity_pipeline.sources.answers import decoded, refusal
from parity_pipeline.sources.guard import STRIPE_READS, checked_base_url
from parity_pipeline.sources.journal import Journal
from parity_pipeline.sources.limits import AS_PUBLISHED, STRIPE_HOST, LimitChanges, Limits, stripe_limits
from parity_pipeline.sources.paging import MAX_PAGES
from parity_pipeline.sources.transport import ReadOnlyTransport
from parity_pipeline.sources.vendor_api import VendorApi

T = TypeVar("T")

_PAGE_SIZE: Final = 100
_MODES: Final = "modes"
_MODE: Final = re.compile(rb'"livemode"\s*:\s*(true|false)\b')


@dataclass(frozen=True)
class StripeAccess:
    """Where Stripe is and the key to it; no address means Stripe's own.

    The context names the account that the key of an organisation is to read. The variables are those that
    hold the key and the address, for messages.
    """

    api_key: SecretStr
    base_url: str | None = None
    context: str | None = None
    key_variable: str = "STRIPE_API_KEY"
    address_variable: str = "STRIPE_API_BASE"
    limits: LimitChanges = AS_PUBLISHED
    """How fast to ask, where that is not as the vendor says."""
    metadata_keys: tuple[str, ...] = ()
    """What is kept of a customer's metadata, in order."""


class ListPage(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A page of a listing."""

    data: list[T]
    has_more: bool


class _Identified(msgspec.Struct, frozen=True):
    id: str


@dataclass(frozen=True)
class Page(Generic[T]):
    """The records of a page."""

    records: list[T]


class _KeptBody(str):
    """What the SDK gets for a good answer: an empty object that carries the real body past it."""

    __slots__ = ("kept",)
    kept: httpx.Response


class _HttpClient(stripe.HTTPClient):
    """The door through which the SDK sends; asynchronous only."""

    name: ClassVar[str] = "httpx"

    def __init__(self, client: httpx.AsyncClient) -> None:
        super().__init__()
        self._client = client

    async def request_async(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        post_data: Any = None,  # noqa: ANN401 - the SDK's signature
    ) -> tuple[Any, int, Mapping[str, str]]:
        response = await self._client.request(method.upper(), url, headers=dict(headers), content=post_data)
        if response.status_code != httpx.codes.OK:
            return response.text, response.status_code, response.headers
        empty = _KeptBody("{}")
        empty.kept = response
        return empty, response.status_code, response.headers


def stripe_transport(access: StripeAccess) -> ReadOnlyTransport:
    """The transport for one Stripe account; raise UsageError for an address that is none."""
    return ReadOnlyTransport(
        source="stripe",
        base_url=stripe_base_url(access),
        reads=STRIPE_READS,
        limits=limits_of_stripe(access),
    )


def limits_of_stripe(access: StripeAccess) -> Limits:
    """How fast this account may be asked."""
    return access.limits.of(stripe_limits(stripe_base_url(access), access.api_key.get_secret_value()))


def stripe_base_url(access: StripeAccess) -> str:
    """The address in use."""
    return checked_base_url(access.base_url or f"https://{STRIPE_HOST}", variable=access.address_variable)


class StripeApi(VendorApi):
    """Reads from one Stripe account."""

    def __init__(
        self,
        access: StripeAccess,
        transport: ReadOnlyTransport,
        *,
        max_pages: int = MAX_PAGES,
        journal: Journal | None = None,
        account: str = "",
    ) -> None:
        stripe.enable_telemetry = False
        super().__init__(transport, max_pages=max_pages, journal=journal, account=account)
        self._key_variable = access.key_variable
        self._address_variable = access.address_variable
        self._metadata_keys = access.metadata_keys
        self._modes: dict[bytes, str] = {}
        self._client = stripe.StripeClient(
            access.api_key.get_secret_value(),
            stripe_context=access.context,
            base_addresses={"api": stripe_base_url(access)},
            http_client=_HttpClient(self._http),
            max_network_retries=0,
        )

    async def probe(
        self, method: str, path: str, query: Mapping[str, object], _: Mapping[str, object]
    ) -> httpx.Response:
        """One read as it is; `method` is always GET."""
        return await self._answer(path, query)

    async def get(self, path: str, kind: type[T], **params: object) -> T:
        """Read one object."""
        answer = await self._answer(path, params)
        found = decoded(answer.content, kind, request=_named(path))
        self._keep(answer, found)
        return found

    async def pages(self, path: str, record: type[T], **params: object) -> AsyncGenerator[Page[T], None]:
        """Walk through a listing, newest first, page by page."""
        listing = _named(path)
        guard = self.guard(listing)
        kind = ListPage[record]  # type: ignore[valid-type]  # made at run time
        after: dict[str, object] = {}
        while True:
            try:
                answer = await self._answer(path, {**params, "limit": _PAGE_SIZE, **after})
            except NotFoundError as error:
                if not after:
                    raise
                raise ExtractionError(str(error)) from error  # the listing is there: only its cursor is gone
            body = answer.content
            page = decoded(body, kind, request=listing, metadata_keys=self._metadata_keys)
            ids = [item.id for item in decoded(body, ListPage[_Identified], request=listing).data]
            guard.new_objects(ids)
            self._keep(answer, page)
            yield Page(page.data)
            if not page.has_more:
                return
            if not ids:
                raise ExtractionError(f"{listing}: an empty page says that there are more; run again")
            guard.next_page(ids[-1])
            after = {"starting_after": ids[-1]}

    def _keep(self, answer: httpx.Response, found: object) -> None:
        if self._memory.wants(answer):
            modes = b"".join(b',"livemode":' + mode for mode in answer.extensions[_MODES])
            self._memory.keep(answer, found, also=modes)

    async def _answer(self, path: str, params: Mapping[str, object]) -> httpx.Response:
        try:
            response = await self._client.raw_request_async("get", path, **params)
        except stripe.StripeError as error:
            raise _refusal(error, path, variable=self._key_variable) from error
        body = response.body
        if not isinstance(body, _KeptBody):
            raise ExtractionError(f"{_named(path)}: answered {response.code}, expected 200")
        modes = set(_MODE.findall(body.kept.content))
        body.kept.extensions[_MODES] = modes
        for mode in modes:
            self._modes.setdefault(mode, _named(path))
        if len(self._modes) > 1:
            live, test = self._modes[b"true"], self._modes[b"false"]
            raise ExtractionError(
                f"{live} answered with live objects and {test} with test objects; "
                f"check {self._address_variable}"
            )
        return body.kept


def _refusal(error: stripe.StripeError, path: str, *, variable: str) -> ParityError:
    # An object that is named in a parameter and is not there is a 400 of this code.
    status = HTTPStatus.NOT_FOUND if error.code == "resource_missing" else error.http_status or 0
    return refusal(_named(path), status=status, message=str(error.user_message or ""), variable=variable)


def _named(path: str) -> str:
    return f"stripe GET {path.partition('?')[0]}"
