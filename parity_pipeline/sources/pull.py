"""The whole pull: every account and environment at once, each question as soon as what it needs is known."""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace
from typing import TypeVar

import msgspec

from parity_pipeline.errors import ParityError
from parity_pipeline.periods import Window
from parity_pipeline.progress import Tell
from parity_pipeline.sources.journal import Journal
from parity_pipeline.sources.ledger import RequestCount
from parity_pipeline.sources.metronome import MetronomeLists
from parity_pipeline.sources.metronome_api import MetronomeAccess, MetronomeApi, metronome_transport
from parity_pipeline.sources.metronome_rates import MetronomeRates
from parity_pipeline.sources.metronome_usage import MeterLink, MetronomeUsage, UnadditiveNeeds
from parity_pipeline.sources.notes import NotedKeys, Notes
from parity_pipeline.sources.paging import first_error, giving_way, together
from parity_pipeline.sources.resources import metronome_resource
from parity_pipeline.sources.sink import Earlier, Lander, Sink
from parity_pipeline.sources.stripe import StripeFacts, StripeLists
from parity_pipeline.sources.stripe_api import StripeAccess, StripeApi, stripe_transport
from parity_pipeline.sources.stripe_questions import is_additive, unadditive_periods
from parity_pipeline.sources.stripe_usage import StripeUsage
from parity_pipeline.sources.transport import ReadOnlyTransport

T = TypeVar("T")


class _OfCustomer(msgspec.Struct, frozen=True):
    customer_id: str


@dataclass(frozen=True)
class AccountToRead:
    """A Stripe account and the Metronome environment that it is compared with.

    Accounts that name the same environment share it: it is read once, with the first one's access.
    """

    name: str
    environment: str
    stripe: StripeAccess
    metronome: MetronomeAccess
    most_summaries: int | None = None
    """How many questions about event summaries a run may ask; None for all."""


async def pull_everything(
    accounts: Sequence[AccountToRead],
    window: Window,
    writer: Sink,
    *,
    meter_links: Sequence[MeterLink] = (),
    on_progress: Tell | None = None,
    journal: Journal | None = None,
    earlier: Earlier | None = None,
) -> None:
    """Read all that a run needs into the writer and close it.

    What the journal holds is not asked again, nor what an earlier landing knows for good. The first failure
    stops the rest; what was read stays, marked incomplete, and the error is raised.
    """
    access = {each.environment: each.metronome for each in reversed(accounts)}
    stripe = {each.name: stripe_transport(each.stripe) for each in accounts}
    metronome = {name: metronome_transport(each) for name, each in access.items()}
    read_at, notes = (journal.began_at, journal.notes) if journal else (None, Notes())
    error: str | None = "the pull did not end"
    try:
        async with AsyncExitStack() as stack:
            readers = []
            for each in accounts:
                stripe_api = StripeApi(each.stripe, stripe[each.name], journal=journal, account=each.name)
                await stack.enter_async_context(aclosing(stripe_api))
                told = _Told(each.name if len(accounts) > 1 else None, on_progress)
                lander = Lander(writer, each.name, told.progress, earlier, read_at, notes)
                readers.append(_StripeReader(stripe_api, window, lander, each, told))
            environments = []
            for name, each_access in access.items():
                metronome_api = MetronomeApi(each_access, metronome[name], journal=journal, account=name)
                await stack.enter_async_context(aclosing(metronome_api))
                told = _Told(name if len(accounts) > 1 else None, on_progress)
                lander = Lander(writer, name, told.progress, earlier, read_at, notes)
                environments.append(_MetronomeReader(metronome_api, lander, window, meter_links, told))
            await _read(readers, environments)
        error = None
    except BaseExceptionGroup as group:
        first = first_error(group)
        error = _line(first)
        raise first from first.__cause__
    except BaseException as failure:
        error = _line(failure)
        raise
    finally:
        writer.close(requests=_counts([*stripe.items(), *metronome.items()]), error=error)


async def _read(stripe: Sequence["_StripeReader"], metronome: Sequence["_MetronomeReader"]) -> None:
    """Everything, as much at once as the vendors' limits allow."""
    async with asyncio.TaskGroup() as group:
        facts = {each.name: group.create_task(each.lists()) for each in stripe}
        links = {each.name: group.create_task(each.links()) for each in metronome}
        quiet = {
            each.name: group.create_task(each.quiet(links[each.name]))
            for each in metronome
            if each.leans_on_earlier
        }
        for reader in stripe:
            named = reader.environment
            group.create_task(reader.summaries(facts[reader.name], links[named], quiet.get(named)))
            group.create_task(reader.error_events())
        for environment in metronome:
            known = [facts[each.name] for each in stripe if each.environment == environment.name]
            group.create_task(environment.contents(known, links[environment.name]))


