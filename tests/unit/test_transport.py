"""The transport: retries, limits, ledger, over scripted answers and over a closed port."""

import asyncio
import gzip
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import httpx
import pytest

from parity_pipeline.errors import ExtractionError, ForbiddenRequestError
from parity_pipeline.sources.guard import STRIPE_READS
from parity_pipeline.sources.limits import Limits, metronome_limits, stripe_limits
from parity_pipeline.sources.transport import ReadOnlyTransport, Retries, Timing

BASE = "http://vendor.test"
Answer = httpx.Response | Exception


@dataclass
class Bench:
    """A transport over scripted answers, with a clock that only sleeping moves."""

    answers: list[Answer]
    limits: Limits = field(default_factory=lambda: Limits(concurrent=4))
    retries: Retries = field(default_factory=lambda: Retries(attempts=3, connect_attempts=2))
    jitter: float = 1.0
    sleeps: list[float] = field(default_factory=list)
    sent: list[httpx.Request] = field(default_factory=list)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.transport = ReadOnlyTransport(
            source="stripe",
            base_url=BASE,
            reads=STRIPE_READS,
            limits=self.limits,
            retries=self.retries,
            inner=httpx.MockTransport(self._answer),
            timing=Timing(sleep=self._sleep, clock=lambda: self.now, jitter=lambda: self.jitter),
        )

    async def _sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def get(self, path: str = "/v1/customers", **headers: str) -> httpx.Response:
        """Send one GET."""

        async def run() -> httpx.Response:
            async with httpx.AsyncClient(transport=self.transport) as client:
                return await client.get(BASE + path, headers=headers)

        return asyncio.run(run())


def _status(code: int, **headers: str) -> httpx.Response:
    return httpx.Response(code, headers={name.replace("_", "-"): text for name, text in headers.items()})


@pytest.mark.parametrize("code", [408, 409, 429, 500, 502, 503])
def test_passing_failures_are_retried(code: int) -> None:
    """A failure that may pass is sent again after a pause that doubles."""
    bench = Bench([_status(code), _status(code), _status(200)])
    assert bench.get().status_code == 200
    assert bench.sleeps == [0.5, 1.0]


@pytest.mark.parametrize("code", [400, 401, 403, 404, 422])
def test_lasting_failures_are_not_retried(code: int) -> None:
    """A refusal is handed on at once."""
    bench = Bench([_status(code)])
    assert bench.get().status_code == code
    assert bench.sleeps == []


def test_a_minute_of_outage_is_outlasted() -> None:
    """With the shortest of all pauses the last attempt is sent 65.75 seconds after the first."""
    bench = Bench([_status(503)] * 12, retries=Retries(), jitter=0.0)
    assert bench.get().status_code == 503
    assert sum(bench.sleeps) == 65.75


def test_patience_ends() -> None:
    """A question that failed for as long as the limits allow is not sent again: two pauses, no more."""
    bench = Bench([_status(503)] * 3, limits=Limits(concurrent=4, patience_seconds=1.5))
    assert bench.get().status_code == 503
    assert bench.sleeps == [0.5, 1.0]


def test_a_host_that_answered_before_is_not_given_up_early() -> None:
    """A refused connection is tried as often as anything else, once the address is known to be right."""
    bench = Bench([_status(200), httpx.ConnectError("refused"), httpx.ConnectError("refused"), _status(200)])
    assert [bench.get().status_code for _ in range(2)] == [200, 200]


def test_retries_are_bounded() -> None:
    """After the last attempt the failure is handed on."""
    bench = Bench([_status(500)] * 3)
    assert bench.get().status_code == 500
    assert len(bench.sent) == 3


@pytest.mark.parametrize(
    ("asked", "waited"), [("7", 7.0), ("0", 0.0), ("3600", 60.0), ("-5", 0.0), ("soon", 0.5), ("nan", 0.5)]
)
def test_retry_after_is_obeyed_within_a_minute(asked: str, waited: float) -> None:
    """The vendor's own pause counts, up to a minute; nonsense does not."""
    bench = Bench([_status(429, retry_after=asked), _status(200)])
    bench.get()
    assert bench.sleeps == [waited]


def test_retry_after_as_a_date_in_the_past() -> None:
    """A date that is over means at once."""
    bench = Bench([_status(503, retry_after="Wed, 01 Jan 2020 00:00:00 GMT"), _status(200)])
    bench.get()
    assert bench.sleeps == [0.0]


@pytest.mark.parametrize("header", ["stripe_should_retry", "x_should_retry"])
def test_the_vendor_may_forbid_a_retry(header: str) -> None:
    """A vendor that says no is not asked again."""
    bench = Bench([_status(500, **{header: "false"})])
    assert bench.get().status_code == 500


@pytest.mark.parametrize("header", ["stripe_should_retry", "x_should_retry"])
def test_the_vendor_may_ask_for_a_retry(header: str) -> None:
    """A vendor that says yes is asked again whatever the status."""
    bench = Bench([_status(400, **{header: "true"}), _status(200)])
    assert bench.get().status_code == 200


def test_a_lost_connection_is_retried() -> None:
    """An answer that breaks off is asked for again."""
    bench = Bench([httpx.ReadError("gone"), httpx.ReadTimeout("slow"), _status(200)])
    assert bench.get().status_code == 200


