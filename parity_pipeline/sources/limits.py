"""How fast a vendor may be asked, and is asked: slower when it says so, faster again when it is calm."""

import asyncio
import math
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from parity_pipeline.sources.guard import host_of

STRIPE_HOST: Final = "api.stripe.com"
METRONOME_HOST: Final = "api.metronome.com"
PATIENCE_SECONDS: Final = 120.0
LIVE_KEYS: Final = ("sk_live_", "rk_live_", "sk_org_live", "rk_org_live")

_SECOND: Final = 1.005
"""The window in which a vendor counts, and how finely clocks tick."""
_UNEVEN: Final = 0.05
"""The most seconds by which a request is taken to arrive later than others do: a twentieth of the rate."""
_CATCH_UP: Final = 0.05
"""Slots that nobody was ready for are made up for at most so many seconds."""
_SLOWER: Final = (0.95, 0.85, 0.7)
_CALM_SECONDS: Final = 5.0
"""A lone 429 is mostly an accident of timing; the next ones soon after are not."""
_FASTER: Final = 1.1
_FASTER_UNKNOWN: Final = 1.03
_FASTER_NEAR_REFUSED: Final = 1.0025
_NEAR: Final = 0.98
_BELOW_ADMITTED: Final = 0.95
_KNOWN_AFTER: Final = 20
"""So many answers tell how quick an endpoint can be; the first ones wait for connections."""
_SLOWEST: Final = 0.5
_FEW: Final = 3
"""So few requests in a second were not too fast by their rate."""
_STEP_SECONDS: Final = 1.0
"""One overload answers many requests with 429; it counts once."""

Sleep = Callable[[float], Awaitable[None]]
Clock = Callable[[], float]


@dataclass(frozen=True)
class Limits:
    """The most requests at once, a second in all and a second at one endpoint; None means no limit.

    A question that fails is asked again for so many seconds of patience.
    """

    concurrent: int
    per_second: float | None = None
    per_endpoint: float | None = None
    patience_seconds: float = PATIENCE_SECONDS


@dataclass(frozen=True)
class LimitChanges:
    """What the settings say instead of the vendor; None leaves it as it is."""

    concurrent: int | None = None
    per_second: float | None = None
    per_endpoint: float | None = None
    patience_seconds: float | None = None

    def of(self, limits: Limits) -> Limits:
        """The limits with these changes."""
        return Limits(
            concurrent=self.concurrent or limits.concurrent,
            per_second=self.per_second or limits.per_second,
            per_endpoint=self.per_endpoint or limits.per_endpoint,
            patience_seconds=self.patience_seconds or limits.patience_seconds,
        )


AS_PUBLISHED: Final = LimitChanges()
_ELSEWHERE: Final = Limits(concurrent=8)
"""As many as keep one processor busy; the pool looks at every idle connection before each request."""


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


@dataclass
class Leave:
    """One request: when it left, and the latest instant at which the vendor may have counted it."""

    endpoint: str
    sent_at: float
    counted_at: float


