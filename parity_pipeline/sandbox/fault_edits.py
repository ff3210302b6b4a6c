"""The edits that faults make to a world, and the choice of the customers that they are made to.

A check fails when more than one customer in a hundred is off, so each edit hits one in forty, and only
customers for whom it decides what it is meant to decide.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from parity_pipeline.sandbox.company import Customer, Tier, UsageEvent, add_months
from parity_pipeline.sandbox.world import World

Wanted = Callable[[Customer], bool]
_ONE_IN = 40


def last_month(world: World) -> tuple[datetime, datetime]:
    """The last whole calendar month of the parallel run."""
    start = world.company.parallel_start
    return add_months(start, 1), add_months(start, 2)


def victims(world: World, *, wanted: Wanted, turn: int = 0) -> set[str]:
    """The keys of enough customers of a kind; another `turn` takes others where there are others."""
    keys = [each.key for each in world.company.customers.values() if wanted(each)]
    if not keys:
        raise ValueError("this world has no customer for that fault; 60 customers have all kinds")
    count = max(1, len(world.company.customers) // _ONE_IN)
    first = turn * count
    return {keys[(first + number) % len(keys)] for number in range(min(count, len(keys)))}


def plain(world: World, *charges: str) -> Wanted:
    """Customers billed by calendar month from the start, without credit or discount, who use any of these."""
    first_event_at = world.company.first_event_at

    def wanted(customer: Customer) -> bool:
        return (
            customer.started_at == first_event_at
            and not customer.credits
            and not customer.discount_percent
            and not customer.tax_percent
            and (not charges or any(charge in customer.charges for charge in charges))
        )

    return wanted


def mid_month(customer: Customer) -> bool:
    """Customers billed from another day than the first, without credit."""
    return customer.started_at.day != 1 and not customer.credits


def drop_events(events: list[UsageEvent], *, wanted: Callable[[UsageEvent], bool], every: int = 1) -> None:
    """Lose every so-manieth of the events wanted, in place."""
    kept: list[UsageEvent] = []
    met = 0
    for event in events:
        met += wanted(event)
        if not wanted(event) or met % every:
            kept.append(event)
    events[:] = kept


def repeat_events(events: list[UsageEvent], *, wanted: Callable[[UsageEvent], bool], every: int) -> None:
    """Send every so-manieth of the events wanted again under another id, in place."""
    again = [event for event in events if wanted(event)][::every]
    events += [replace(event, event_id=f"{event.event_id}-again") for event in again]
    events.sort(key=lambda event: (event.customer, event.at))


def change_property(
    events: list[UsageEvent],
    *,
    wanted: Callable[[UsageEvent], bool],
    name: str,
    change: Callable[[str], str],
) -> None:
    """Rewrite a property of the events wanted, in place."""
    events[:] = [
        replace(event, properties={**event.properties, name: change(event.properties[name])})
        if wanted(event) and name in event.properties
        else event
        for event in events
    ]


def between(keys: set[str], start: datetime, end: datetime, *names: str) -> Callable[[UsageEvent], bool]:
    """Events of these customers in a window, of these event names or of all."""
    return lambda event: (
        event.customer in keys and start <= event.at < end and (not names or event.event_name in names)
    )


def change_price(world: World, charge: str, currency: str, change: Callable[[Tier], Tier]) -> None:
    """Give Metronome's price list other tiers for a charge in one currency."""
    told = world.metronome.charges[charge]
    tiers = tuple(change(tier) for tier in told.tiers[currency])
    world.metronome.charges[charge] = replace(told, tiers={**told.tiers, currency: tiers})
    without_credit(world, lambda each: charge in each.charges and each.currency == currency)


def without_credit(world: World, wanted: Wanted) -> None:
    """Take the credit of these customers away on both sides.

    A price that is wrong for everyone would otherwise also shift how fast credit is drawn, for some
    customers and not for others, and a fault would fail another check by chance.
    """
    for told in (world.stripe, world.metronome):
        for key, customer in told.customers.items():
            if wanted(customer):
                told.customers[key] = replace(customer, credits=())


def scale_credit(world: World, factor: Decimal) -> None:
    """Give Metronome another amount of every paid credit pack; 0 leaves the packs out."""
    for key, customer in world.metronome.customers.items():
        packs = (
            replace(pack, amount=pack.amount * factor) if pack.category == "paid" else pack
            for pack in customer.credits
        )
        world.metronome.customers[key] = replace(
            customer, credits=tuple(each for each in packs if each.amount)
        )


def tell_metronome(world: World, keys: Iterable[str], change: Callable[[Customer], Customer]) -> None:
    """Tell Metronome something else about these customers."""
    for key in keys:
        world.metronome.customers[key] = change(world.metronome.customers[key])


def days(start: datetime, first: int, count: int) -> tuple[datetime, datetime]:
    """The window of `count` days that begins `first` days after a start."""
    return start + timedelta(days=first), start + timedelta(days=first + count)
