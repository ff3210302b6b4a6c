"""ASGI apps on ports of this machine, each served from a thread for as long as a block runs."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

_START_SECONDS = 10.0
_POLL_SECONDS = 0.005


@contextmanager
def served(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """Serve one app on 127.0.0.1 and give its address; port 0 takes a free one."""
    with served_together((app, port)) as addresses:
        yield addresses[0]


@contextmanager
def served_together(*apps: tuple[ASGIApp, int]) -> Iterator[list[str]]:
    """Serve several apps, each on its port, and give their addresses; they start and stop together."""
    running: list[_Running] = []
    try:
        for app, port in apps:
            running.append(_Running(app, port))
        for each in running:
            each.wait_until_started()
        yield [each.address for each in running]
    finally:
        for each in running:
            each.tell_to_stop()
        for each in running:
            each.wait_until_stopped()


class _Running:
    """One server in its thread."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._socket = socket.create_server(("127.0.0.1", port), backlog=256)
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        # A disruption breaks a response off on purpose; the server need not complain about it.
        config = uvicorn.Config(app, access_log=False, log_level="critical", lifespan="off", log_config=None)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )
        self._thread.start()

    def wait_until_started(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("The sandbox server did not start.")
            time.sleep(_POLL_SECONDS)

    def tell_to_stop(self) -> None:
        self._server.should_exit = True
        self._server.force_exit = True

    def wait_until_stopped(self) -> None:
        self._thread.join(timeout=_START_SECONDS)
        self._socket.close()
