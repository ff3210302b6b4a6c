"""Which rates of Metronome a run needs: each rate card's, and each contract's wherever they change."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec
from metronome import Omit

from parity_pipeline.errors import ExtractionError, NotFoundError
from parity_pipeline.periods import Period, Window, ceil_hour, rfc3339
from parity_pipeline.sources.metronome import MetronomeFacts
from parity_pipeline.sources.metronome_api import MetronomeApi
from parity_pipeline.sources.metronome_records import Contract, ContractRate, RateCardRate
from parity_pipeline.sources.notes import NotedKeys
from parity_pipeline.sources.paging import for_each
from parity_pipeline.sources.resources import metronome_resource
from parity_pipeline.sources.sink import Lander


@dataclass(frozen=True, order=True)
class RateAsk:
    """One question: which rates are in force for this contract at this instant?"""

    customer: str
    contract: str
    at: datetime

    @property
    def text(self) -> str:
        """The question in one line."""
        return f"{self.customer} {self.contract} {rfc3339(self.at)}"


class _Identified(msgspec.Struct, frozen=True):
    id: str


class _OfCard(msgspec.Struct, frozen=True):
    rate_card_id: str


class _OfContract(msgspec.Struct, frozen=True):
    customer_id: str
    contract_id: str
    asked_at: datetime


def rate_asks(
    contracts: Iterable[Contract], card_bounds: dict[str, set[datetime]], window: Window
) -> Iterator[RateAsk]:
    """All questions of a run, each once."""
    for contract in contracts:
        for instant in sorted(rate_instants(contract, card_bounds, window)):
            yield RateAsk(contract.customer_id, contract.id, instant)


def rate_instants(contract: Contract, card_bounds: dict[str, set[datetime]], window: Window) -> set[datetime]:
    """Where a contract's rates can change inside the window: its start, bounds of rates and overrides."""
    if contract.archived_at is not None or contract.rate_card_id is None:
        return set()
    ends = min(window.as_of, contract.ending_before or window.as_of)
    in_force = Period(max(window.start, contract.starting_at), ends)
    if in_force.is_empty:
        return set()
    bounds = card_bounds.get(contract.rate_card_id, set()) | set(_override_bounds(contract))
    return {in_force.start} | {bound for bound in bounds if in_force.start < bound < in_force.end}


def _override_bounds(contract: Contract) -> Iterator[datetime]:
    for override in contract.overrides or ():
        yield override.starting_at
        if override.ending_before is not None:
            yield override.ending_before


class MetronomeRates:
    """Reads and lands rates."""

    def __init__(self, api: MetronomeApi, lander: Lander, window: Window) -> None:
        self._api = api
        self._contracts = api.client.v1.contracts
        self._lander = lander
        self._window = window
        self._card_bounds: defaultdict[str, set[datetime]] = defaultdict(set)

    async def read(self, facts: MetronomeFacts) -> None:
        """The rates of all rate cards, then those of all contracts."""
        await self._card_schedules(facts)
        known = await self._known(facts)
        asks = rate_asks(facts.contracts, self._card_bounds, self._window)
        await for_each(
            (each for each in asks if each.text not in known), self._contract_rates, at_once=self._api.at_once
        )
        self._lander.finish(metronome_resource("contract_rates"), watermark=self._window.as_of)

    async def _known(self, facts: MetronomeFacts) -> NotedKeys:
        """Land what an earlier pull was told of contracts that are as they were, on rate cards that are too.

        What an override changes is not all landed, so contracts with overrides are asked again.
        """
        same_contracts = await self._lander.unchanged(
            metronome_resource("contracts"), lambda one: one.id, _Identified
        )
        same_cards = await self._lander.unchanged(
            metronome_resource("rate_card_rates"), lambda one: one.rate_card_id, _OfCard
        )
        settled = (
            contract
            for contract in facts.contracts
            if contract.id in same_contracts
            and contract.rate_card_id in same_cards
            and not contract.overrides
        )
        wanted = self._lander.notes.keys()
        wanted.update(each.text for each in rate_asks(settled, self._card_bounds, self._window))
        known = await self._lander.reuse(
            metronome_resource("contract_rates"),
            wanted,
            lambda one: RateAsk(one.customer_id, one.contract_id, one.asked_at).text,
            _OfContract,
        )
        self._api.count_spared("POST /v1/contracts/getContractRateSchedule", len(known))
        return known

    async def _card_schedules(self, facts: MetronomeFacts) -> None:
        # Nobody could check whether archived rate cards are listed, so those of the contracts are asked too.
        listed = set(facts.rate_cards)
        used = {each.rate_card_id for each in facts.contracts if each.rate_card_id is not None}
        absent: list[NotFoundError] = []
        found: list[str] = []

        async def read(rate_card: str) -> None:
            try:
                await self._card_schedule(rate_card)
            except NotFoundError as error:
                if rate_card in listed:
                    absent.append(error)
            else:
                found.append(rate_card)

        await for_each(sorted(listed | used), read, at_once=self._api.at_once)
        if absent and found:
            raise ExtractionError(str(absent[0]))
        note = f"not offered: {absent[0]}" if absent else None
        self._lander.finish(metronome_resource("rate_card_rates"), watermark=self._window.as_of, note=note)

    async def _card_schedule(self, rate_card: str) -> None:
        async def ask(cursor: str | Omit) -> object:
            return await self._contracts.rate_cards.with_raw_response.retrieve_rate_schedule(
                rate_card_id=rate_card,
                starting_at=self._window.start,
                ending_before=ceil_hour(self._window.as_of),
                limit=100,
                next_page=cursor,
            )

        resource = metronome_resource("rate_card_rates")
        listing = f"POST /v1/contract-pricing/rate-cards/getRateSchedule (rate card {rate_card})"
        async for page in self._api.loose_pages(listing, RateCardRate, ask):
            self._lander.append(resource, page, context=(rate_card,))
            for rate in page:
                self._card_bounds[rate_card].add(rate.starting_at)
                if rate.ending_before is not None:
                    self._card_bounds[rate_card].add(rate.ending_before)

    async def _contract_rates(self, question: RateAsk) -> None:
        async def ask(cursor: str | Omit) -> object:
            return await self._contracts.with_raw_response.retrieve_rate_schedule(
                customer_id=question.customer,
                contract_id=question.contract,
                at=question.at,
                limit=100,
                next_page=cursor,
            )

        resource = metronome_resource("contract_rates")
        context = (question.customer, question.contract, rfc3339(question.at))
        listing = f"POST /v1/contracts/getContractRateSchedule (contract {question.contract})"
        async for page in self._api.loose_pages(listing, ContractRate, ask):
            self._lander.append(resource, page, context=context)
