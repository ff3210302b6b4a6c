"""How fast a vendor may be asked, and is asked: slower when it says so, faster again when it is calm."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from parity_pipeline.sources.guard import host_of

STRIPE_HOST: Final = "api.stripe.com"
METRONOME_HOST: Final = "api.metronome.com"
LIVE_KEYS: Final = ("sk_live_", "rk_live_", "sk_org_live", "rk_org_live")

_HEADROOM: Final = 0.97
_WINDOW_SECONDS: Final = 1.03
"""A second, and how unevenly requests arrive."""
_SLOWER: Final = 0.7
_A_LITTLE_SLOWER: Final = 0.9
_CALM_SECONDS: Final = 5.0
"""A lone 429 at a known limit is mostly an accident of timing; the next one soon after is not."""
_FASTER: Final = 1.1
_FASTER_UNKNOWN: Final = 1.03
_BELOW_ADMITTED: Final = 0.95
_SLOWEST: Final = 0.5
_FEW: Final = 3
"""So few requests in a second were not too fast by their rate."""
_STEP_SECONDS: Final = 1.0
"""One overload answers many requests with 429; it counts once."""

Sleep = Callable[[float], Awaitable[None]]
Clock = Callable[[], float]


@dataclass(frozen=True)
class Limits:
    """The most requests at once, a second in all and a second at one endpoint; None means no limit."""

    concurrent: int
    per_second: float | None = None
    per_endpoint: float | None = None


@dataclass(frozen=True)
class LimitChanges:
    """What the settings say instead of the vendor; None leaves it as it is."""

    concurrent: int | None = None
    per_second: float | None = None
    per_endpoint: float | None = None

    def of(self, limits: Limits) -> Limits:
        """The limits with these changes."""
        return Limits(
            concurrent=self.concurrent or limits.concurrent,
            per_second=self.per_second or limits.per_second,
            per_endpoint=self.per_endpoint or limits.per_endpoint,
        )


AS_PUBLISHED: Final = LimitChanges()
_ELSEWHERE: Final = Limits(concurrent=16)


def stripe_limits(base_url: str, api_key: str) -> Limits:
    """Stripe's own limits, which a live key has four times as high as a test key; none on another host."""
    if host_of(base_url) != STRIPE_HOST:
        return _ELSEWHERE
    if api_key.startswith(LIVE_KEYS):
        return Limits(concurrent=32, per_second=100, per_endpoint=25)
    return Limits(concurrent=16, per_second=25)


def metronome_limits(base_url: str) -> Limits:
    """A modest guess for Metronome, which publishes no limits for reads; none on another host."""
    return Limits(concurrent=10) if host_of(base_url) == METRONOME_HOST else _ELSEWHERE


class Rate:
    """Evenly spaced slots. After a 429 there are fewer; calm seconds bring them back."""

    def __init__(self, most: float | None, *, sleep: Sleep, clock: Clock) -> None:
        self.now_at = self._most = most and most * _HEADROOM
        self._sleep = sleep
        self._clock = clock
        self._next_at = 0.0
        self._slowed_at = self._raised_at = clock()
        self._second_at, self._this_second, self._last_second = clock(), 0, 0
        self._sent: deque[float] = deque(maxlen=max(1, int(most)) if most else 0)

    async def wait(self) -> float:
        """Wait for the next slot; returns the seconds waited."""
        now = self._clock()
        slot = max(now, self._next_at)
        self._next_at = slot + (1 / self.now_at if self.now_at else 0.0)
        seconds = slot - now
        if seconds > 0:
            await self._sleep(seconds)
        return seconds

    def full_for(self) -> float:
        """Seconds until a request may leave: slots that were used late must not come too close together."""
        if not self._sent.maxlen or len(self._sent) < self._sent.maxlen:
            return 0.0
        return max(0.0, self._sent[0] + _WINDOW_SECONDS - self._clock())

    def sent(self) -> None:
        """A request leaves now."""
        self._sent.append(self._clock())

    def slow_down(self, hold_seconds: float) -> None:
        """The vendor said that this was too fast, and for how long to hold on."""
        now = self._clock()
        self._next_at = max(self._next_at, now + hold_seconds)
        if self.now_at is None:
            if (admitted := max(self._this_second, self._last_second)) > _FEW:
                self.now_at, self._slowed_at = admitted * _BELOW_ADMITTED, now
        elif now - self._slowed_at >= _STEP_SECONDS:
            was_calm = self._most is not None and now - self._slowed_at >= _CALM_SECONDS
            factor = _A_LITTLE_SLOWER if was_calm else _SLOWER
            self.now_at, self._slowed_at = max(self.now_at * factor, _SLOWEST), now

    def calm(self) -> None:
        """An answer came that was no 429."""
        now = self._clock()
        self._count(now)
        if self.now_at is None or now - max(self._slowed_at, self._raised_at) < _STEP_SECONDS:
            return
        faster = self.now_at * (_FASTER if self._most is not None else _FASTER_UNKNOWN)
        self.now_at = faster if self._most is None else min(faster, self._most)
        self._raised_at = now

    def _count(self, now: float) -> None:
        """How many requests were let in, in this second and in the one before, for want of a known limit."""
        if now - self._second_at >= 1:
            self._last_second = self._this_second if now - self._second_at < 2 else 0
            self._second_at, self._this_second = now, 0
        self._this_second += 1


