"""The pretend company: who its customers are, what was agreed with them and what they used.

Facts only. Nothing here rates, rounds, credits or invoices: each pretend vendor does that with its
own code from these facts, so that the two can disagree only where the vendors' rules do.

Money is in major units of its currency (dollars, euros, yen), quantities in the raw unit of the
event; both are exact Decimals. Times are UTC.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal

Formula = Literal["sum", "count", "last"]
PriceModel = Literal["per_unit", "graduated", "package"]
Link = Literal["billing_provider", "custom_field", "ingest_alias"]

CURRENCIES = ("usd", "eur", "jpy")


@dataclass(frozen=True)
class Tier:
    """One step of a price: `unit_price` for each raw unit up to and including `up_to`, and a flat fee."""

    up_to: int | None
    unit_price: Decimal
    flat_fee: Decimal = Decimal(0)


@dataclass(frozen=True)
class Charge:
    """One metered thing that is sold, with its price in every currency.

    `event_name` is what the application emits. A charge with a `dimension` applies only to events whose
    property of that name equals `dimension_value`. `varies_by` names a property that Metronome's price list
    is keyed by although every value costs the same. `quoted_per` is the number of raw units that the
    price list quotes a price for (a million tokens); unit prices here are always for one raw unit.
    """

    key: str
    event_name: str
    formula: Formula
    model: PriceModel
    tiers: dict[str, tuple[Tier, ...]]
    package_size: int = 1
    quoted_per: int = 1
    dimension: str | None = None
    dimension_value: str | None = None
    varies_by: str | None = None


@dataclass(frozen=True)
class CreditPack:
    """Prepaid (`paid`) or given (`promotional`) credit; a lower priority number is drawn first."""

    key: str
    category: Literal["paid", "promotional"]
    amount: Decimal
    granted_at: datetime
    expires_at: datetime | None = None
    priority: int = 50


@dataclass(frozen=True)
class Customer:
    """One customer and what was agreed. Billing is monthly, anchored at `started_at`."""

    key: str
    name: str
    currency: str
    started_at: datetime
    charges: tuple[str, ...]
    link: Link
    monthly_fee: Decimal = Decimal(0)
    discount_percent: Decimal = Decimal(0)
    tax_percent: Decimal = Decimal(0)
    tax_inclusive: bool = False
    credits: tuple[CreditPack, ...] = ()


@dataclass(frozen=True)
class UsageEvent:
    """One thing that happened. `event_id` is unique; a counted event has the value 1."""

    event_id: str
    customer: str
    event_name: str
    at: datetime
    value: Decimal
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Company:
    """Everything that both vendors are told, before any fault.

    `as_of` is the instant at which the world is looked at. Two whole calendar months and a running one lie
    between `parallel_start` and `as_of`; `first_event_at` is one month earlier, so that a billing
    period that began before the parallel run has its usage too.
    """

    seed: int
    as_of: datetime
    first_event_at: datetime
    parallel_start: datetime
    charges: dict[str, Charge]
    customers: dict[str, Customer]


def add_months(moment: datetime, months: int) -> datetime:
    """The same day and time `months` later; every anchor used here is at most the 28th."""
    index = moment.year * 12 + moment.month - 1 + months
    return moment.replace(year=index // 12, month=index % 12 + 1)


def _per_unit(usd: str, eur: str, jpy: str) -> dict[str, tuple[Tier, ...]]:
    return {
        currency: (Tier(None, Decimal(price)),)
        for currency, price in zip(CURRENCIES, (usd, eur, jpy), strict=True)
    }


def _catalogue() -> dict[str, Charge]:
    flat = {"usd": ("9", "0.036", "0.02"), "eur": ("8", "0.032", "0.018"), "jpy": ("900", "4", "2")}
    minutes: dict[str, tuple[Tier, ...]] = {
        currency: (
            Tier(1000, Decimal(0), Decimal(fee)),
            Tier(10000, Decimal(middle)),
            Tier(None, Decimal(last)),
        )
        for currency, (fee, middle, last) in flat.items()
    }
    charges = (
        Charge("api_calls", "api_calls", "sum", "per_unit", _per_unit("0.002", "0.0018", "0.3"),
               varies_by="region"),
        Charge("tokens", "tokens", "sum", "per_unit", _per_unit("0.000003", "0.0000025", "0.0004"),
               quoted_per=1_000_000),
        Charge("minutes", "minutes", "sum", "graduated", minutes),
        Charge("messages", "messages", "count", "package", _per_unit("0.05", "0.04", "7"),
               package_size=50),
        Charge("storage_gb", "storage_gb", "last", "per_unit", _per_unit("0.10", "0.09", "15")),
        Charge("gpu_a100", "gpu_seconds", "sum", "per_unit", _per_unit("0.0011", "0.001", "0.17"),
               dimension="gpu", dimension_value="a100"),
        Charge("gpu_h100", "gpu_seconds", "sum", "per_unit", _per_unit("0.0029", "0.0027", "0.44"),
               dimension="gpu", dimension_value="h100"),
    )  # fmt: skip
    return {charge.key: charge for charge in charges}


BUNDLES: tuple[tuple[str, ...], ...] = (
    ("api_calls",),
    ("api_calls", "tokens"),
    ("tokens", "storage_gb"),
    ("minutes", "messages"),
    ("api_calls", "gpu_a100", "gpu_h100"),
    ("tokens", "minutes", "storage_gb"),
    ("api_calls", "tokens", "messages", "storage_gb"),
)


def build_company(*, seed: int, as_of: datetime, customers: int = 60) -> Company:
    """The company as it stands at `as_of`, the same for the same arguments."""
    month = (as_of - timedelta(days=2)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    parallel_start = add_months(month, -2)
    first_event_at = add_months(parallel_start, -1)
    people = [
        _customer(number, random.Random(f"{seed}:customer:{number}"), first_event_at, parallel_start)
        for number in range(customers)
    ]
    return Company(
        seed=seed,
        as_of=as_of.astimezone(UTC),
        first_event_at=first_event_at,
        parallel_start=parallel_start,
        charges=_catalogue(),
        customers={person.key: person for person in people},
    )


_LINKS: dict[int, Link] = {8: "custom_field", 9: "ingest_alias"}


def _customer(
    number: int, chance: random.Random, first_event_at: datetime, parallel_start: datetime
) -> Customer:
    """Customer `number`; the traits go round by number so that a small company has all of them."""
    key = f"{number:05d}"
    anchored_mid_month = number % 12 == 7
    started_at = first_event_at.replace(day=15, hour=8) if anchored_mid_month else first_event_at
    if number % 20 == 13:  # joined during the parallel run
        started_at = add_months(parallel_start, 1)
    credit_packs: list[CreditPack] = []
    currency = CURRENCIES[number % 3] if number % 5 else "usd"
    scale = Decimal(150) if currency == "jpy" else Decimal(1)
    if number % 6 == 2:
        credit_packs.append(
            CreditPack(f"{key}-paid", "paid", Decimal(chance.randrange(20, 120)) * scale, parallel_start)
        )
    if number % 9 == 4:  # for one whole billing period, so that both vendors' rules mean the same usage
        granted_at = parallel_start.replace(day=15, hour=8) if anchored_mid_month else parallel_start
        credit_packs.append(
            CreditPack(f"{key}-promo", "promotional", Decimal(chance.randrange(5, 25)) * scale,
                       granted_at, add_months(granted_at, 1), priority=10)
        )  # fmt: skip
    return Customer(
        key=key,
        name=f"Customer {key}",
        currency=currency,
        started_at=started_at,
        charges=BUNDLES[number % len(BUNDLES)],
        link=_LINKS.get(number % 10, "billing_provider"),
        monthly_fee=Decimal(49) * scale if number % 4 == 1 else Decimal(0),
        discount_percent=Decimal(10) if number % 11 == 3 else Decimal(0),
        tax_percent=Decimal(21) if number % 7 == 5 else Decimal(0),
        tax_inclusive=number % 14 == 5 and not credit_packs,  # credit would be worth less inside a tax
        credits=tuple(credit_packs),
    )  # fmt: skip


_EVENTS_PER_DAY = {"storage_gb": 0.3, "messages": 6.0}
_TYPICAL_VALUE = {"api_calls": 2000, "tokens": 900_000, "minutes": 90, "gpu_seconds": 1500, "storage_gb": 400}
_REGIONS = ("us", "eu", "ap")


def usage_events(company: Company) -> Iterator[UsageEvent]:
    """Every event up to `as_of`, customer by customer and in order of time for each meter."""
    for customer in company.customers.values():
        chance = random.Random(f"{company.seed}:usage:{customer.key}")
        size = math.exp(chance.gauss(0, 0.9))  # a few customers are large, most are small
        for key in customer.charges:
            yield from _charge_events(company, customer, company.charges[key], size, chance)


def _charge_events(
    company: Company, customer: Customer, charge: Charge, size: float, chance: random.Random
) -> Iterator[UsageEvent]:
    per_day = _EVENTS_PER_DAY.get(charge.event_name, 1.4)
    if charge.formula == "count":
        per_day *= size
    moment, number = customer.started_at, 0
    while True:
        moment += timedelta(seconds=max(1, round(chance.expovariate(per_day) * 86400)))
        if moment >= company.as_of:
            return
        number += 1
        yield UsageEvent(
            event_id=f"evt-{customer.key}-{charge.key}-{number:06d}",
            customer=customer.key,
            event_name=charge.event_name,
            at=moment,
            value=_value(charge, size, chance),
            properties=_properties(charge, chance),
        )


def _value(charge: Charge, size: float, chance: random.Random) -> Decimal:
    if charge.formula == "count":
        return Decimal(1)
    typical = _TYPICAL_VALUE[charge.event_name] * size * math.exp(chance.gauss(0, 0.6))
    if charge.event_name == "minutes":
        return Decimal(max(1, round(typical * 10))) / 10
    return Decimal(max(1, round(typical)))


def _properties(charge: Charge, chance: random.Random) -> dict[str, str]:
    properties: dict[str, str] = {}
    if charge.dimension is not None and charge.dimension_value is not None:
        properties[charge.dimension] = charge.dimension_value
    if charge.varies_by is not None:
        properties[charge.varies_by] = chance.choice(_REGIONS)
    return properties
