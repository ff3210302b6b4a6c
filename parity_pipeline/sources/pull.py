"""The whole pull: both vendors at once, each question as soon as what it needs is known."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing

from parity_pipeline.errors import ParityError
from parity_pipeline.periods import Window
from parity_pipeline.sources.metronome import MetronomeLists
from parity_pipeline.sources.metronome_api import MetronomeAccess, MetronomeApi, metronome_transport
from parity_pipeline.sources.metronome_rates import MetronomeRates
from parity_pipeline.sources.metronome_usage import MeterLink, MetronomeUsage, UnadditiveNeeds
from parity_pipeline.sources.paging import first_error, together
from parity_pipeline.sources.sink import Lander, Sink
from parity_pipeline.sources.stripe import StripeFacts, StripeLists
from parity_pipeline.sources.stripe_api import StripeAccess, StripeApi, stripe_transport
from parity_pipeline.sources.stripe_usage import StripeUsage, is_additive, unadditive_periods

__all__ = ["MeterLink", "MetronomeAccess", "StripeAccess", "pull_everything"]


async def pull_everything(
    stripe: StripeAccess,
    metronome: MetronomeAccess,
    window: Window,
    writer: Sink,
    *,
    account: str = "default",
    meter_links: Sequence[MeterLink] = (),
    on_progress: Callable[[str], None] | None = None,
) -> None:
    """Read all that a run needs into the writer and close it.

    The first failure stops the rest; what was read stays, marked incomplete, and the error is raised.
    """
    transports = stripe_transport(stripe), metronome_transport(metronome)
    error: str | None = "the pull did not end"
    try:
        async with AsyncExitStack() as stack:
            stripe_api = await stack.enter_async_context(aclosing(StripeApi(stripe, transports[0])))
            metronome_api = await stack.enter_async_context(aclosing(MetronomeApi(metronome, transports[1])))
            lander = Lander(writer, account, on_progress)
            await _Pull(stripe_api, metronome_api, lander, window, meter_links).run()
        error = None
    except BaseExceptionGroup as group:
        first = first_error(group)
        error = _line(first)
        raise first from first.__cause__
    except BaseException as failure:
        error = _line(failure)
        raise
    finally:
        writer.close(requests=[count for each in transports for count in each.ledger.counts()], error=error)


class _Pull:
    def __init__(
        self,
        stripe_api: StripeApi,
        metronome_api: MetronomeApi,
        lander: Lander,
        window: Window,
        links: Sequence[MeterLink],
    ) -> None:
        self._window = window
        self._stripe = StripeLists(stripe_api, lander, window)
        self._stripe_usage = StripeUsage(stripe_api, lander, window)
        self._metronome = MetronomeLists(metronome_api, lander, window)
        self._rates = MetronomeRates(metronome_api, lander, window)
        self._usage = MetronomeUsage(metronome_api, lander, window, links)

    async def run(self) -> None:
        """Everything, as much at once as the vendors' limits allow."""
        async with asyncio.TaskGroup() as group:
            known = group.create_task(self._stripe_lists())
            links = group.create_task(self._metronome_links())
            group.create_task(self._stripe_summaries(known, links))
            group.create_task(self._metronome_contents(known, links))
            group.create_task(self._stripe_usage.error_events())

    async def _stripe_lists(self) -> StripeFacts:
        lists = self._stripe
        await together(
            self._stripe_customers_then_credits(),
            lists.subscriptions(),
            lists.prices(),
            lists.meters(),
            lists.invoices(),
            lists.subscription_schedules(),
            lists.products(),
            lists.coupons(),
            lists.credit_notes(),
        )
        return lists.facts

    async def _stripe_customers_then_credits(self) -> None:
        await self._stripe.customers()
        await self._stripe.credits()

    async def _metronome_links(self) -> set[str]:
        await self._metronome.customers()
        await self._metronome.billing_configurations()
        return self._metronome.facts.stripe_ids

    async def _stripe_summaries(self, known: Awaitable[StripeFacts], links: Awaitable[set[str]]) -> None:
        await self._stripe_usage.summaries(await known, await links)

    async def _metronome_contents(self, known: Awaitable[StripeFacts], links: Awaitable[set[str]]) -> None:
        await links  # the customers are known now
        lists = self._metronome
        await together(
            lists.billable_metrics(),
            lists.products(),
            lists.rate_cards(),
            lists.credit_types(),
            lists.contracts(),
            lists.invoices(),
            lists.balances(),
            self._usage.by_day(),
        )
        needs = _needs(await known, self._window)
        await together(
            self._rates.read(lists.facts),
            self._usage.by_group(lists.facts),
            self._usage.by_period(lists.facts, needs),
        )


def _needs(facts: StripeFacts, window: Window) -> UnadditiveNeeds:
    meters = [meter for meter in facts.meters.values() if not is_additive(facts, meter.id)]
    return UnadditiveNeeds(
        event_names=frozenset(meter.event_name for meter in meters),
        periods=frozenset(period for _, _, period in unadditive_periods(facts, window)),
    )


def _line(failure: BaseException) -> str:
    return str(failure) if isinstance(failure, ParityError) else f"unexpected: {type(failure).__name__}"
