"""What is sold and for how much: billable metrics, products and rate cards, in Metronome's units.

Made from what Metronome was told (`world.metronome.charges`); nothing here knows customers or usage.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product as combinations
from typing import Literal, cast

from parity_pipeline.sandbox.facts import CURRENCIES, Charge
from parity_pipeline.sandbox.ids import (
    metronome_flat_fee_product,
    metronome_id,
    metronome_metric,
    metronome_product,
)
from parity_pipeline.sandbox.metronome_side.units import (
    AI_CREDITS,
    CREDITS_PER_MAJOR_UNIT,
    CreditType,
    credit_type,
    minor_units_per_major,
    per_major_unit,
)
from parity_pipeline.sandbox.metronome_side.usage import Aggregation
from parity_pipeline.sandbox.world import MetronomeQuirks

LISTED_VALUES: dict[str, tuple[str, ...]] = {"region": ("us", "eu", "ap")}
"""The values that the price list names for a property that it is keyed by, although all cost the same."""

_AGGREGATIONS: dict[str, Aggregation] = {"sum": "SUM", "count": "COUNT", "last": "LATEST"}


@dataclass(frozen=True)
class Metric:
    """A billable metric: which events count, how, and what they can be told apart by.

    `group_keys` are the sets of properties that may be asked for, the widest first.
    """

    id: str
    event_name: str
    aggregation: Aggregation
    group_keys: tuple[tuple[str, ...], ...]

    @property
    def group_key(self) -> tuple[str, ...]:
        """All the properties together."""
        return self.group_keys[0] if self.group_keys else ()

    @property
    def name(self) -> str:
        """The name that people see."""
        return self.event_name.replace("_", " ").capitalize()


@dataclass(frozen=True)
class Product:
    """A product; a usage product has a metric, whose value is divided by `divisor` and maybe rounded up.

    Prices are keyed by `pricing_key`; `presentation_key` only splits the lines of an invoice.
    """

    id: str
    name: str
    kind: Literal["USAGE", "SUBSCRIPTION", "FIXED"]
    metric: Metric | None = None
    divisor: Decimal = Decimal(1)
    is_rounded_up: bool = False
    pricing_key: tuple[str, ...] = ()
    presentation_key: tuple[str, ...] = ()


@dataclass(frozen=True)
class RateTier:
    """A step of a rate, `size` units wide; the last one has no size."""

    price: Decimal
    size: Decimal | None = None


@dataclass(frozen=True)
class Rate:
    """A price of a product for one combination of group values; `charge` is what the price list calls it."""

    product: Product
    values: tuple[tuple[str, str], ...]
    tiers: tuple[RateTier, ...]
    unit: CreditType
    charge: str = ""

    @property
    def rate_type(self) -> str:
        """Metronome's name for this form of price."""
        if self.product.kind != "USAGE":
            return "SUBSCRIPTION"
        return "FLAT" if len(self.tiers) == 1 else "TIERED"

    def times(self, multiplier: Decimal) -> "Rate":
        """This rate with every price multiplied."""
        if multiplier == 1:
            return self
        return replace(self, tiers=tuple(RateTier(each.price * multiplier, each.size) for each in self.tiers))


@dataclass(frozen=True)
class RateCard:
    """A price list in one currency, or in AI credits that are worth something in that currency."""

    key: str
    currency: str
    is_in_credits: bool

    @property
    def id(self) -> str:
        """Metronome's id."""
        return rate_card_id(self.key)

    @property
    def unit(self) -> CreditType:
        """What its usage rates are in."""
        return AI_CREDITS if self.is_in_credits else credit_type(self.currency)


@dataclass(frozen=True)
class Catalogue:
    """Everything on sale: products by charge (those of one dimension share theirs), rates by rate card."""

    metrics: tuple[Metric, ...]
    usage_products: Mapping[str, Product]
    flat_fee_products: Mapping[str, Product]
    rates: Mapping[str, tuple[Rate, ...]]

    @property
    def charged_products(self) -> tuple[Product, ...]:
        """All products of metered charges, each once."""
        every = (*self.usage_products.values(), *self.flat_fee_products.values())
        return tuple({product.id: product for product in every}.values())


PLATFORM_FEE = Product(metronome_id("product", "platform-fee"), "Platform fee", "SUBSCRIPTION")
PREPAID_CREDIT = Product(metronome_id("product", "prepaid-credit"), "Prepaid credit", "FIXED")

