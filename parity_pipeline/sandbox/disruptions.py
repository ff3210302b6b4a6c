"""Spoilt answers on purpose: an ASGI wrapper that breaks the responses of chosen paths.

For tests of bad input. The pretend APIs themselves know nothing of it.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Kind = Literal["status", "malformed", "truncated", "disconnect", "missing_field", "empty"]


@dataclass(frozen=True)
class Disruption:
    """What to spoil, how, and how often (None: always).

    `status` answers with that status and, when given, a `Retry-After`. `malformed` is a whole answer that is
    no JSON. `truncated` breaks off in the middle of the body, `disconnect` before it. `missing_field` leaves
    `field` out of every object of the page, or out of the page itself when the objects have none.
    `empty` is a last page without objects.
    """

    path_contains: str
    kind: Kind
    status: int = 500
    times: int | None = None
    retry_after: int | None = None
    field: str = "id"


class Disrupted:
    """An app whose answers are spoilt as the disruptions say; the first that matches is used."""

    def __init__(self, app: ASGIApp, disruptions: Sequence[Disruption]) -> None:
        self._app = app
        self._left: list[tuple[Disruption, list[int | None]]] = [(each, [each.times]) for each in disruptions]
        self._lock = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        disruption = self._due(scope["path"]) if scope["type"] == "http" else None
        if disruption is None:
            await self._app(scope, receive, send)
            return
        if disruption.kind == "status":
            await _send(send, disruption.status, _error_body(disruption), _retry_after(disruption))
            return
        answer = _Recorder()
        await self._app(scope, receive, answer)
        await _send_spoilt(send, answer, disruption)

    def _due(self, path: str) -> Disruption | None:
        with self._lock:
            for disruption, left in self._left:
                if disruption.path_contains in path and left[0] != 0:
                    left[0] = None if left[0] is None else left[0] - 1
                    return disruption
        return None


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


async def _send_spoilt(send: Send, answer: _Recorder, disruption: Disruption) -> None:
    body = answer.body
    if disruption.kind == "malformed":
        await _send(send, answer.status, b'{"data": [' + body[:20] + b"}}", {})
    elif disruption.kind == "truncated":
        await _send(send, answer.status, body[: len(body) // 2], {}, announced=len(body))
    elif disruption.kind == "disconnect":
        await _send(send, answer.status, b"", {}, announced=len(body))
    elif disruption.kind == "empty":
        await _send(send, answer.status, _emptied(body), {})
    else:
        await _send(send, answer.status, _without(body, disruption.field), {})


async def _send(
    send: Send, status: int, body: bytes, extra: dict[str, str], *, announced: int | None = None
) -> None:
    """Send an answer; one that announces more than it holds is left open, and the server hangs up."""
    headers = {"content-type": "application/json", "content-length": str(announced or len(body)), **extra}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body, "more_body": announced is not None})


def _error_body(disruption: Disruption) -> bytes:
    message = f"disrupted on purpose ({disruption.status})"
    return msgspec.json.encode({"error": {"type": "api_error", "message": message}, "message": message})


def _retry_after(disruption: Disruption) -> dict[str, str]:
    return {} if disruption.retry_after is None else {"retry-after": str(disruption.retry_after)}


def _emptied(body: bytes) -> bytes:
    page = msgspec.json.decode(body)
    changes = {"data": [], "has_more": False, "next_page": None}
    return msgspec.json.encode({**page, **{name: value for name, value in changes.items() if name in page}})


def _without(body: bytes, field: str) -> bytes:
    page = msgspec.json.decode(body)
    items = page.get("data")
    if isinstance(items, list) and any(field in each for each in items):
        page["data"] = [{key: value for key, value in each.items() if key != field} for each in items]
    else:
        page.pop(field, None)
    return msgspec.json.encode(page)
