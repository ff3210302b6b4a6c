"""Both vendors' recorded pages over HTTP, served from a process of its own."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.recorded_metronome import metronome_answer
from benchmarks.recorded_stripe import stripe_answer
from parity_pipeline.sandbox.serving import served_together


@contextmanager
def serving_recorded(customers: int) -> Iterator[dict[str, str]]:
    """Serve so many customers until the block ends; gives the variables of a pull."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(customers, theirs))
    process.start()
    try:
        stripe, metronome = ours.recv()
        yield {
            "STRIPE_API_KEY": "rk_test_recorded",
            "STRIPE_API_BASE": stripe,
            "METRONOME_BEARER_TOKEN": "recorded",
            "METRONOME_BASE_URL": metronome,
            "PARITY_PARALLEL_RUN__START": "2026-05-01",
        }
    finally:
        ours.send("stop")
        process.join(timeout=30)


def _serve(customers: int, pipe: "Connection[object, object]") -> None:
    apps = [(_app(customers, is_stripe=is_stripe), 0) for is_stripe in (True, False)]
    with served_together(*apps) as urls:
        pipe.send(urls)
        pipe.recv()


def _app(customers: int, *, is_stripe: bool) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body, is_open = b"", True
        while is_open:
            message = await receive()
            body += message.get("body", b"")
            is_open = message.get("more_body", False)
        path, params = scope["path"], dict(parse_qsl(scope["query_string"].decode()))
        if is_stripe:
            page = stripe_answer(path, params, customers)
        else:
            page = metronome_answer(path, params, json.loads(body or b"{}"), customers)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(page)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": page})

    return app
