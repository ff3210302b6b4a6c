"""The one HTTP transport under both vendors' SDKs: read-only guard, limits, retries, request ledger.

The SDKs' own retries are off. What an answer means is not decided here.
"""

import asyncio
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, cast

import httpx

from parity_pipeline.errors import OutageError
from parity_pipeline.sources.guard import Guard, Read, host_of
from parity_pipeline.sources.ledger import Ledger
from parity_pipeline.sources.limits import Clock, Limits, Pace, Sleep
from parity_pipeline.sources.resources import Source

TIMEOUT: Final = httpx.Timeout(80, connect=10)
_RETRIED: Final = frozenset({408, 409, 429})
_SHOULD_RETRY: Final = ("stripe-should-retry", "x-should-retry")
_LONGEST_RETRY_AFTER: Final = 60.0


@dataclass(frozen=True)
class Retries:
    """How often a request is sent at most, and how long the pauses between are: doubling, then constant.

    The pauses of all attempts are more than a minute, whatever their random part. An address that never
    answered may be a wrong one, so it is given up sooner.
    """

    attempts: int = 12
    connect_attempts: int = 4
    first_pause: float = 0.5
    longest_pause: float = 20.0


@dataclass(frozen=True)
class Timing:
    """What a test replaces to save time: pauses, the clock, the random part of a pause."""

    sleep: Sleep = asyncio.sleep
    clock: Clock = time.monotonic
    jitter: Callable[[], float] = random.random


class ReadOnlyTransport(httpx.AsyncBaseTransport):
    """Lets known reads out, within the limits, again when it may help."""

    def __init__(
        self,
        *,
        source: Source,
        base_url: str,
        reads: tuple[Read, ...],
        limits: Limits,
        retries: Retries | None = None,
        inner: httpx.AsyncBaseTransport | None = None,
        timing: Timing | None = None,
    ) -> None:
        self.source = source
        self.limits = limits
        self.ledger = Ledger(source)
        self._host = host_of(base_url)
        self._guard = Guard(base_url, reads)
        self._retries = retries or Retries()
        self._inner = inner or httpx.AsyncHTTPTransport(
            limits=httpx.Limits(
                max_connections=limits.concurrent, max_keepalive_connections=limits.concurrent
            )
        )
        self._timing = timing or Timing()
        self._pace = Pace(limits, sleep=self._timing.sleep, clock=self._timing.clock)
        self._has_answered = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a known read, again after a failure that may pass; answers come back read in full."""
        endpoint = self._guard.endpoint(request.method, str(request.url))
        request = _without_telemetry(request)
        attempt, began = 1, self._timing.clock()
        while True:
            try:
                response = await self._send(request, endpoint, is_retry=attempt > 1)
            except httpx.TransportError as error:
                if attempt >= self._attempts_for(error) or self._is_too_late(began):
                    raise OutageError(self._unreachable(endpoint, error, attempt)) from error
                pause = self._pause(attempt)
            else:
                is_last = attempt >= self._retries.attempts or self._is_too_late(began)
                if is_last or not _is_worth_retrying(response):
                    return response
                asked = _retry_after(response)
                pause = self._pause(attempt) if asked is None else asked
                if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
                    self._pace.throttled(endpoint, _reason(response), asked or 0.0)
            self.ledger.count_wait(endpoint, pause)
            await self._timing.sleep(pause)
            attempt += 1

    def count_resumed(self, request: httpx.Request) -> None:
        """A request need not leave, because a pull that was cut short made it."""
        self.ledger.count_resumed(self._guard.endpoint(request.method, str(request.url)))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()

    async def _send(self, request: httpx.Request, endpoint: str, *, is_retry: bool) -> httpx.Response:
        began = self._timing.clock()
        leave = await self._pace.leave(endpoint)
        try:
            self.ledger.count_wait(endpoint, leave.sent_at - began)
            self.ledger.count_request(endpoint, is_retry=is_retry)
            response = await self._inner.handle_async_request(request)
            self._has_answered = True
            self._pace.answered(leave)
            try:
                body = b"".join([chunk async for chunk in cast("httpx.AsyncByteStream", response.stream)])
            finally:
                await response.aclose()
        finally:
            self._pace.places.give_back()
        self.ledger.count_answer(endpoint, status=response.status_code, size=len(body))
        if response.status_code != httpx.codes.TOO_MANY_REQUESTS:
            self._pace.calm(endpoint)
        try:
            return httpx.Response(
                response.status_code, headers=response.headers, content=body, request=request
            )
        except httpx.DecodingError as error:
            raise httpx.ReadError(f"the body cannot be unpacked: {error}") from error

    def _attempts_for(self, error: httpx.TransportError) -> int:
        did_not_connect = isinstance(error, httpx.ConnectError | httpx.UnsupportedProtocol)
        is_unknown = did_not_connect and not self._has_answered
        return self._retries.connect_attempts if is_unknown else self._retries.attempts

    def _is_too_late(self, began: float) -> bool:
        return self._timing.clock() - began >= self.limits.patience_seconds

    def _pause(self, attempt: int) -> float:
        pause = min(self._retries.first_pause * 2.0 ** (attempt - 1), self._retries.longest_pause)
        return pause * (0.5 + self._timing.jitter() / 2)

    def _unreachable(self, endpoint: str, error: httpx.TransportError, attempts: int) -> str:
        reason = str(error) or "no answer in time"
        return (
            f"{self.source} {endpoint}: no answer from {self._host} after {attempts} attempts "
            f"({type(error).__name__}: {reason}); check the address and the network, then run again"
        )


def _reason(response: httpx.Response) -> str:
    """Why it was too fast. A 429 for an object that another call holds is no matter of speed."""
    reason: str = response.headers.get("stripe-rate-limited-reason", "")
    is_locked = not reason and b"lock_timeout" in response.content
    return "resource-specific" if is_locked else reason


def _is_worth_retrying(response: httpx.Response) -> bool:
    for header in _SHOULD_RETRY:
        if header in response.headers:
            return response.status_code != 200 and response.headers[header].lower() == "true"
    return response.status_code in _RETRIED or response.status_code >= 500


def _retry_after(response: httpx.Response) -> float | None:
    text = response.headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    return None if math.isnan(seconds) else min(max(seconds, 0.0), _LONGEST_RETRY_AFTER)


def _without_telemetry(request: httpx.Request) -> httpx.Request:
    # A copy, because the Metronome SDK reads its own headers again when the answer comes.
    kept = [pair for pair in request.headers.raw if not pair[0].lower().startswith(b"x-stainless-")]
    return httpx.Request(
        request.method, request.url, headers=kept, stream=request.stream, extensions=request.extensions
    )
