"""Metronome's SDK over the one transport."""

import asyncio

import httpx
import pytest
from pydantic import SecretStr
from scripted_vendors import WINDOW, MemorySink, lander

from parity_pipeline.errors import ExtractionError
from parity_pipeline.sources.guard import METRONOME_READS
from parity_pipeline.sources.limits import Limits
from parity_pipeline.sources.metronome import MetronomeLists
from parity_pipeline.sources.metronome_api import MetronomeAccess, MetronomeApi
from parity_pipeline.sources.transport import ReadOnlyTransport, Timing


def test_an_unreachable_host_keeps_the_transports_words() -> None:
    """The SDK wraps what the transport raises; the user sees the transport's own line."""

    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    async def no_sleep(_: float) -> None:
        return

    async def run() -> None:
        transport = ReadOnlyTransport(
            source="metronome",
            base_url="http://vendor.test",
            reads=METRONOME_READS,
            limits=Limits(concurrent=1),
            inner=httpx.MockTransport(refuse),
            timing=Timing(sleep=no_sleep),
        )
        api = MetronomeApi(MetronomeAccess(SecretStr("t"), "http://vendor.test"), transport)
        await MetronomeLists(api, lander(MemorySink()), WINDOW).products()

    with pytest.raises(ExtractionError, match=r"products/list: no answer from vendor\.test after 4 attempts"):
        asyncio.run(run())
