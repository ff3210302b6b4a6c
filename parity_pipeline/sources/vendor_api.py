"""What both vendors' reads have in common: one transport, the memory of what was read, the count of requests.

How a listing is walked through is each vendor's: see stripe_api.py and metronome_api.py.
"""

import httpx

from parity_pipeline.sources.journal import Journal, JournalTransport
from parity_pipeline.sources.notes import Notes
from parity_pipeline.sources.paging import PageGuard
from parity_pipeline.sources.transport import TIMEOUT, ReadOnlyTransport


class VendorApi:
    """Reads from one account or environment; `at_once` is how many questions may be under way."""

    def __init__(
        self, transport: ReadOnlyTransport, *, max_pages: int, journal: Journal | None, account: str
    ) -> None:
        self.at_once = transport.limits.concurrent
        self._transport = transport
        self._max_pages = max_pages
        self._notes = journal.notes if journal else Notes()
        self._memory = JournalTransport(transport, journal, account)
        self._http = httpx.AsyncClient(transport=self._memory, timeout=TIMEOUT)

    def guard(self, listing: str) -> PageGuard:
        """What watches the walk through a listing."""
        return PageGuard(listing, self._notes, max_pages=self._max_pages)

    def count_spared(self, endpoint: str, questions: int) -> None:
        """So many questions to an endpoint were answered by an earlier landing."""
        if questions:
            self._transport.ledger.count_spared(endpoint, questions)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()
