"""Spoilt answers on purpose: an ASGI wrapper that breaks the responses of chosen paths.

For tests of bad input. The pretend APIs themselves know nothing of it.
"""

import asyncio
import dataclasses
import json
import random
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Kind = Literal["status", "malformed", "truncated", "disconnect", "missing_field", "empty", "changed", "slow"]
Page = dict[str, Any]
Change = Callable[["Asked", Page], Page]

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_CURSORS = ("starting_after", "next_page", "cursor", "page")


@dataclass(frozen=True)
class Asked:
    """One question: what a change may look at besides the answer."""

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes

    @cached_property
    def listing(self) -> str:
        """The question without its cursor: the same for all pages of one listing."""
        return json.dumps([self.path, _without_cursor(self.query), _without_cursor(self._fields)])

    @property
    def is_first_page(self) -> bool:
        """Whether the listing is asked for from its beginning."""
        return not any(fields.get(name) for fields in (self.query, self._fields) for name in _CURSORS)

    @property
    def text(self) -> str:
        """Path, query and body as one text, to search for an identifier."""
        return f"{self.path} {' '.join(self.query.values())} {self.body.decode()}"

    @cached_property
    def _fields(self) -> Mapping[str, Any]:
        found = msgspec.json.decode(self.body) if self.body else {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class Disruption:
    """What to spoil, how, and how often (None: always).

    `where` is a regular expression that is searched for in the method and path, as in `GET /v1/invoices`.

    `status` answers with that status and, when given, a `Retry-After`. `malformed` is a whole answer that is
    no JSON. `truncated` breaks off in the middle of the body, `disconnect` before it. `missing_field` leaves
    `field` out of every object of the page, or out of the page itself when the objects have none.
    `empty` is a last page without objects. `changed` answers what `change` makes of a good page; without a
    change it only asks the API for pages of `page_size` objects. `slow` is a good answer after `seconds`.

    `share` is how many of the questions it hits, by chance, and `lasting` how many seconds after its first
    hit it ends.
    """

    where: str
    kind: Kind
    status: int = 500
    times: int | None = None
    retry_after: int | None = None
    field: str = "id"
    change: Change | None = None
    page_size: int | None = None
    seconds: float = 0.0
    share: float = 1.0
    lasting: float | None = None
    spoilt: list[str] = dataclasses.field(default_factory=list, compare=False, repr=False)
    """The paths of the answers that were spoilt, in order; filled while the sandbox runs."""


class Disrupted:
    """An app whose answers are spoilt as the disruptions say; the first that matches is used.

    Equal seeds give equal chances, in the order in which the questions come.
    """

    def __init__(self, app: ASGIApp, disruptions: Sequence[Disruption], *, seed: int = 1) -> None:
        self._app = app
        self._left = [_Left(each, each.times) for each in disruptions]
        self._lock = threading.Lock()
        self._chance = random.Random(seed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        disruption = self._due(scope) if scope["type"] == "http" else None
        if disruption is None:
            await self._app(scope, receive, send)
            return
        if disruption.kind == "status":
            disruption.spoilt.append(scope["path"])
            await _send(send, disruption.status, _error_body(disruption), _retry_after(disruption))
            return
        if disruption.kind == "slow":
            disruption.spoilt.append(scope["path"])
            await asyncio.sleep(disruption.seconds)
            await self._app(scope, receive, send)
            return
        body = await _whole_body(receive)
        answer = _Recorder()
        await self._app(_with_page_size(scope, disruption.page_size), _replayed(body), answer)
        asked = Asked(scope["method"], scope["path"], _query(scope), body)
        await _send_spoilt(send, answer, disruption, asked)

    def _due(self, scope: Scope) -> Disruption | None:
        target = f"{scope['method']} {scope['path']}"
        with self._lock:
            for each in self._left:
                if each.is_open and re.search(each.disruption.where, target):
                    if each.disruption.share < 1 and self._chance.random() >= each.disruption.share:
                        continue
                    each.count()
                    return each.disruption
        return None


@dataclass
class _Left:
    """How often, and how long, a disruption is still to happen."""

    disruption: Disruption
    times: int | None
    since: float | None = None

    @property
    def is_open(self) -> bool:
        lasting = self.disruption.lasting
        is_over = lasting is not None and self.since is not None and time.monotonic() - self.since > lasting
        return self.times != 0 and not is_over

    def count(self) -> None:
        self.since = time.monotonic() if self.since is None else self.since
        self.times = None if self.times is None else self.times - 1


class _Recorder:
    """Takes an app's answer instead of the client."""

    def __init__(self) -> None:
        self.status = 200
        self.body = b""

    async def __call__(self, message: Message) -> None:
        """Keep one message of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.body += message.get("body", b"")


async def _send_spoilt(send: Send, answer: _Recorder, disruption: Disruption, asked: Asked) -> None:
    body = answer.body
    if disruption.kind == "truncated":
        disruption.spoilt.append(asked.path)
        await _send(send, answer.status, body[: len(body) // 2], {}, announced=len(body))
    elif disruption.kind == "disconnect":
        disruption.spoilt.append(asked.path)
        await _send(send, answer.status, b"", {}, announced=len(body))
    else:
        changed = body if answer.status != 200 else _changed(body, disruption, asked)
        if changed is not body:
            disruption.spoilt.append(asked.path)
        await _send(send, answer.status, changed, {})


def _changed(body: bytes, disruption: Disruption, asked: Asked) -> bytes:
    """The body that is sent instead of a good one; the same object when nothing of it changes."""
    if disruption.kind == "malformed":
        return b'{"data": [' + body[:20] + b"}}"
    page = json.loads(body, parse_float=Decimal)
    if disruption.kind == "empty":
        page = emptied(page)
    elif disruption.kind == "missing_field":
        page = _without(page, disruption.field)
    elif disruption.change is not None:
        page = disruption.change(asked, page)
    return body if page == json.loads(body, parse_float=Decimal) else _ENCODER.encode(page)


async def _send(
    send: Send, status: int, body: bytes, extra: dict[str, str], *, announced: int | None = None
) -> None:
    """Send an answer; one that announces more than it holds is left open, and the server hangs up."""
    headers = {"content-type": "application/json", "content-length": str(announced or len(body)), **extra}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body, "more_body": announced is not None})


def emptied(page: Page) -> Page:
    """The page as a last one without objects."""
    changes = {"data": [], "has_more": False, "next_page": None, "next_page_url": None}
    return {**page, **{name: value for name, value in changes.items() if name in page}}


def _error_body(disruption: Disruption) -> bytes:
    message = f"disrupted on purpose ({disruption.status})"
    return msgspec.json.encode({"error": {"type": "api_error", "message": message}, "message": message})


def _retry_after(disruption: Disruption) -> dict[str, str]:
    return {} if disruption.retry_after is None else {"retry-after": str(disruption.retry_after)}


def _without(page: Page, name: str) -> Page:
    items = page.get("data")
    if isinstance(items, list) and any(name in each for each in items):
        return {**page, "data": [_less(each, name) for each in items]}
    return _less(page, name)


def _less(item: Page, name: str) -> Page:
    return {key: value for key, value in item.items() if key != name}


def _without_cursor(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in sorted(fields.items()) if name not in _CURSORS}


def _query(scope: Scope) -> dict[str, str]:
    return dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))


def _with_page_size(scope: Scope, page_size: int | None) -> Scope:
    """The same question for smaller pages, where it names a limit at all."""
    pairs = parse_qsl(scope["query_string"].decode(), keep_blank_values=True)
    if page_size is None or "limit" not in dict(pairs):
        return scope
    changed = [(name, str(page_size) if name == "limit" else value) for name, value in pairs]
    return {**scope, "query_string": urlencode(changed).encode()}


async def _whole_body(receive: Receive) -> bytes:
    body, is_open = b"", True
    while is_open:
        message = await receive()
        body += message.get("body", b"")
        is_open = message.get("more_body", False)
    return body


def _replayed(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