RATE_CARDS: Mapping[str, RateCard] = {
    card.key: card
    for currency in CURRENCIES
    for card in (RateCard(currency, currency, False), RateCard(f"{currency}-credits", currency, True))  # noqa: FBT003  # two positions, one line
}
"""The rate cards by key: for each currency `C` the card `C` and the card `C-credits`."""


def rate_card_id(key: str) -> str:
    """The id of a rate card."""
    return metronome_id("rate-card", key)


def build_catalogue(charges: Mapping[str, Charge], quirks: MetronomeQuirks) -> Catalogue:
    """The catalogue for these charges; charges with one event name share a metric."""
    by_event: dict[str, list[Charge]] = {}
    by_product: dict[str, list[Charge]] = {}
    for charge in charges.values():
        by_event.setdefault(charge.event_name, []).append(charge)
        by_product.setdefault(metronome_product(charge), []).append(charge)
    metrics = {event_name: _metric(members, quirks) for event_name, members in by_event.items()}
    usage_products = {
        charge.key: product
        for members in by_product.values()
        for product in (_usage_product(members, metrics[members[0].event_name], quirks),)
        for charge in members
    }
    flat_fee_products = {
        charge.key: Product(
            metronome_flat_fee_product(charge), f"{usage_products[charge.key].name} base fee", "SUBSCRIPTION"
        )
        for charge in charges.values()
        if any(tiers[0].flat_fee for tiers in charge.tiers.values())
    }
    rates = {
        card.key: tuple(
            rate
            for charge in charges.values()
            if card.currency in charge.tiers
            for rate in _rates(charge, card, usage_products, flat_fee_products, quirks)
        )
        for card in RATE_CARDS.values()
    }
    return Catalogue(tuple(metrics.values()), usage_products, flat_fee_products, rates)


def _pricing_key(charges: Iterable[Charge]) -> tuple[str, ...]:
    keys = (key for charge in charges for key in (charge.dimension, charge.varies_by))
    return tuple(dict.fromkeys(key for key in keys if key is not None))


def _presentation_key(charges: Iterable[Charge]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(charge.split_by for charge in charges if charge.split_by is not None))


def _metric(charges: list[Charge], quirks: MetronomeQuirks) -> Metric:
    """A product with both kinds of keys needs them as one compound key of its metric."""
    event_name = charges[0].event_name
    priced, presented = _pricing_key(charges), _presentation_key(charges)
    both = tuple(dict.fromkeys((*priced, *presented)))
    right = _AGGREGATIONS[charges[0].formula]
    return Metric(
        id=metronome_metric(charges[0]),
        event_name=event_name,
        aggregation=cast(Aggregation, quirks.aggregation.get(event_name, right).upper()),
        group_keys=tuple(dict.fromkeys(keys for keys in (both, priced, presented) if keys)),
    )


def _usage_product(charges: list[Charge], metric: Metric, quirks: MetronomeQuirks) -> Product:
    first = charges[0]
    factors = (quirks.conversion_factor.get(charge.key) for charge in charges)
    quoted_per = next((factor for factor in factors if factor is not None), Decimal(first.quoted_per))
    is_rounded_up = any(charge.model == "package" or charge.key in quirks.rounded_up for charge in charges)
    return Product(
        id=metronome_product(first),
        name=first.key.replace("_", " ").capitalize() if first.beside else metric.name,
        kind="USAGE",
        metric=metric,
        divisor=quoted_per * first.package_size,
        is_rounded_up=is_rounded_up,
        pricing_key=_pricing_key(charges),
        presentation_key=_presentation_key(charges),
    )


def _per_major(card: RateCard, quirks: MetronomeQuirks) -> Decimal:
    """How many of a card's units make one dollar, euro or yen, as the rates were entered."""
    if card.is_in_credits:
        return CREDITS_PER_MAJOR_UNIT
    if card.currency in quirks.amounts_as_minor_units:
        return minor_units_per_major(card.currency)
    return Decimal(1) if card.currency in quirks.amounts_as_major_units else per_major_unit(card.currency)


def _rates(
    charge: Charge,
    card: RateCard,
    usage_products: Mapping[str, Product],
    flat_fee_products: Mapping[str, Product],
    quirks: MetronomeQuirks,
) -> list[Rate]:
    per_major = _per_major(card, quirks)
    product = usage_products[charge.key]
    tiers = _tiers(charge, card.currency, per_major)
    found = [
        Rate(product, values, tiers, card.unit, charge.key)
        for values in _rated_values(charge, product, quirks)
    ]
    fee = charge.tiers[card.currency][0].flat_fee * per_major
    if fee:
        found.append(Rate(flat_fee_products[charge.key], (), (RateTier(fee),), card.unit, charge.key))
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
