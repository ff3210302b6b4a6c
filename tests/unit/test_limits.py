"""How the speed follows what a vendor answers, on a clock that only the test moves."""

import asyncio
from dataclasses import dataclass

import pytest

from parity_pipeline.sources.limits import LimitChanges, Limits, Pace, Places, Rate


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
    """Ten a second less headroom is 9.7; 429s within a second make it 6.79; calm seconds add a tenth."""
    clock = Clock()
    rate = _rate(10, clock)
    clock.now += 1
    for _ in range(5):
        rate.slow_down(0)
    assert rate.now_at == pytest.approx(6.79)
    rates = []
    for _ in range(5):
        clock.now += 1
        rate.calm()
        rate.calm()
        rates.append(rate.now_at)
    assert rates == pytest.approx([7.469, 8.2159, 9.03749, 9.7, 9.7])


def test_a_429_after_a_raise_counts() -> None:
    """That the rate was raised a moment ago does not shield it: 9.7 made 6.79, raised 7.469, made 5.2283."""
    clock = Clock()
    rate = _rate(10, clock)
    clock.now += 1
    rate.slow_down(0)
    clock.now += 1
    rate.calm()
    rate.slow_down(0)
    assert rate.now_at == pytest.approx(5.2283)


def test_a_lone_429_at_a_known_limit_costs_little() -> None:
    """After five calm seconds 9.7 a second become 8.73; another one a second later makes it 6.111."""
    clock = Clock()
    rate = _rate(10, clock)
    clock.now += 5
    rate.slow_down(0)
    assert rate.now_at == pytest.approx(8.73)
    clock.now += 1
    rate.slow_down(0)
    assert rate.now_at == pytest.approx(6.111)


def test_a_vendor_without_a_known_limit() -> None:
    """Twenty requests were let in this second, so it goes on with 19 a second, and slowly faster."""
    clock = Clock()
    rate = _rate(None, clock)
    for _ in range(20):
        rate.calm()
    clock.now += 0.5
    rate.slow_down(0)
    assert rate.now_at == pytest.approx(19)
    clock.now += 1
    rate.calm()
    assert rate.now_at == pytest.approx(19.57)


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
    assert asyncio.run(rate.wait()) == 7


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
        pace.overall.now_at != pytest.approx(97),
        pace.endpoint("a").now_at != pytest.approx(24.25),
        pace.places.now_at != 8,
    ) == slower
    assert pace.endpoint("b").now_at == pytest.approx(24.25)


def test_an_endpoint_that_waits_holds_up_no_other() -> None:
    """At 100 a second in all and 10 at one endpoint, another one is asked at once."""
    clock = Clock()
    pace = Pace(Limits(8, 100, 10), sleep=clock.sleep, clock=clock)

    async def ask() -> list[float]:
        return [await pace.wait("a"), await pace.wait("b")]

    assert asyncio.run(ask()) == pytest.approx([0, 1 / 97])


def test_late_slots_do_not_come_too_close() -> None:
    """Three requests that left late leave no room for a fourth until a second after the first."""
    clock = Clock()
    pace = Pace(Limits(8, 3), sleep=clock.sleep, clock=clock)
    waited = [asyncio.run(pace.leave("a")) for _ in range(4)]
    assert waited == pytest.approx([0, 0, 0, 1.03])


def test_settings_change_what_a_vendor_publishes() -> None:
    """Only what is set is changed."""
    assert LimitChanges(per_second=50).of(Limits(32, 100, 25)) == Limits(32, 50, 25)
