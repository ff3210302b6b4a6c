"""The edits that faults make to what the vendors were told."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from parity_pipeline.sandbox.facts import Customer, Tier, UsageEvent
from parity_pipeline.sandbox.fault_scene import Scene, Window, is_counted
from parity_pipeline.sandbox.world import Told, World

Wanted = Callable[[UsageEvent], bool]


def sent_by(keys: Iterable[str], window: Window, *names: str) -> Wanted:
    """Events of these customers in a window, of these event names or of all."""
    customers, (start, end) = frozenset(keys), window
    return lambda event: (
        event.customer in customers and start <= event.at < end and (not names or event.event_name in names)
    )


def ordinary(events: Sequence[UsageEvent], wanted: Wanted) -> list[UsageEvent]:
    """Those of the events wanted that were sent once, in time, and count; in order of customer and time."""
    met: dict[str, list[UsageEvent]] = {}
    for event in events:
        if wanted(event):
            met.setdefault(event.event_id, []).append(event)
    found = [sent[0] for sent in met.values() if len(sent) == 1]
    return sorted(
        (event for event in found if is_counted(event) and not event.late_by_seconds),
        key=lambda event: (event.customer, event.at),
    )


def drop_events(told: Told, wanted: Wanted) -> None:
    """Lose the events wanted."""
    told.events[:] = [event for event in told.events if not wanted(event)]


def change_events(told: Told, wanted: Wanted, change: Callable[[UsageEvent], UsageEvent]) -> None:
    """Rewrite the events wanted."""
    told.events[:] = [change(event) if wanted(event) else event for event in told.events]


def add_events(told: Told, events: Iterable[UsageEvent]) -> None:
    """Send more events."""
    told.events += events
    told.events.sort(key=lambda event: (event.customer, event.at))


def take_usage(told: Told, wanted: Wanted, amounts: Mapping[str, Decimal]) -> None:
    """Take an amount off each customer's usage: whole events from the first on, and a part of the next."""
    left = dict(amounts)
    values: dict[str, Decimal] = {}
    for event in ordinary(told.events, wanted):
        part = min(left.get(event.customer, Decimal(0)), event.value)
        if part:
            left[event.customer] -= part
            values[event.event_id] = event.value - part
    told.events[:] = [
        replace(event, value=values[event.event_id]) if event.event_id in values else event
        for event in told.events
        if values.get(event.event_id) != 0
    ]


def more_usage(told: Told, wanted: Wanted, amounts: Mapping[str, Decimal], name: str) -> list[UsageEvent]:
    """One more event of an amount for each customer, like the first of the events wanted; sends nothing."""
    first: dict[str, UsageEvent] = {}
    for event in ordinary(told.events, wanted):
        first.setdefault(event.customer, event)
    return [
        replace(event, event_id=f"{event.event_id}-{name}", value=amounts[key])
        for key, event in first.items()
    ]


def tell(told: Told, keys: Iterable[str], change: Callable[[Customer], Customer]) -> None:
    """Tell a vendor something else about these customers."""
    for key in keys:
        told.customers[key] = change(told.customers[key])


def tell_both(world: World, keys: Iterable[str], change: Callable[[Customer], Customer]) -> None:
    """Agree on something else with these customers: both vendors are told."""
    for told in (world.stripe, world.metronome):
        tell(told, keys, change)


def without_credit(world: World, keys: Iterable[str]) -> None:
    """Take the credit of these customers away on both sides.

    What is wrong for everyone would otherwise also shift how fast credit is drawn, for some customers and not
    for others, and a fault would fail another check by chance.
    """
    tell_both(world, keys, lambda each: replace(each, credits=()))


def change_tiers(
    world: World, charge: str, currencies: Iterable[str], change: Callable[[Tier], Tier]
) -> None:
    """Give Metronome's price list other tiers for a charge in some currencies."""
    told = world.metronome.charges[charge]
    changed = {currency: tuple(change(tier) for tier in told.tiers[currency]) for currency in currencies}
    world.metronome.charges[charge] = replace(told, tiers={**told.tiers, **changed})


def days(start_of: Window, first: int, count: int) -> Window:
    """The window of `count` days that begins `first` days after the start of another."""
    start = start_of[0] + timedelta(days=first)
    return start, start + timedelta(days=count)


def marked(name: str) -> Callable[[Scene, Sequence[str], object], None]:
    """The edit that puts customers into one of Metronome's quirks."""

    def edit(scene: Scene, keys: Sequence[str], _: object) -> None:
        getattr(scene.world.metronome_quirks, name).update(keys)

    return edit


def marked_in_stripe(name: str) -> Callable[[Scene, Sequence[str], object], None]:
    """The edit that puts customers into one of Stripe's quirks."""

    def edit(scene: Scene, keys: Sequence[str], _: object) -> None:
        getattr(scene.world.stripe_quirks, name).update(keys)

    return edit
