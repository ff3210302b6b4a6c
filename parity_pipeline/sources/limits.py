"""How fast a vendor may be asked: how many requests at once, how many a second."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from parity_pipeline.sources.guard import host_of

STRIPE_HOST: Final = "api.stripe.com"
METRONOME_HOST: Final = "api.metronome.com"

Sleep = Callable[[float], Awaitable[None]]
Clock = Callable[[], float]


@dataclass(frozen=True)
class Limits:
    """The most requests at once and a second; None means no limit."""

    concurrent: int
    per_second: float | None = None


_ELSEWHERE: Final = Limits(concurrent=16)


def stripe_limits(base_url: str, api_key: str) -> Limits:
    """Stripe's own limits: 100 a second with a live key, 25 with a test key; none on another host."""
    if host_of(base_url) != STRIPE_HOST:
        return _ELSEWHERE
    is_live = api_key.startswith(("sk_live_", "rk_live_"))
    return Limits(concurrent=16, per_second=100 if is_live else 25)


def metronome_limits(base_url: str) -> Limits:
    """A modest guess for Metronome, which publishes no limits for reads; none on another host."""
    return Limits(concurrent=10) if host_of(base_url) == METRONOME_HOST else _ELSEWHERE


class Pace:
    """Hands out the slots of one vendor, evenly spaced."""

    def __init__(self, limits: Limits, *, sleep: Sleep = asyncio.sleep, clock: Clock) -> None:
        self.free = asyncio.Semaphore(limits.concurrent)
        self._interval = 1 / limits.per_second if limits.per_second else 0.0
        self._sleep = sleep
        self._clock = clock
        self._next_at = 0.0

    async def wait(self) -> float:
        """Wait for the next slot; returns the seconds waited."""
        now = self._clock()
        slot = max(now, self._next_at)
        self._next_at = slot + self._interval
        seconds = slot - now
        if seconds > 0:
            await self._sleep(seconds)
        return seconds
