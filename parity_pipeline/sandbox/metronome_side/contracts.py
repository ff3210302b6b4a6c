"""Contracts: which rates hold for a customer, from when to when, and the billing periods that follow.

Terms only; what was used and what it costs is worked out elsewhere.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from parity_pipeline.sandbox.facts import Customer
from parity_pipeline.sandbox.ids import metronome_customer, metronome_id
from parity_pipeline.sandbox.metronome_side.catalogue import (
    PLATFORM_FEE,
    RATE_CARDS,
    Catalogue,
    Product,
    Rate,
    RateCard,
    RateTier,
)
from parity_pipeline.sandbox.metronome_side.months import months_after, whole_hour
from parity_pipeline.sandbox.metronome_side.overrides import Override, Terms, agreed_rate
from parity_pipeline.sandbox.metronome_side.units import credit_type
from parity_pipeline.sandbox.world import World


@dataclass(frozen=True)
class Period:
    """A billing period, half-open."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Contract:
    """One contract of one customer; `rates` are those of the rate card that it is entitled to."""

    id: str
    customer: Customer
    card: RateCard
    starts_at: datetime
    ends_at: datetime | None
    anchor: datetime
    rates: tuple[Rate, ...]
    overrides: tuple[Override, ...]
    has_platform_fee: bool
    is_fee_scheduled: bool
    is_duplicate: bool
    has_auto_recharge: bool
    has_spend_threshold: bool

    @property
    def customer_id(self) -> str:
        """Metronome's id of the customer."""
        return metronome_customer(self.customer.key)

    @property
    def currency(self) -> str:
        """The currency that it is invoiced in."""
        return self.card.currency

    @property
    def rate_card_id(self) -> str:
        """The rate card whose rates hold."""
        return self.card.id

    @property
    def products(self) -> tuple[Product, ...]:
        """What it sells, each product once."""
        return tuple({rate.product.id: rate.product for rate in self.rates}.values())

    @property
    def listed_fee(self) -> Rate:
        """The monthly fee as the price list has it: nothing."""
        return Rate(PLATFORM_FEE, (), (RateTier(Decimal(0)),), credit_type(self.currency))

    def agreed(self, listed: Rate, moment: datetime) -> Rate:
        """What is paid at an instant instead of a listed rate."""
        return agreed_rate(listed, self.overrides, moment)

    def turns(self, listed: Rate, period: Period) -> list[datetime]:
        """When, inside a period, another rate begins to hold than before."""
        bounds = {
            bound
            for override in self.overrides
            if override.fits(listed)
            for bound in (override.starts_at, override.ends_at)
            if bound is not None and period.start < bound < period.end
        }
        return sorted(bounds)

    def subscription_id(self, product: Product) -> str:
        """The subscription of this contract to a product."""
        return metronome_id("subscription", self.id, product.id)

    def covers(self, moment: datetime) -> bool:
        """Whether the contract is in force at that instant."""
        return self.starts_at <= moment and (self.ends_at is None or moment < self.ends_at)

    def periods(self, until: datetime) -> Iterator[Period]:
        """The billing periods that started before `until`; the first and last may be cut short."""
        step = 12 if self.customer.interval == "year" else 1
        months = 0
        while (start := months_after(self.anchor, months)) < until:
            months += step
            end = months_after(self.anchor, months)
            if self.ends_at is not None:
                end = min(end, self.ends_at)
            start = max(start, self.starts_at)
            if start < end and start < until:
                yield Period(start, end)
            if end == self.ends_at:
                return


def contracts_of(world: World, catalogue: Catalogue, customer: Customer) -> tuple[Contract, ...]:
    """The contracts of a customer whom Metronome knows, as far as they have begun."""
    quirks = world.metronome_quirks
    starts_at = whole_hour(quirks.contract_starts_at.get(customer.key, customer.started_at))
    if customer.key in quirks.no_contract or starts_at > world.now:
        return ()
    first = _contract(world, catalogue, customer, starts_at, is_duplicate=False)
    if customer.key not in quirks.second_contract:
        return (first,)
    return first, _contract(world, catalogue, customer, starts_at, is_duplicate=True)


def _contract(
    world: World, catalogue: Catalogue, customer: Customer, starts_at: datetime, *, is_duplicate: bool
) -> Contract:
    quirks = world.metronome_quirks
    key = customer.key
    anchor = whole_hour(customer.started_at)
    if key in quirks.calendar_anchored:
        anchor = anchor.replace(day=1, hour=0)
    contract_id = metronome_id("contract", key, *(("second",) if is_duplicate else ()))
    card = RATE_CARDS[f"{customer.currency}-credits" if customer.billed_in_credits else customer.currency]
    listed = catalogue.rates[card.key]
    has_fee = not is_duplicate and bool(customer.monthly_fee or customer.fee_change)
    terms = Terms(
        contract_id=contract_id,
        customer=customer,
        card=card,
        listed=listed,
        charges=world.metronome.charges,
        starts_at=starts_at,
        now=world.now,
        has_fee=has_fee,
    )
    return Contract(
        id=contract_id,
        customer=customer,
        card=card,
        starts_at=starts_at,
        ends_at=_end(customer, quirks.contract_ends_at.get(key)),
        anchor=anchor,
        rates=tuple(rate for rate in listed if rate.charge in customer.charges),
        overrides=terms.overrides(),
        has_platform_fee=has_fee,
        is_fee_scheduled=has_fee and zlib.crc32(key.encode()) % 3 == 0,
        is_duplicate=is_duplicate,
        has_auto_recharge=key in quirks.auto_recharge and not is_duplicate,
        has_spend_threshold=key in quirks.spend_threshold and not is_duplicate,
    )


def _end(customer: Customer, told_otherwise: datetime | None) -> datetime | None:
    """When the contract ends: when the customer leaves, or earlier by mistake."""
    ends = [whole_hour(moment) for moment in (customer.ended_at, told_otherwise) if moment is not None]
    return min(ends, default=None)
