"""For whom a fault decides anything: the choices that several faults share."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from parity_pipeline.sandbox.facts import Customer
from parity_pipeline.sandbox.fault_model import Amount
from parity_pipeline.sandbox.fault_scene import Scene

Fits = Callable[[Scene, Amount], Sequence[str]]
_ENOUGH: dict[Amount, int] = {"cent": 300, "under": 3000, "over": 3000, "gross": 300}
"""What a month must be worth in minor units, so that the rounding of its lines does not decide."""
_PART = Decimal("0.3")
"""The part of a bill that a charge must be for its usage to move the whole bill."""


def is_enough(scene: Scene, key: str, amount: Amount) -> bool:
    """Whether both whole months are worth so much that a fault of this amount shows."""
    return all(scene.worth(key, month) >= _ENOUGH[amount] for month in (0, 1))


def is_much_of_the_bill(scene: Scene, key: str, *charges: str) -> bool:
    """Whether these charges are a good part of the last month's bill."""
    return sum(scene.money(key, charge) for charge in charges) >= _PART * scene.worth(key)


def plain(scene: Scene, amount: Amount) -> list[str]:
    """Plain customers with enough usage."""
    return [key for key in scene.customers(scene.is_plain) if is_enough(scene, key, amount)]


def unit_priced(scene: Scene, amount: Amount) -> list[str]:
    """Plain customers whose bill is nothing but quantities times prices."""
    customers = scene.world.company.customers
    return [key for key in plain(scene, amount) if scene.has_unit_prices(customers[key])]


def by_calendar_month(scene: Scene, amount: Amount) -> list[str]:
    """Customers billed from the first of each month by units, whatever prices, taxes or credit they have."""
    traits = (
        "credits",
        "discount_percent",
        "item_discounts",
        "negotiated",
        "price_change",
        "tax_percent",
        "tax_inclusive",
        "committed_spend",
        "fee_change",
        "refund",
    )
    wanted = scene.customers(lambda each: scene.has_unit_prices(each) and scene.is_plain(each, but=traits))
    return [key for key in wanted if is_enough(scene, key, amount)]


def users_of(*charges: str) -> Fits:
    """Plain customers for whom these charges are a good part of the bill."""

    def fits(scene: Scene, amount: Amount) -> list[str]:
        customers = scene.world.company.customers
        return [
            key
            for key in unit_priced(scene, amount)
            if set(charges) <= set(customers[key].charges) and is_much_of_the_bill(scene, key, *charges)
        ]

    return fits


def with_trait(*traits: str, has: Callable[[Customer], object]) -> Fits:
    """Customers who are plain but for these traits, and have what is asked for."""

    def fits(scene: Scene, amount: Amount) -> list[str]:
        wanted = scene.customers(lambda each: bool(has(each)) and scene.is_plain(each, but=traits))
        return [key for key in wanted if is_enough(scene, key, amount)]

    return fits


def first_of(*choices: Fits) -> Fits:
    """The first choice that finds anybody."""

    def fits(scene: Scene, amount: Amount) -> Sequence[str]:
        return next((keys for choice in choices if (keys := choice(scene, amount))), ())

    return fits


def everyone_who(wanted: Callable[[Customer], bool], *, decided_by: Fits) -> Fits:
    """All customers of a kind, whatever their traits, provided that some are there for whom it decides."""

    def fits(scene: Scene, amount: Amount) -> list[str]:
        keys = list(scene.customers(wanted))
        return keys if set(keys) & set(decided_by(scene, amount)) else []

    return fits
