"""Contracts: which rates hold for a customer, from when to when, and the billing periods that follow.

Terms only; what was used and what it costs is worked out elsewhere.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from parity_pipeline.sandbox.company import Customer, add_months
from parity_pipeline.sandbox.ids import metronome_customer, metronome_id
from parity_pipeline.sandbox.metronome_side.catalogue import (
    PLATFORM_FEE,
    Catalogue,
    Product,
    Rate,
    RateTier,
    rate_card_id,
)
from parity_pipeline.sandbox.metronome_side.units import per_major_unit
from parity_pipeline.sandbox.world import World


@dataclass(frozen=True)
class Period:
    """A billing period, half-open."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Contract:
    """One contract of one customer. `products` are what it sells; `multiplier` is 1 without a discount."""

    id: str
    customer: Customer
    starts_at: datetime
    ends_at: datetime | None
    anchor: datetime
    products: tuple[Product, ...]
    multiplier: Decimal
    platform_fee: Decimal
    is_fee_scheduled: bool
    is_duplicate: bool
    has_auto_recharge: bool

    @property
    def customer_id(self) -> str:
        """Metronome's id of the customer."""
        return metronome_customer(self.customer.key)

    @property
    def currency(self) -> str:
        """The currency of its rate card."""
        return self.customer.currency

    @property
    def rate_card_id(self) -> str:
        """The rate card whose rates hold."""
        return rate_card_id(self.currency)

    @property
    def platform_fee_rate(self) -> Rate | None:
        """The monthly fee, when there is one."""
        if not self.platform_fee:
            return None
        return Rate(PLATFORM_FEE, (), (RateTier(self.platform_fee),))

    def subscription_id(self, product: Product) -> str:
        """The subscription of this contract to a product."""
        return metronome_id("subscription", self.id, product.id)

    def covers(self, moment: datetime) -> bool:
        """Whether the contract is in force at that instant."""
        return self.starts_at <= moment and (self.ends_at is None or moment < self.ends_at)

    def list_rates(self, catalogue: Catalogue) -> list[Rate]:
        """The rate card's rates that this contract is entitled to."""
        return [rate for rate in catalogue.rates[self.currency] if rate.product in self.products]

    def rates(self, catalogue: Catalogue) -> list[Rate]:
        """The same with the contract's discount."""
        return [rate.times(self.multiplier) for rate in self.list_rates(catalogue)]

    def periods(self, until: datetime) -> Iterator[Period]:
        """The billing periods that started before `until`; the first and last may be cut short."""
        months = 0
        while (start := add_months(self.anchor, months)) < until:
            months += 1
            end = add_months(self.anchor, months)
            if self.ends_at is not None:
                end = min(end, self.ends_at)
            start = max(start, self.starts_at)
            if start < end and start < until:
                yield Period(start, end)
            if end == self.ends_at:
                return


def build_contracts(world: World, catalogue: Catalogue) -> list[Contract]:
    """The contracts of every customer that Metronome knows, in the customers' order."""
    quirks = world.metronome_quirks
    contracts: list[Contract] = []
    for key, customer in world.metronome.customers.items():
        if key in quirks.absent_customers or key in quirks.no_contract:
            continue
        contracts.append(_contract(world, catalogue, customer, is_duplicate=False))
        if key in quirks.second_contract:
            contracts.append(_contract(world, catalogue, customer, is_duplicate=True))
    return contracts


def _contract(world: World, catalogue: Catalogue, customer: Customer, *, is_duplicate: bool) -> Contract:
    quirks = world.metronome_quirks
    key = customer.key
    starts_at = quirks.contract_starts_at.get(key, customer.started_at)
    anchor = customer.started_at
    if key in quirks.calendar_anchored:
        anchor = anchor.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    event_names = {world.metronome.charges[charge].event_name for charge in customer.charges}
    sold = [catalogue.usage_products[name] for name in catalogue.usage_products if name in event_names]
    sold += [catalogue.flat_fee_products[name] for name in catalogue.flat_fee_products if name in event_names]
    fee = Decimal(0) if is_duplicate else customer.monthly_fee * per_major_unit(customer.currency)
    return Contract(
        id=metronome_id("contract", key, *(("second",) if is_duplicate else ())),
        customer=customer,
        starts_at=starts_at.replace(minute=0, second=0, microsecond=0),
        ends_at=quirks.contract_ends_at.get(key),
        anchor=anchor,
        products=tuple(sold),
        multiplier=1 - customer.discount_percent / 100,
        platform_fee=fee,
        is_fee_scheduled=zlib.crc32(key.encode()) % 3 == 0,
        is_duplicate=is_duplicate,
        has_auto_recharge=key in quirks.auto_recharge and not is_duplicate,
    )
