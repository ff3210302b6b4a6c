"""What corresponds to what: customers, meters and accounts, as the sandbox's own configuration links them.

Everything is keyed by the company's customer keys; the vendors' ids are put in where rows are made.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from parity_pipeline.sandbox import ids
from parity_pipeline.sandbox.facts import Customer
from parity_pipeline.sandbox.world import World

UNASSIGNED = "unassigned"
"""The account of an unlinked Metronome customer when several accounts share the environment."""


@dataclass(frozen=True)
class Meter:
    """A meter of Stripe and what it is in Metronome: a metric's event name, and group values (none: all)."""

    event_name: str
    metric_event_name: str
    group_values: tuple[tuple[str, str], ...]
    charges: tuple[str, ...]
    is_additive: bool


@dataclass(frozen=True)
class Pair:
    """A Stripe customer and the Metronome customer that is linked to it; a side that is absent is None."""

    account: str
    stripe: Customer | None
    metronome: Customer | None

    @property
    def stripe_id(self) -> str | None:
        """Stripe's id of the customer."""
        return ids.stripe_customer(self.stripe.key) if self.stripe else None

    @property
    def metronome_id(self) -> str | None:
        """Metronome's id of the customer."""
        return ids.metronome_customer(self.metronome.key) if self.metronome else None


def meters(world: World) -> tuple[Meter, ...]:
    """Every meter; charges that bill the same events share one."""
    members: dict[str, list[str]] = {}
    for charge in world.company.charges.values():
        members.setdefault(ids.stripe_event_name(charge), []).append(charge.key)
    found: list[Meter] = []
    for event_name, keys in members.items():
        first = world.company.charges[keys[0]]
        has_values = first.dimension is not None and first.dimension_value is not None
        values = ((first.dimension or "", first.dimension_value or ""),) if has_values else ()
        found.append(Meter(event_name, first.event_name, values, tuple(keys), first.formula != "last"))
    return tuple(found)


def meter_of(
    all_meters: tuple[Meter, ...], metric_event_name: str, values: Mapping[str, str | None]
) -> Meter | None:
    """The meter that a metric's usage with these group values belongs to; None when there is none."""
    for meter in all_meters:
        fits = all(values.get(key) == value for key, value in meter.group_values)
        if meter.metric_event_name == metric_event_name and fits:
            return meter
    return None


def pairs(world: World) -> Iterator[Pair]:
    """Every customer of either side; one that is unlinked or claimed twice stands on each side alone."""
    quirks = world.metronome_quirks
    there = {
        key: customer
        for key, customer in world.metronome.customers.items()
        if key not in quirks.absent_customers
    }
    unlinked = quirks.unlinked_customers | quirks.claimed_twice
    linked = {key for key in there if key in world.stripe.customers and key not in unlinked}
    for key, customer in world.stripe.customers.items():
        yield Pair(customer.account, customer, there[key] if key in linked else None)
    for key, customer in there.items():
        if key not in linked:
            yield Pair(_account(world, key, customer), None, customer)


def _account(world: World, key: str, customer: Customer) -> str:
    is_known = key in world.metronome_quirks.claimed_twice
    return customer.account if is_known or len(world.company.accounts) == 1 else UNASSIGNED