class Rate:
    """Evenly spaced slots, and never more requests in a second than the vendor allows.

    After a 429 there are fewer slots; calm seconds bring them back.
    """

    def __init__(self, most: float | None, *, sleep: Sleep, clock: Clock) -> None:
        self.now_at = self._most = most
        self.turn = asyncio.Lock()
        """Held by whoever waits for the next slot, so that the others wait in line."""
        self._sleep = sleep
        self._clock = clock
        self._next_at = 0.0
        self._slowed_at, self._raised_at = -math.inf, clock()
        self._strain = 0
        self._refused = 0.0
        self._second_at, self._this_second, self._last_second = clock(), 0, 0
        self._left: deque[Leave] = deque(maxlen=max(1, int(most)) if most else 0)

    async def wait(self) -> None:
        """Wait for the next slot."""
        while (seconds := self._seconds_left()) > 0:
            await self._sleep(seconds)

    def sent(self, leave: Leave) -> None:
        """A request leaves now."""
        self._left.append(leave)
        if self.now_at:
            self._next_at = max(self._next_at, leave.sent_at - _CATCH_UP) + 1 / self.now_at

    def _seconds_left(self) -> float:
        """Until the next slot; it must not come within a second of the request that filled the limit."""
        is_full = self._left.maxlen and len(self._left) == self._left.maxlen
        free_at = self._left[0].counted_at + _SECOND if is_full else 0.0
        return max(self._next_at, free_at) - self._clock()

    def slow_down(self, hold_seconds: float) -> None:
        """The vendor said that this was too fast, and for how long to hold on."""
        now = self._clock()
        self._next_at = max(self._next_at, now + hold_seconds)
        if self.now_at is None:
            if (admitted := max(self._this_second, self._last_second)) > _FEW:
                self._refused = admitted
                self.now_at, self._slowed_at = admitted * _BELOW_ADMITTED, now
                self._next_at = max(self._next_at, now + _SECOND)  # what was let in fills this second
        elif now - self._slowed_at >= _STEP_SECONDS:
            self._strain = 0 if now - self._slowed_at >= _CALM_SECONDS else self._strain + 1
            self._refused = self.now_at
            factor = _SLOWER[min(self._strain, len(_SLOWER) - 1)]
            self.now_at, self._slowed_at = max(self.now_at * factor, _SLOWEST), now

    def calm(self) -> None:
        """An answer came that was no 429."""
        now = self._clock()
        self._count(now)
        if self.now_at is None or now - max(self._slowed_at, self._raised_at) < _STEP_SECONDS:
            return
        if self._most is not None:
            self.now_at = min(self.now_at * _FASTER, self._most)
        else:
            is_near = self.now_at * _FASTER_UNKNOWN >= self._refused * _NEAR
            self.now_at *= _FASTER_NEAR_REFUSED if is_near else _FASTER_UNKNOWN
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
        self._freed = asyncio.Event()

    async def take(self) -> None:
        """Wait for a place and hold it."""
        while self._taken >= self.now_at:
            self._freed.clear()
            await self._freed.wait()
        self._taken += 1

    def give_back(self) -> None:
        """The place is free again."""
        self._taken -= 1
        self._freed.set()

    def slow_down(self) -> None:
        """The vendor said that these were too many at once."""
        now = self._clock()
        if now - self._slowed_at >= _STEP_SECONDS:
            self.now_at, self._slowed_at = max(1, int(self.now_at * _SLOWER[-1])), now

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
        self._quickest: dict[str, float] = {}
        self._answers: Counter[str] = Counter()

    def endpoint(self, name: str) -> Rate:
        """The rate of one endpoint."""
        if name not in self._endpoints:
            self._endpoints[name] = Rate(self._limits.per_endpoint, sleep=self._sleep, clock=self._clock)
        return self._endpoints[name]

    async def leave(self, endpoint: str) -> Leave:
        """Wait for the endpoint's next slot, one of all and a place; the caller gives the place back."""
        own = self.endpoint(endpoint)
        async with own.turn:
            await own.wait()
            async with self.overall.turn:
                await self.overall.wait()
                await self.places.take()
                now = self._clock()
                leave = Leave(endpoint, sent_at=now, counted_at=now)
                own.sent(leave)
                self.overall.sent(leave)
        return leave

    def answered(self, leave: Leave) -> None:
        """An answer came: what it took longer than the quickest one may be how late the request arrived."""
        endpoint, seconds = leave.endpoint, self._clock() - leave.sent_at
        self._quickest[endpoint] = min(seconds, self._quickest.get(endpoint, seconds))
        self._answers[endpoint] += 1
        usual = self._quickest[endpoint] if self._answers[endpoint] > _KNOWN_AFTER else 0.0
        leave.counted_at = leave.sent_at + min(seconds - usual, _UNEVEN)

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
