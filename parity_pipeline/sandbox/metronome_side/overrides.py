"""Overrides: where a contract departs from the price list, for which rates and for how long.

An OVERWRITE in force decides; else the lowest MULTIPLIER in force does, as Metronome has it by default.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from parity_pipeline.sandbox.facts import Charge, Customer
from parity_pipeline.sandbox.ids import metronome_id
from parity_pipeline.sandbox.metronome_side.catalogue import (
    PLATFORM_FEE,
    Product,
    Rate,
    RateCard,
    RateTier,
)
from parity_pipeline.sandbox.metronome_side.months import whole_hour
from parity_pipeline.sandbox.metronome_side.units import credit_type, per_major_unit


@dataclass(frozen=True)
class Specifier:
    """What an override is for: a product, and only some of its group values when any are named."""

    product: Product
    values: tuple[tuple[str, str], ...] = ()

    def fits(self, rate: Rate) -> bool:
        """Whether a rate is meant."""
        return self.product.id == rate.product.id and set(self.values) <= set(rate.values)


@dataclass(frozen=True)
class Override:
    """One override; only the field that its `kind` needs is set."""

    id: str
    kind: Literal["UNENTITLED", "MULTIPLIER", "OVERWRITE"]
    specifiers: tuple[Specifier, ...]
    starts_at: datetime
    ends_at: datetime | None = None
    multiplier: Decimal = Decimal(1)
    rate: Rate | None = None

    def holds(self, moment: datetime) -> bool:
        """Whether it is in force at that instant."""
        return self.starts_at <= moment and (self.ends_at is None or moment < self.ends_at)

    def fits(self, rate: Rate) -> bool:
        """Whether a rate is meant."""
        return any(specifier.fits(rate) for specifier in self.specifiers)


def agreed_rate(listed: Rate, overrides: Iterable[Override], moment: datetime) -> Rate:
    """What a contract with these overrides pays at an instant instead of a listed rate."""
    meant = [each for each in overrides if each.fits(listed) and each.holds(moment)]
    for override in meant:
        if override.rate is not None:
            return Rate(listed.product, listed.values, override.rate.tiers, override.rate.unit, listed.charge)
    return listed.times(min((each.multiplier for each in meant), default=Decimal(1)))


@dataclass(frozen=True)
class Terms:
    """What the overrides of one contract are made of."""

    contract_id: str
    customer: Customer
    card: RateCard
    listed: tuple[Rate, ...]
    charges: Mapping[str, Charge]
    starts_at: datetime
    now: datetime
    has_fee: bool

    def overrides(self) -> tuple[Override, ...]:
        """All of them."""
        return (*self._unsold(), *self._trial(), *self._multipliers(), *self._changed(), *self._fees())

    def _unsold(self) -> Iterable[Override]:
        """The price list entitles everyone to everything; the contract takes back what it does not sell."""
        unsold = [rate.charge for rate in self.listed if rate.charge not in self.customer.charges]
        if unsold:
            yield Override(self._id("unsold"), "UNENTITLED", self._specifiers(unsold), self.starts_at)

    def _trial(self) -> Iterable[Override]:
        until = self.customer.trial_ends_at
        if until is not None:
            sold = self._specifiers(self.customer.charges)
            ends_at = whole_hour(until)
            yield Override(self._id("trial"), "MULTIPLIER", sold, self.starts_at, ends_at, Decimal(0))

    def _multipliers(self) -> Iterable[Override]:
        """One for all charges that pay the same part of their list price."""
        by_factor: dict[Decimal, list[str]] = {}
        for charge in self.customer.charges:
            factor = self._discounted(charge) * self.customer.negotiated.get(charge, Decimal(1))
            by_factor.setdefault(factor, []).append(charge)
        for factor, charges in by_factor.items():
            if factor != 1:
                found = self._specifiers(charges)
                name = self._id(f"multiplier-{factor.normalize()}")
                yield Override(name, "MULTIPLIER", found, self.starts_at, None, factor)

    def _changed(self) -> Iterable[Override]:
        """The price that a charge has from some day on, with the customer's discount in it."""
        change = self.customer.price_change
        if change is None or change.at > self.now:
            return
        factor = change.factor * self._discounted(change.charge)
        rates = {
            rate.product.id: rate
            for rate in self.listed
            if rate.charge == change.charge and rate.charge in self.customer.charges
        }
        for rate in rates.values():
            (specifier,) = (each for each in self._specifiers([change.charge]) if each.fits(rate))
            yield Override(
                id=self._id(f"changed-{rate.product.id}"),
                kind="OVERWRITE",
                specifiers=(specifier,),
                starts_at=max(whole_hour(change.at), whole_hour(self.customer.trial_ends_at or change.at)),
                rate=rate.times(factor),
            )

    def _fees(self) -> Iterable[Override]:
        """The monthly fee, which the price list has at nothing."""
        change = self.customer.fee_change
        if not self.has_fee:
            return
        turns_at = None if change is None or change.at > self.now else whole_hour(change.at)
        yield self._fee("fee", self.customer.monthly_fee, self.starts_at, turns_at)
        if change is not None and turns_at is not None:
            yield self._fee("fee-changed", change.monthly_fee, turns_at, None)

    def _fee(self, name: str, amount: Decimal, starts_at: datetime, ends_at: datetime | None) -> Override:
        currency = self.card.currency
        tiers = (RateTier(amount * per_major_unit(currency)),)
        return Override(
            id=self._id(name),
            kind="OVERWRITE",
            specifiers=(Specifier(PLATFORM_FEE),),
            starts_at=starts_at,
            ends_at=ends_at,
            rate=Rate(PLATFORM_FEE, (), tiers, credit_type(currency)),
        )

    def _discounted(self, charge: str) -> Decimal:
        """What is left of a price after the discounts on it."""
        item = self.customer.item_discounts.get(charge, Decimal(0))
        return (1 - self.customer.discount_percent / 100) * (1 - item / 100)

    def _specifiers(self, charges: Iterable[str]) -> tuple[Specifier, ...]:
        wanted = set(charges)
        found: dict[Specifier, None] = {}
        for rate in self.listed:
            if rate.charge in wanted:
                dimension = self.charges[rate.charge].dimension
                values = tuple((key, value) for key, value in rate.values if key == dimension)
                found[Specifier(rate.product, values)] = None
        return tuple(found)

    def _id(self, name: str) -> str:
        return metronome_id("override", self.contract_id, name)