class _Told:
    """Says of which account or environment something is told, where there are several."""

    def __init__(self, name: str | None, on_progress: Tell | None) -> None:
        self._name = name
        self._on_progress = on_progress

    @property
    def progress(self) -> Tell | None:
        """Where the progress goes."""
        if self._name is None or self._on_progress is None:
            return self._on_progress
        tell = self._on_progress
        return lambda line: tell(f"{self._name}: {line}")

    async def of(self, work: Awaitable[T]) -> T:
        """Do the work; an error names the account or environment."""
        try:
            return await work
        except ParityError as error:
            if self._name is None:
                raise
            raise type(error)(f"{self._name}: {error}") from error.__cause__


class _StripeReader:
    """Reads one Stripe account."""

    def __init__(
        self, api: StripeApi, window: Window, lander: Lander, account: AccountToRead, told: _Told
    ) -> None:
        self.name = account.name
        self.environment = account.environment
        self._told = told
        self._lists = StripeLists(api, lander, window)
        self._usage = StripeUsage(api, lander, window, most=account.most_summaries)
        self._has_items = asyncio.Event()

    async def lists(self) -> StripeFacts:
        """Every listing besides usage."""
        lists = self._lists
        await self._told.of(
            together(
                self._customers_then_credits(),
                self._items(),
                lists.prices(),
                lists.invoices(),
                lists.subscription_schedules(),
                lists.products(),
                lists.coupons(),
                lists.credit_notes(),
            )
        )
        return lists.facts

    async def summaries(
        self,
        facts: Awaitable[StripeFacts],
        links: Awaitable[NotedKeys],
        quiet: Awaitable[NotedKeys] | None,
    ) -> None:
        """The usage: of metered items as soon as they are known, of invoices, of those Metronome names."""
        await self._has_items.wait()
        await self._told.of(self._usage.summaries(self._lists.facts, facts, links, quiet))

    async def error_events(self) -> None:
        """The reports of dropped events."""
        await self._told.of(self._usage.error_events())

    async def _items(self) -> None:
        await together(self._lists.subscriptions(), self._lists.meters())
        self._has_items.set()

    async def _customers_then_credits(self) -> None:
        await self._lists.customers()
        await self._lists.credits()


class _MetronomeReader:
    """Reads one Metronome environment."""

    def __init__(
        self,
        api: MetronomeApi,
        lander: Lander,
        window: Window,
        links: Sequence[MeterLink],
        told: _Told,
    ) -> None:
        self.name = lander.account
        self._window = window
        self._told = told
        self._lander = lander
        self._has_usage = asyncio.Event()
        self._lists = MetronomeLists(api, lander, window)
        self._rates = MetronomeRates(api, lander, window)
        self._usage = MetronomeUsage(api, lander, window, links)

    @property
    def leans_on_earlier(self) -> bool:
        """Whether an earlier landing may answer some questions."""
        return self._lander.earlier is not None

    async def links(self) -> NotedKeys:
        """The customers; returns what may be ids of Stripe customers."""
        await self._told.of(self._customers_then_links())
        return self._lists.facts.claims.keys

    async def quiet(self, links: Awaitable[object]) -> NotedKeys:
        """Ids that Metronome customers name, where the usage of all who do is as in the earlier pull."""
        await links
        await self._has_usage.wait()
        same = await self._lander.unchanged(
            metronome_resource("usage"), lambda one: one.customer_id, _OfCustomer
        )
        quiet = self._lander.notes.keys()
        async for named, claims in giving_way(self._lists.facts.claims.by_key()):
            if all(claim.customer in same for claim in claims):
                quiet.add(named)
        return quiet

    async def contents(self, facts: Sequence[Awaitable[StripeFacts]], links: Awaitable[object]) -> None:
        """Everything that needs the customers; the facts are those of all accounts of the environment."""
        await links  # the customers are known now
        lists = self._lists
        await self._told.of(
            together(
                lists.billable_metrics(),
                lists.products(),
                lists.rate_cards(),
                lists.credit_types(),
                lists.contracts(),
                lists.invoices(),
                lists.balances(),
                self._usage.by_day(),
            )
        )
        needs = _needs([await each for each in facts], self._window)
        await self._told.of(
            together(
                self._rates.read(lists.facts),
                self._usage_by_period_then_group(needs),
            )
        )

    async def _usage_by_period_then_group(self, needs: UnadditiveNeeds) -> None:
        await self._usage.by_period(self._lists.facts, needs)
        self._has_usage.set()
        await self._usage.by_group(self._lists.facts)

    async def _customers_then_links(self) -> None:
        await self._lists.customers()
        await self._lists.billing_configurations()


def _needs(facts: Sequence[StripeFacts], window: Window) -> UnadditiveNeeds:
    """What the meters of all these accounts that do not add up over days ask of their environment."""
    return UnadditiveNeeds(
        event_names=frozenset(
            meter.event_name
            for each in facts
            for meter in each.meters.values()
            if not is_additive(each, meter.id)
        ),
        periods=frozenset(period for each in facts for period in unadditive_periods(each, window)),
    )


def _counts(transports: Iterable[tuple[str, ReadOnlyTransport]]) -> list[RequestCount]:
    return [replace(count, account=name) for name, each in transports for count in each.ledger.counts()]


def _line(failure: BaseException) -> str:
    return str(failure) if isinstance(failure, ParityError) else f"unexpected: {type(failure).__name__}"
