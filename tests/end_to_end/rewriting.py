"""An ASGI wrapper that changes the bodies of one path's answers, for tests of values nobody knows."""

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Rewritten:
    """An app whose answers at a path are changed."""

    def __init__(self, app: ASGIApp, *, path: str, change: Callable[[bytes], bytes]) -> None:
        self._app = app
        self._path = path
        self._change = change

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the sandbox sends each body in one piece."""
        if scope["type"] != "http" or scope["path"] != self._path:
            await self._app(scope, receive, send)
            return
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        start, *rest = messages
        body = self._change(b"".join(each.get("body", b"") for each in rest))
        headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
        await send({**start, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})