def test_giving_up_names_host_and_endpoint() -> None:
    """When no answer comes, one line says who did not answer what."""
    bench = Bench([httpx.ConnectError("refused")] * 2)
    with pytest.raises(
        ExtractionError, match=r"stripe GET /v1/customers: no answer from vendor\.test after 2"
    ):
        bench.get("/v1/customers?email=someone")


def test_a_closed_port() -> None:
    """A host that nobody serves is an extraction error."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{free.getsockname()[1]}"

    async def no_sleep(_: float) -> None:
        return

    async def run() -> None:
        transport = ReadOnlyTransport(
            source="stripe",
            base_url=base,
            reads=STRIPE_READS,
            limits=Limits(concurrent=1),
            timing=Timing(sleep=no_sleep),
        )
        async with httpx.AsyncClient(transport=transport) as client:
            await client.get(f"{base}/v1/customers")

    with pytest.raises(ExtractionError, match=r"no answer from 127\.0\.0\.1 after 4 attempts"):
        asyncio.run(run())


def test_a_write_never_leaves() -> None:
    """A write is refused before anything is sent."""
    bench = Bench([])

    async def run() -> None:
        async with httpx.AsyncClient(transport=bench.transport) as client:
            await client.post(f"{BASE}/v1/customers")

    with pytest.raises(ForbiddenRequestError):
        asyncio.run(run())
    assert bench.sent == []


def test_the_ledger_counts_by_endpoint() -> None:
    """Requests, retries, throttling, bytes and waiting are kept for each endpoint."""
    bench = Bench(
        [
            _status(429, retry_after="2"),
            httpx.Response(200, content=b"12345"),
            httpx.Response(200, content=b""),
        ]
    )
    bench.get("/v1/invoices/in_1/lines")
    bench.get("/v1/invoices/in_2/lines")
    (count,) = bench.transport.ledger.counts()
    assert (count.source, count.endpoint) == ("stripe", "GET /v1/invoices/{id}/lines")
    assert (count.requests, count.retries, count.throttled, count.bytes) == (3, 1, 1, 5)
    assert count.waited_seconds == Decimal("2.000000")


def test_requests_are_spaced() -> None:
    """A limit of four a second leaves a quarter of a second between two requests."""
    bench = Bench([_status(200)] * 3, limits=Limits(concurrent=4, per_second=4))
    for _ in range(3):
        bench.get()
    assert bench.sleeps == pytest.approx([0.25] * 2)


def test_no_more_at_once_than_allowed() -> None:
    """Requests beyond the limit wait for a free place."""
    running, most = 0, 0

    async def answer(_: httpx.Request) -> httpx.Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1
        return httpx.Response(200)

    transport = ReadOnlyTransport(
        source="stripe",
        base_url=BASE,
        reads=STRIPE_READS,
        limits=Limits(concurrent=3),
        inner=httpx.MockTransport(answer),
    )

    async def run() -> None:
        async with httpx.AsyncClient(transport=transport) as client:
            await asyncio.gather(*(client.get(f"{BASE}/v1/customers") for _ in range(12)))

    asyncio.run(run())
    assert most == 3


def test_packed_answers_are_unpacked() -> None:
    """A compressed body arrives as it was meant; the ledger counts what travelled."""
    packed = gzip.compress(b"x" * 1000)

    async def body() -> object:
        yield packed

    bench = Bench([httpx.Response(200, headers={"content-encoding": "gzip"}, content=body())])
    assert bench.get().content == b"x" * 1000
    assert bench.transport.ledger.counts()[0].bytes == len(packed)


def test_a_damaged_packed_answer_is_retried() -> None:
    """A body that cannot be unpacked counts as a lost connection."""

    async def body() -> object:
        yield b"no gzip"

    bench = Bench([httpx.Response(200, headers={"content-encoding": "gzip"}, content=body()), _status(200)])
    assert bench.get().status_code == 200


def test_no_telemetry_leaves() -> None:
    """The SDK's headers about this machine stay here; all others pass."""
    bench = Bench([_status(200)])
    bench.get(**{"X-Stainless-OS": "Linux", "Authorization": "Bearer t"})
    assert "x-stainless-os" not in bench.sent[0].headers
    assert bench.sent[0].headers["authorization"] == "Bearer t"


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (lambda: stripe_limits("https://api.stripe.com", "rk_live_x"), Limits(32, 100, 25)),
        (lambda: stripe_limits("https://api.stripe.com", "sk_org_live_x"), Limits(32, 100, 25)),
        (lambda: stripe_limits("https://api.stripe.com", "rk_test_x"), Limits(16, 25)),
        (lambda: stripe_limits("http://127.0.0.1:1", "rk_test_x"), Limits(8)),
        (lambda: metronome_limits("https://api.metronome.com"), Limits(10)),
        (lambda: metronome_limits("http://127.0.0.1:1"), Limits(8)),
    ],
)
def test_default_limits(limits: Callable[[], Limits], expected: Limits) -> None:
    """The vendors' own hosts are asked politely, a local one as fast as it answers."""
    assert limits() == expected
