"""ASGI wrappers that answer the same otherwise arranged: other page sizes, rows and keys in another order."""

import random
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Rearranged:
    """An app whose pages hold `page_size` objects at most and whose keys are shuffled; rows if asked for.

    Rows may only be shuffled where a cursor does not name the last of them.
    """

    def __init__(self, app: ASGIApp, *, seed: int, page_size: int, shuffles_rows: bool) -> None:
        self._app = app
        self._seed = seed
        self._page_size = page_size
        self._shuffles_rows = shuffles_rows

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the sandbox sends each body in one piece."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        query = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
        if "limit" in query:
            query["limit"] = str(min(int(query["limit"]), self._page_size))
        await self._app({**scope, "query_string": urlencode(query).encode()}, receive, keep)
        start, *rest = messages
        body = self._rearranged(b"".join(each.get("body", b"") for each in rest), scope["path"])
        headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
        await send({**start, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})

    def _rearranged(self, body: bytes, path: str) -> bytes:
        chance = random.Random(f"{self._seed}:{path}:{len(body)}")
        page = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        if self._shuffles_rows and bytes(page.get("data", msgspec.Raw()))[:1] == b"[":
            rows = msgspec.json.decode(page["data"], type=list[msgspec.Raw])
            chance.shuffle(rows)
            page["data"] = msgspec.Raw(b"[" + b",".join(bytes(row) for row in rows) + b"]")
        return _shuffled(page, chance)


def _shuffled(fields: dict[str, Any], chance: random.Random) -> bytes:
    """An object with its keys, and those of the objects right inside a list of it, in another order.

    Values are copied as they are written, so that no number changes.
    """
    names = list(fields)
    chance.shuffle(names)
    written = [msgspec.json.encode(name) + b":" + _inner(bytes(fields[name]), chance) for name in names]
    return b"{" + b",".join(written) + b"}"


def _inner(raw: bytes, chance: random.Random) -> bytes:
    if raw[:2] == b"[{":
        items = msgspec.json.decode(raw, type=list[dict[str, msgspec.Raw]])
        return b"[" + b",".join(_shuffled(item, chance) for item in items) + b"]"
    if raw[:1] == b"{":
        return _shuffled(msgspec.json.decode(raw, type=dict[str, msgspec.Raw]), chance)
    return raw