class Places:
    """So many requests at once; fewer after a 429 that says so."""

    def __init__(self, most: int, *, clock: Clock) -> None:
        self.now_at = self._most = most
        self._clock = clock
        self._slowed_at = self._raised_at = clock()
        self._taken = 0
        self._freed = asyncio.Condition()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Hold a place for as long as the block runs."""
        async with self._freed:
            await self._freed.wait_for(lambda: self._taken < self.now_at)
            self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1
            async with self._freed:
                self._freed.notify()

    def slow_down(self) -> None:
        """The vendor said that these were too many at once."""
        now = self._clock()
        if now - self._slowed_at >= _STEP_SECONDS:
            self.now_at, self._slowed_at = max(1, int(self.now_at * _SLOWER)), now

    def calm(self) -> None:
        """An answer came that was no 429."""
        now = self._clock()
        if self.now_at < self._most and now - max(self._slowed_at, self._raised_at) >= _STEP_SECONDS:
            self.now_at, self._raised_at = self.now_at + 1, now


class Pace:
    """The slots and places of one vendor, with a rate for each endpoint besides the one for all."""

    def __init__(self, limits: Limits, *, sleep: Sleep = asyncio.sleep, clock: Clock) -> None:
        self.places = Places(limits.concurrent, clock=clock)
        self.overall = Rate(limits.per_second, sleep=sleep, clock=clock)
        self._limits = limits
        self._sleep = sleep
        self._clock = clock
        self._endpoints: dict[str, Rate] = {}

    def endpoint(self, name: str) -> Rate:
        """The rate of one endpoint."""
        if name not in self._endpoints:
            self._endpoints[name] = Rate(self._limits.per_endpoint, sleep=self._sleep, clock=self._clock)
        return self._endpoints[name]

    async def wait(self, endpoint: str) -> float:
        """Wait for the endpoint's next slot, then for one of all; returns the seconds waited."""
        return await self.endpoint(endpoint).wait() + await self.overall.wait()

    async def leave(self, endpoint: str) -> float:
        """Wait while the last second is full, then count the request as sent; returns the seconds waited."""
        rates, began = (self.endpoint(endpoint), self.overall), self._clock()
        while (seconds := max(each.full_for() for each in rates)) > 0:
            await self._sleep(seconds)
        for each in rates:
            each.sent()
        return self._clock() - began

    def calm(self, endpoint: str) -> None:
        """An answer of this endpoint was no 429."""
        for each in (self.endpoint(endpoint), self.overall, self.places):
            each.calm()

    def throttled(self, endpoint: str, reason: str, hold_seconds: float) -> None:
        """A 429 with the reason that the vendor's header gives, if any, and how long to hold on."""
        if reason == "global-rate":
            self.overall.slow_down(hold_seconds)
        elif reason.endswith("-concurrency"):
            self.places.slow_down()
        elif reason != "resource-specific":
            self.endpoint(endpoint).slow_down(hold_seconds)
