"""What is sold and for how much: billable metrics, products and rate cards, in Metronome's units.

Made from what Metronome was told (`world.metronome.charges`); nothing here knows customers or usage.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import product as combinations
from typing import Literal, cast

from parity_pipeline.sandbox.company import CURRENCIES, Charge
from parity_pipeline.sandbox.ids import (
    metronome_flat_fee_product,
    metronome_id,
    metronome_metric,
    metronome_product,
)
from parity_pipeline.sandbox.metronome_side.units import minor_units_per_major, per_major_unit
from parity_pipeline.sandbox.metronome_side.usage import Aggregation
from parity_pipeline.sandbox.world import MetronomeQuirks

LISTED_VALUES: dict[str, tuple[str, ...]] = {"region": ("us", "eu", "ap")}
"""The values that the price list names for a property that it is keyed by, although all cost the same."""

_AGGREGATIONS: dict[str, Aggregation] = {"sum": "SUM", "count": "COUNT", "last": "LATEST"}


@dataclass(frozen=True)
class Metric:
    """A billable metric: which events count, how, and what they can be told apart by."""

    id: str
    event_name: str
    aggregation: Aggregation
    group_key: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name that people see."""
        return self.event_name.replace("_", " ").capitalize()


@dataclass(frozen=True)
class Product:
    """A product; a usage product has a metric, whose value is divided by `divisor` and maybe rounded up."""

    id: str
    name: str
    kind: Literal["USAGE", "SUBSCRIPTION", "FIXED"]
    metric: Metric | None = None
    divisor: Decimal = Decimal(1)
    is_rounded_up: bool = False

    @property
    def pricing_key(self) -> tuple[str, ...]:
        """The properties that prices are keyed by."""
        return self.metric.group_key if self.metric else ()


@dataclass(frozen=True)
class RateTier:
    """A step of a rate, `size` units wide; the last one has no size."""

    price: Decimal
    size: Decimal | None = None


@dataclass(frozen=True)
class Rate:
    """A price of a product in one currency, for one combination of group values."""

    product: Product
    values: tuple[tuple[str, str], ...]
    tiers: tuple[RateTier, ...]

    @property
    def rate_type(self) -> str:
        """Metronome's name for this form of price."""
        if self.product.kind != "USAGE":
            return "SUBSCRIPTION"
        return "FLAT" if len(self.tiers) == 1 else "TIERED"

    def times(self, multiplier: Decimal) -> "Rate":
        """This rate with every price multiplied."""
        return Rate(
            self.product,
            self.values,
            tuple(RateTier(tier.price * multiplier, tier.size) for tier in self.tiers),
        )


@dataclass(frozen=True)
class Catalogue:
    """Everything on sale. `rates` is keyed by currency."""

    metrics: tuple[Metric, ...]
    usage_products: Mapping[str, Product]
    flat_fee_products: Mapping[str, Product]
    rates: Mapping[str, tuple[Rate, ...]]


PLATFORM_FEE = Product(metronome_id("product", "platform-fee"), "Platform fee", "SUBSCRIPTION")
PREPAID_CREDIT = Product(metronome_id("product", "prepaid-credit"), "Prepaid credit", "FIXED")


def rate_card_id(currency: str) -> str:
    """The rate card of a currency."""
    return metronome_id("rate-card", currency)


def build_catalogue(charges: Mapping[str, Charge], quirks: MetronomeQuirks) -> Catalogue:
    """The catalogue for these charges; charges with one event name share a metric and a product."""
    by_event: dict[str, list[Charge]] = {}
    for charge in charges.values():
        by_event.setdefault(charge.event_name, []).append(charge)
    metrics = {event_name: _metric(members, quirks) for event_name, members in by_event.items()}
    usage_products = {
        event_name: _usage_product(members, metrics[event_name], quirks)
        for event_name, members in by_event.items()
    }
    flat_fee_products = {
        event_name: Product(
            metronome_flat_fee_product(members[0]), f"{metrics[event_name].name} base fee", "SUBSCRIPTION"
        )
        for event_name, members in by_event.items()
        if any(tiers[0].flat_fee for charge in members for tiers in charge.tiers.values())
    }
    rates = {
        currency: tuple(
            rate
            for charge in charges.values()
            if currency in charge.tiers
            for rate in _rates(charge, currency, usage_products, flat_fee_products, quirks)
        )
        for currency in CURRENCIES
    }
    return Catalogue(tuple(metrics.values()), usage_products, flat_fee_products, rates)


def _metric(charges: list[Charge], quirks: MetronomeQuirks) -> Metric:
    event_name = charges[0].event_name
    keys = dict.fromkeys(
        key for charge in charges for key in (charge.dimension, charge.varies_by) if key is not None
    )
    right = _AGGREGATIONS[charges[0].formula]
    return Metric(
        id=metronome_metric(charges[0]),
        event_name=event_name,
        aggregation=cast(Aggregation, quirks.aggregation.get(event_name, right).upper()),
        group_key=tuple(keys),
    )


def _usage_product(charges: list[Charge], metric: Metric, quirks: MetronomeQuirks) -> Product:
    first = charges[0]
    factors = (quirks.conversion_factor.get(charge.key) for charge in charges)
    quoted_per = next((factor for factor in factors if factor is not None), Decimal(first.quoted_per))
    return Product(
        id=metronome_product(first),
        name=metric.name,
        kind="USAGE",
        metric=metric,
        divisor=quoted_per * first.package_size,
        is_rounded_up=first.model == "package",
    )


def _rates(
    charge: Charge,
    currency: str,
    usage_products: Mapping[str, Product],
    flat_fee_products: Mapping[str, Product],
    quirks: MetronomeQuirks,
) -> list[Rate]:
    per_major = per_major_unit(currency)
    if currency in quirks.amounts_as_minor_units:
        per_major = minor_units_per_major(currency)
    product = usage_products[charge.event_name]
    tiers = _tiers(charge, currency, per_major)
    found = [Rate(product, values, tiers) for values in _rated_values(charge, product, quirks)]
    fee = charge.tiers[currency][0].flat_fee * per_major
    if fee:
        found.append(Rate(flat_fee_products[charge.event_name], (), (RateTier(fee),)))
    return found


def _tiers(charge: Charge, currency: str, per_major: Decimal) -> tuple[RateTier, ...]:
    """The steps by width instead of by upper bound, for the unit that the price list quotes."""
    unit = Decimal(charge.quoted_per * charge.package_size)
    steps: list[RateTier] = []
    below = 0
    for tier in charge.tiers[currency]:
        size = None if tier.up_to is None else (tier.up_to - below) / unit
        steps.append(RateTier(tier.unit_price * unit * per_major, size))
        below = tier.up_to or below
    return tuple(steps)


def _rated_values(
    charge: Charge, product: Product, quirks: MetronomeQuirks
) -> list[tuple[tuple[str, str], ...]]:
    unrated = quirks.unrated_values.get(charge.key, set())
    choices: list[list[tuple[str, str]]] = []
    for key in product.pricing_key:
        named = (charge.dimension_value,) if key == charge.dimension else LISTED_VALUES[key]
        choices.append([(key, value) for value in named if value is not None and value not in unrated])
    return list(combinations(*choices))
