"""Faults in credit: packs that are missing, of another amount, for other charges, or drawn in another order.

Most of these first make what was agreed decide: a pack that is used up in the first month, or never.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from parity_pipeline.sandbox.facts import CreditPack, Customer
from parity_pipeline.sandbox.fault_choice import with_trait
from parity_pipeline.sandbox.fault_edits import tell, tell_both
from parity_pipeline.sandbox.fault_model import AMOUNTS, CREDITS, OVER, TOTALS, UNDER, Amount, Fault
from parity_pipeline.sandbox.fault_scene import Scene, minor_units

_NEVER_USED_UP = 10_000
_TRAITS = ("credits", "discount_percent", "tax_percent", "tax_inclusive")
_with_credit = with_trait(*_TRAITS, has=lambda each: each.credits)


def _agreed(scene: Scene, amount: Amount) -> list[str]:
    """Customers with credit that no other fault has changed in Metronome yet."""
    stripe, metronome = scene.world.stripe.customers, scene.world.metronome.customers
    return [key for key in _with_credit(scene, amount) if stripe[key].credits == metronome[key].credits]


def _with_one_pack(wanted: Callable[[CreditPack], bool]) -> Callable[[Scene, Amount], list[str]]:
    """Customers whose only credit is one paid pack of a kind."""

    def fits(scene: Scene, amount: Amount) -> list[str]:
        found = {key: scene.world.stripe.customers[key].credits for key in _agreed(scene, amount)}
        return [
            key
            for key, packs in found.items()
            if len(packs) == 1 and packs[0].category == "paid" and wanted(packs[0])
            if all(scene.money(key, charge, 0) >= 100 for charge in packs[0].charges)
        ]

    return fits


def _each_pack(change: Callable[[CreditPack], CreditPack]) -> Callable[[Customer], Customer]:
    return lambda each: replace(each, credits=tuple(change(pack) for pack in each.credits))


def _missing(scene: Scene, keys: Sequence[str], _: Amount) -> None:
    tell(scene.world.metronome, keys, lambda each: replace(each, credits=()))


def _of_amount(amount: Decimal) -> Callable[[Customer], Customer]:
    return _each_pack(lambda pack: replace(pack, amount=amount))


def _less(whole: Decimal, amount: Amount) -> Decimal:
    """What a fault of this amount takes off a pack, in whole minor units."""
    if amount == "cent":
        return Decimal(1)
    share = {"under": UNDER, "over": OVER, "gross": Decimal("0.9")}[amount]
    rounding = ROUND_FLOOR if amount == "under" else ROUND_CEILING
    return (whole * share).to_integral_value(rounding=rounding)


def _amount(scene: Scene, keys: Sequence[str], amount: Amount) -> None:
    """A pack that the first month uses up, and less of it in Metronome."""
    for key in keys:
        unit = minor_units(scene.world.stripe.customers[key])
        whole = (scene.worth(key, 0) * 2 / 5).to_integral_value(rounding=ROUND_FLOOR)
        tell(scene.world.stripe, [key], _of_amount(whole / unit))
        tell(scene.world.metronome, [key], _of_amount((whole - _less(whole, amount)) / unit))


def _scope(scene: Scene, keys: Sequence[str], _: Amount) -> None:
    """A pack that pays for the first charge, and in Metronome for all; it is never used up."""

    def agreed(customer: Customer) -> Customer:
        scope = customer.charges[:1]
        return _each_pack(lambda pack: replace(pack, amount=pack.amount * _NEVER_USED_UP, charges=scope))(
            customer
        )

    tell_both(scene.world, keys, agreed)
    tell(scene.world.metronome, keys, _each_pack(lambda pack: replace(pack, charges=())))


def _order(scene: Scene, keys: Sequence[str], _: Amount) -> None:
    """A pack that ends with the first month is drawn first in Stripe and last in Metronome.

    Each pays for three fifths of that month, so that Metronome loses a fifth, which Stripe still has.
    """
    start, end = scene.months[0]

    def agreed(customer: Customer, turns: tuple[int, int]) -> Customer:
        worth = (scene.worth(customer.key, 0) * 3 / 5).to_integral_value(rounding=ROUND_FLOOR)
        pack = CreditPack(
            f"{customer.key}-p", "paid", worth / minor_units(customer), start, priority=turns[1]
        )
        gift = replace(
            pack, key=f"{customer.key}-g", category="promotional", expires_at=end, priority=turns[0]
        )
        return replace(customer, credits=(gift, pack))

    tell(scene.world.stripe, keys, lambda each: agreed(each, (10, 20)))
    tell(scene.world.metronome, keys, lambda each: agreed(each, (20, 10)))


def _expired(scene: Scene, keys: Sequence[str], _: Amount) -> None:
    """A pack that lasts for two months, and in Metronome for one; it is never used up."""

    def until(month: int) -> Callable[[Customer], Customer]:
        return _each_pack(lambda pack: replace(pack, expires_at=scene.months[month][1]))

    def large(pack: CreditPack) -> CreditPack:
        return replace(pack, amount=pack.amount * _NEVER_USED_UP)

    tell_both(scene.world, keys, _each_pack(large))
    tell(scene.world.stripe, keys, until(1))
    tell(scene.world.metronome, keys, until(0))


def _pays_for_part(scene: Scene, amount: Amount) -> list[str]:
    """Customers with one pack and other charges beside the first that are worth something."""
    customers = scene.world.company.customers
    return [
        key
        for key in _with_one_pack(lambda pack: pack.voided_at is None)(scene, amount)
        if scene.money(key, customers[key].charges[0], 0) >= 100
        and sum(scene.money(key, charge, 0) for charge in customers[key].charges[1:]) >= 100
    ]


def _uses_evenly(scene: Scene, amount: Amount) -> list[str]:
    """Customers with unit prices whose second month is not much larger than the first."""
    customers = scene.world.company.customers
    return [
        key
        for key in _agreed(scene, amount)
        if scene.has_unit_prices(customers[key]) and scene.worth(key, 1) <= 4 * scene.worth(key, 0)
    ]


_BOTH = frozenset({CREDITS, TOTALS})
CREDIT_FAULTS = (
    Fault("credit_missing", "Paid credit was not carried over.",
          _BOTH, "credit_missing", _with_one_pack(lambda _: True), _missing),
    Fault("credit_amount", "A tenth of the paid credit was carried over.",
          _BOTH, "credit_amount", _with_one_pack(lambda pack: not pack.charges), _amount, amounts=AMOUNTS),
    Fault("credit_scope", "Credit for one charge pays for every charge in Metronome.",
          _BOTH, "credit_scope", _pays_for_part, _scope),
    Fault("credit_order", "Credit that ends soon is drawn last in Metronome, and some of it is lost.",
          _BOTH, "credit_order", _uses_evenly, _order),
    Fault("credit_expired", "Credit ends a month earlier in Metronome.",
          _BOTH, "credit_amount",
          _with_one_pack(lambda pack: pack.voided_at is None and pack.renewed_at is None), _expired),
)  # fmt: skip  # a table: one entry, one row
