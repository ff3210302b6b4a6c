"""Who is let in, and how fast: the bearer token, and so many requests a second."""

import time
from collections.abc import Callable
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parity_pipeline.sandbox.metronome_side.wire import reply


class TokenCheck:
    """Lets a request through only with the right bearer token; gives every answer a request id."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        """`token` is what the client must send."""
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401 or pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = str(uuid4())

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        if dict(scope["headers"]).get(b"authorization") != self._expected:
            await reply({"message": "Unauthorized"}, status=401)(scope, receive, named)
            return
        await self._app(scope, receive, named)


class RateLimit:
    """Refuses what is above so many requests in a second, counted from the first one of each second."""

    def __init__(self, app: ASGIApp, per_second: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._app = app
        self._per_second = per_second
        self._clock = clock
        self._since = clock()
        self._count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 429 or pass the request on."""
        if scope["type"] == "http" and self._is_too_many():
            response = reply({"message": "Too many requests"}, status=429)
            response.headers["X-Metronome-Rate-Limit-Type"] = "client"
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_too_many(self) -> bool:
        now = self._clock()
        if now - self._since >= 1:
            self._since, self._count = now, 0
        self._count += 1
        return self._count > self._per_second
