"""A world as a fault finds it: who is like whom, and roughly what was used and what it is worth.

The worth decides only whom a fault hits and how large it is made; what anything costs is for the vendors'
sides.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from parity_pipeline.sandbox.company import add_months
from parity_pipeline.sandbox.facts import Charge, Customer, UsageEvent
from parity_pipeline.sandbox.world import World

Window = tuple[datetime, datetime]
Quantities = Mapping[tuple[str, str], Decimal]
"""By customer key and charge key, in raw units."""
_NOT_SPECIAL = {"account", "monthly_fee"}
_TRAITS = {
    each.name: each.default if each.default_factory is MISSING else each.default_factory()
    for each in fields(Customer)
    if each.name not in _NOT_SPECIAL and (each.default is not MISSING or each.default_factory is not MISSING)
}


@dataclass(frozen=True)
class Scene:
    """A world, its two whole months, and what its customers used in them."""

    world: World

    @cached_property
    def months(self) -> tuple[Window, Window]:
        """The two whole calendar months of the parallel run."""
        starts = [add_months(self.world.company.parallel_start, months) for months in range(3)]
        return (starts[0], starts[1]), (starts[1], starts[2])

    @property
    def last_month(self) -> Window:
        """The last whole calendar month."""
        return self.months[1]

    @cached_property
    def used(self) -> tuple[Quantities, ...]:
        """What was used in each of the two months, as Stripe was told."""
        return quantities(self.world, self.months)

    def money(self, key: str, charge: str, month: int = 1) -> Decimal:
        """What a charge's usage costs by the first tier, in minor units; exact for prices without tiers."""
        customer = self.world.stripe.customers[key]
        tier = self.world.company.charges[charge].tiers[customer.currency][0]
        used = self.used[month].get((key, charge), Decimal(0))
        return (tier.flat_fee + used * tier.unit_price) * minor_units(customer)

    def worth(self, key: str, month: int = 1) -> Decimal:
        """What a customer's usage costs at least in one of the two months (0, 1), in minor units."""
        charges = self.world.stripe.customers[key].charges
        return sum((self.money(key, charge, month) for charge in charges), Decimal(0))

    def parts_of_bill(self, used: Quantities, month: int = 1) -> dict[str, Decimal]:
        """Which part of a month's worth some usage is, by customer; last values are left out."""
        parts: dict[str, Decimal] = {}
        for (key, charge), quantity in used.items():
            whole = self.used[month].get((key, charge))
            if whole and key in self.world.company.customers and self._adds_up(charge):
                part = self.money(key, charge, month) * quantity / whole / self.worth(key, month)
                parts[key] = parts.get(key, Decimal(0)) + part
        return parts

    def _adds_up(self, charge: str) -> bool:
        return self.world.company.charges[charge].formula != "last"

    def customers(self, wanted: Callable[[Customer], bool]) -> Iterator[str]:
        """The keys of the customers of a kind, by what was agreed with them before any fault."""
        return (key for key, each in self.world.company.customers.items() if wanted(each))

    def is_plain(self, customer: Customer, *, but: Sequence[str] = ()) -> bool:
        """Billed by calendar month from the start, with none of the special traits but those named."""
        special = {name for name, usual in _TRAITS.items() if getattr(customer, name) != usual}
        if customer.started_at != self.world.company.first_event_at:
            special.add("started_at")
        return special <= set(but)

    def has_unit_prices(self, customer: Customer) -> bool:
        """Whether each of the customer's charges costs the same for each unit, so that worth is no less."""
        charges = self.world.company.charges
        return all(charges[key].model != "graduated" for key in customer.charges)


def minor_units(customer: Customer) -> int:
    """How many minor units make a major one of the customer's currency."""
    return 1 if customer.currency == "jpy" else 100


def is_counted(event: UsageEvent) -> bool:
    """Whether the event counts in the end: neither taken back nor malformed."""
    return event.cancelled_at is None and event.sent_value is None


def quantities(world: World, windows: Sequence[Window]) -> tuple[Quantities, ...]:
    """What each customer used of each charge in each of some windows that do not overlap."""
    by_event: dict[str, list[Charge]] = {}
    for charge in world.company.charges.values():
        by_event.setdefault(charge.event_name, []).append(charge)
    found: list[dict[tuple[str, str], Decimal]] = [{} for _ in windows]
    seen: set[str] = set()
    for event in world.stripe.events:
        if not is_counted(event) or event.event_id in seen:
            continue
        for (start, end), used in zip(windows, found, strict=True):
            if start <= event.at < end:
                seen.add(event.event_id)
                for charge in by_event.get(event.event_name, ()):
                    _count(used, charge, event)
    return tuple(found)


def _count(used: dict[tuple[str, str], Decimal], charge: Charge, event: UsageEvent) -> None:
    if charge.dimension is not None and event.properties.get(charge.dimension) != charge.dimension_value:
        return
    place = (event.customer, charge.key)
    if charge.formula == "last":
        used[place] = event.value
    else:
        used[place] = used.get(place, Decimal(0)) + (1 if charge.formula == "count" else event.value)
