"""The pretend company: who its customers are and what was agreed with them, made from one seed.

The traits go round in blocks of sixty customers, each in another order, so that a company of sixty has
all of them and another seed puts them together otherwise.
"""

import random
from calendar import monthrange
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from parity_pipeline.sandbox import price_list
from parity_pipeline.sandbox.facts import (
    CURRENCIES,
    Company,
    CreditPack,
    Customer,
    FeeChange,
    Link,
    PriceChange,
    Refund,
)

BLOCK = 60
_LINKS: dict[int, Link] = {8: "custom_field", 9: "ingest_alias"}
_ACCOUNT_OF = {"usd": "us", "eur": "eu", "jpy": "us"}


def add_months(moment: datetime, months: int) -> datetime:
    """The same day and time `months` later, on the last day of a month that is too short for it."""
    index = moment.year * 12 + moment.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))


def build_company(*, seed: int, as_of: datetime, customers: int = 60, accounts: int = 1) -> Company:
    """The company as it stands at `as_of`, the same for the same arguments; `accounts` is 1 or 2."""
    month = (as_of - timedelta(days=2)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    parallel_start = add_months(month, -2)
    first_event_at = add_months(parallel_start, -1)
    people = [
        _customer(seed, number, first_event_at, parallel_start, accounts=accounts)
        for number in range(customers)
    ]
    return Company(
        seed=seed,
        as_of=as_of.astimezone(UTC),
        first_event_at=first_event_at,
        parallel_start=parallel_start,
        charges=price_list.charges(),
        customers={person.key: person for person in people},
        accounts=("default",) if accounts == 1 else ("us", "eu"),
    )


def _customer(
    seed: int, number: int, first_event_at: datetime, parallel_start: datetime, *, accounts: int
) -> Customer:
    chance = random.Random(f"{seed}:customer:{number}")
    order = list(range(BLOCK))
    random.Random(f"{seed}:block:{number // BLOCK}").shuffle(order)
    key, slot = f"{number:05d}", order[number % BLOCK]
    currency = chance.choices(CURRENCIES, weights=(5, 3, 2))[0]
    plain = Customer(
        key=key,
        name=f"Customer {key}",
        currency=currency,
        account=_ACCOUNT_OF[currency] if accounts == 2 else "default",
        started_at=first_event_at,
        charges=price_list.BUNDLES[slot % len(price_list.BUNDLES)],
        link=_LINKS.get(chance.randrange(10), "billing_provider"),
        monthly_fee=_money("49", currency) if slot % 4 == 1 else Decimal(0),
    )
    return _with_trait(plain, slot, chance, first_event_at, parallel_start)


def _money(amount: str, currency: str) -> Decimal:
    """A round amount of about the same worth in each currency."""
    return Decimal(amount) * (150 if currency == "jpy" else 1)


def _with_trait(
    plain: Customer, slot: int, chance: random.Random, first_event_at: datetime, parallel_start: datetime
) -> Customer:
    """What is special about the customer in this place of its block; the first twenty-four are plain."""
    for traits in (_lives, _prices, _credits):
        special = traits(plain, slot, chance, first_event_at, parallel_start)
        if special is not None:
            return special
    return plain


def _lives(
    plain: Customer, slot: int, chance: random.Random, first_event_at: datetime, parallel_start: datetime
) -> Customer | None:
    """When billing begins, turns, pauses and ends."""
    second = add_months(parallel_start, 1)
    odd = timedelta(hours=chance.randrange(24), minutes=chance.randrange(1, 60), seconds=chance.randrange(60))
    changes: dict[int, Customer] = {
        24: replace(plain, started_at=first_event_at.replace(day=15, hour=8)),
        25: replace(plain, started_at=first_event_at.replace(day=15, hour=8)),
        26: replace(plain, started_at=first_event_at.replace(day=chance.randrange(2, 28)) + odd),
        27: replace(plain, started_at=first_event_at.replace(day=chance.randrange(2, 28)) + odd),
        28: replace(plain, started_at=_last_day(first_event_at).replace(hour=6)),
        29: replace(plain, started_at=parallel_start.replace(day=12, hour=14)),
        30: replace(plain, started_at=second),
        31: replace(plain, ended_at=second.replace(day=chance.randrange(5, 25), hour=11)),
        32: replace(plain, ended_at=add_months(second, 3)),
        33: replace(plain, interval="year", monthly_fee=Decimal(0)),
        34: replace(
            plain,
            interval="year",
            monthly_fee=Decimal(0),
            started_at=add_months(second.replace(day=9, hour=5), -12),
        ),
        35: replace(plain, started_at=parallel_start, trial_ends_at=add_months(parallel_start, 1)),
        36: replace(plain, collection_paused_at=second.replace(day=10)),
        37: replace(plain, billed_early=True, monthly_fee=Decimal(0)),
    }
    return changes.get(slot)


def _prices(
    plain: Customer, slot: int, chance: random.Random, first_event_at: datetime, parallel_start: datetime
) -> Customer | None:
    """What is paid otherwise than by the price list, and taxes."""
    currency = plain.currency
    changed_at = parallel_start.replace(day=chance.randrange(6, 24), hour=chance.randrange(24))
    calls = replace(plain, charges=("api_calls", "tokens"))
    factor = Decimal(chance.randrange(70, 96)) / 100
    changes: dict[int, Customer] = {
        38: replace(plain, discount_percent=Decimal(10)),
        39: replace(plain, discount_percent=Decimal(25), tax_percent=Decimal(21)),
        40: replace(calls, item_discounts={"api_calls": Decimal(20)}),
        41: replace(calls, negotiated={"tokens": factor}),
        42: replace(plain, charges=("minutes", "messages"), negotiated={"minutes": factor}),
        43: replace(calls, price_change=PriceChange("api_calls", changed_at, factor)),
        44: replace(calls, price_change=PriceChange("tokens", changed_at, Decimal("1.1"))),
        45: replace(
            plain,
            monthly_fee=_money("49", currency),
            fee_change=FeeChange(changed_at, _money("99", currency)),
        ),
        46: replace(plain, tax_percent=Decimal(19), monthly_fee=_money("49", currency)),
        47: replace(plain, tax_percent=Decimal(21), tax_inclusive=True),
        48: replace(plain, committed_spend=_money("50000", currency)),
        49: replace(calls, billed_in_credits=True),
        50: replace(plain, refund=Refund(2, _money("2", currency))),
    }
    return changes.get(slot)


def _credits(
    plain: Customer, slot: int, chance: random.Random, first_event_at: datetime, parallel_start: datetime
) -> Customer | None:
    """Who has credit, and of what kind."""
    large, small = (Decimal(chance.randrange(*span)) for span in ((20, 120), (5, 25)))
    pack = CreditPack(f"{plain.key}-a", "paid", large * _money("1", plain.currency), parallel_start)
    gift = replace(
        pack,
        key=f"{plain.key}-b",
        category="promotional",
        amount=small * _money("1", plain.currency),
        priority=10,
    )
    month_later = add_months(parallel_start, 1)
    calls = replace(plain, charges=("api_calls", "tokens"))
    changes: dict[int, tuple[Customer, tuple[CreditPack, ...]]] = {
        51: (plain, (pack,)),
        52: (replace(plain, discount_percent=Decimal(10), charges=("api_calls",)), (pack,)),
        53: (plain, (replace(gift, expires_at=month_later),)),
        54: (plain, (replace(pack, priority=20), gift)),
        55: (calls, (replace(pack, charges=("tokens",)),)),
        56: (plain, (replace(pack, expires_at=month_later, amount=pack.amount * 100),)),
        57: (plain, (replace(pack, voided_at=month_later, amount=pack.amount * 100),)),
        58: (plain, (replace(pack, renewed_at=month_later),)),
        59: (
            plain,
            (replace(pack, amount=pack.amount / 4), replace(gift, priority=50, granted_at=month_later)),
        ),
    }
    if slot not in changes:
        return None
    customer, packs = changes[slot]
    return replace(customer, credits=packs)


def _last_day(moment: datetime) -> datetime:
    return moment.replace(day=monthrange(moment.year, moment.month)[1])
