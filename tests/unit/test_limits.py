"""How the speed follows what a vendor answers, on a clock that only the test moves."""

import asyncio
from dataclasses import dataclass

import pytest

from parity_pipeline.sources.limits import Leave, LimitChanges, Limits, Pace, Places, Rate


@dataclass
class Clock:
    """Seconds, moved by sleeping or by hand."""

    now: float = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.now += seconds


def _rate(most: float | None, clock: Clock) -> Rate:
    return Rate(most, sleep=clock.sleep, clock=clock)


def test_an_overload_counts_once_and_passes() -> None:
    """Ten a second: the 429s of one second make it 9.5, then 8.075, then 5.6525; calm seconds add a tenth."""
    clock = Clock()
    rate = _rate(10, clock)
    seen = []
    for _ in range(3):
        clock.now += 1
        for _ in range(5):
            rate.slow_down(0)
        seen.append(rate.now_at)
    assert seen == pytest.approx([9.5, 8.075, 5.6525])
    seen = []
    for _ in range(7):
        clock.now += 1
        rate.calm()
        rate.calm()
        seen.append(rate.now_at)
    assert seen == pytest.approx([6.21775, 6.839525, 7.5234775, 8.27582525, 9.103407775, 10, 10])


def test_a_429_after_a_raise_counts() -> None:
    """That the rate was raised a moment ago does not shield it: 10 made 9.5, raised to 10, made 8.5."""
    clock = Clock()
    rate = _rate(10, clock)
    rate.slow_down(0)
    clock.now += 1
    rate.calm()
    rate.slow_down(0)
    assert rate.now_at == pytest.approx(8.5)


def test_a_lone_429_costs_little() -> None:
    """After five calm seconds it is the first one again, and takes a twentieth."""
    clock = Clock()
    rate = _rate(10, clock)
    for _ in range(2):
        rate.slow_down(0)
        assert rate.now_at == pytest.approx(9.5)
        clock.now += 5
        rate.calm()


def test_a_vendor_without_a_known_limit() -> None:
    """Twenty requests were let in this second, so it goes on a second later with 19 a second.

    It is faster by 3 % after a calm second, and by a quarter of a percent near the twenty that were too many.
    """
    clock = Clock()
    rate = _rate(None, clock)
    for _ in range(20):
        rate.calm()
    clock.now += 0.5
    rate.slow_down(0)
    assert rate.now_at == pytest.approx(19)
    asyncio.run(rate.wait())
    assert clock.now == pytest.approx(101.505)
    seen = []
    for _ in range(2):
        clock.now += 1
        rate.calm()
        seen.append(rate.now_at)
    assert seen == pytest.approx([19.57, 19.618925])


def test_a_few_requests_were_not_too_fast() -> None:
    """A 429 to a lone request says nothing about the rate."""
    clock = Clock()
    rate = _rate(None, clock)
    rate.calm()
    rate.slow_down(0)
    assert rate.now_at is None


def test_retry_after_holds_all_requests() -> None:
    """Whoever comes next waits as long as the vendor asked for."""
    clock = Clock()
    rate = _rate(None, clock)
    rate.slow_down(7)
    asyncio.run(rate.wait())
    assert clock.now == 107


def test_fewer_at_once() -> None:
    """Ten places become seven, then one more each calm second, never more than at first."""
    clock = Clock()
    places = Places(10, clock=clock)
    clock.now += 1
    places.slow_down()
    places.slow_down()
    seen = [places.now_at]
    for _ in range(4):
        clock.now += 1
        places.calm()
        seen.append(places.now_at)
    assert seen == [7, 8, 9, 10, 10]


@pytest.mark.parametrize(
    ("reason", "slower"),
    [
        ("global-rate", (True, False, False)),
        ("endpoint-rate", (False, True, False)),
        ("", (False, True, False)),
        ("global-concurrency", (False, False, True)),
        ("endpoint-concurrency", (False, False, True)),
        ("resource-specific", (False, False, False)),
    ],
)
def test_the_reason_decides_what_is_slowed_down(reason: str, slower: tuple[bool, bool, bool]) -> None:
    """The rate in all, the endpoint's rate, or the requests at once; another endpoint stays as fast."""
    clock = Clock()
    pace = Pace(Limits(8, 100, 25), sleep=clock.sleep, clock=clock)
    pace.endpoint("a")
    clock.now += 1
    pace.throttled("a", reason, 0)
    assert (
        pace.overall.now_at != pytest.approx(100),
        pace.endpoint("a").now_at != pytest.approx(25),
        pace.places.now_at != 8,
    ) == slower
    assert pace.endpoint("b").now_at == pytest.approx(25)


def test_an_endpoint_that_waits_holds_up_no_other() -> None:
    """At 100 a second in all and 10 at one endpoint, another one is asked at once."""
    clock = Clock()
    pace = Pace(Limits(8, 100, 10), sleep=clock.sleep, clock=clock)

    async def ask() -> list[float]:
        return [(await pace.leave(endpoint)).sent_at for endpoint in ("a", "b", "a")]

    assert asyncio.run(ask()) == pytest.approx([100, 100, 100.05])


def test_a_full_second_stays_full() -> None:
    """Three requests fill a limit of three; the fourth leaves a second after the first was counted.

    As long as nobody knows how quick the vendor can be, all of an answer's time may have passed before.
    """
    clock = Clock()
    pace = Pace(Limits(8, 3), sleep=clock.sleep, clock=clock)

    async def ask() -> list[float]:
        found = []
        for seconds in (0.01, 0.04, 0.01, 0.01, 0.01):
            leave = await pace.leave("a")
            found.append(leave.sent_at)
            clock.now += seconds
            pace.answered(leave)
            pace.places.give_back()
        return found

    sent = asyncio.run(ask())
    assert sent[3] - sent[0] == pytest.approx(1.015)
    assert sent[4] - sent[1] == pytest.approx(1.045)


def test_a_slow_answer_costs_a_twentieth_at_most() -> None:
    """An answer may have been counted as late as it was slower than the quickest of twenty: 50 ms at most."""
    clock = Clock()
    pace = Pace(Limits(8, 3), sleep=clock.sleep, clock=clock)

    async def ask() -> list[float]:
        found = []
        for seconds in (*(0.01 for _ in range(20)), 0.03, 60):
            leave = await pace.leave("a")
            clock.now += seconds
            pace.answered(leave)
            pace.places.give_back()
            found.append(leave.counted_at - leave.sent_at)
        return found

    assert asyncio.run(ask())[-3:] == pytest.approx([0.01, 0.02, 0.05])


def test_slots_that_nobody_took_are_made_up() -> None:
    """At 100 a second, after a pause, six requests leave at once and the seventh 10 ms later."""
    clock = Clock()
    rate = _rate(100, clock)

    async def ask() -> list[float]:
        found = []
        for _ in range(7):
            await rate.wait()
            rate.sent(Leave("a", clock.now, clock.now))
            found.append(clock.now - 100)
        return found

    assert asyncio.run(ask()) == pytest.approx([0, 0, 0, 0, 0, 0, 0.01])


def test_settings_change_what_a_vendor_publishes() -> None:
    """Only what is set is changed."""
    assert LimitChanges(per_second=50).of(Limits(32, 100, 25)) == Limits(32, 50, 25)
