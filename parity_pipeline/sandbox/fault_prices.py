"""Faults in what Metronome charges: rates, tiers, flat fees, discounts, currencies and their units."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

from parity_pipeline.sandbox.facts import CURRENCIES, Customer, Tier
from parity_pipeline.sandbox.fault_choice import (
    Fits,
    everyone_who,
    first_of,
    plain,
    unit_priced,
    users_of,
    with_trait,
)
from parity_pipeline.sandbox.fault_edits import (
    change_events,
    change_tiers,
    sent_by,
    tell,
    without_credit,
)
from parity_pipeline.sandbox.fault_model import AMOUNTS, OVER, TOTALS, UNDER, Amount, Fault
from parity_pipeline.sandbox.fault_products import buys
from parity_pipeline.sandbox.fault_scene import Scene, minor_units

_FACTOR_PLACES = Decimal("0.000000001")
_STRONG = Decimal("0.4")
"""A factor that shows in a bill of which the charge is only a small part."""


def _dearer(scene: Scene, key: str, amount: Amount, gross: Decimal) -> Decimal:
    """The factor that makes a bill dearer by this amount; a cent is half a minor unit on the larger month."""
    if amount == "cent":
        share = Decimal("0.5") / max(scene.worth(key, 0), scene.worth(key, 1))
    else:
        share = {"under": UNDER, "over": OVER, "gross": gross}[amount]
    return (1 + share).quantize(_FACTOR_PLACES)


def _rate(scene: Scene, keys: Sequence[str], amount: Amount) -> None:
    """An override on everything that the customer buys."""

    def overridden(customer: Customer) -> Customer:
        factor = _dearer(scene, customer.key, amount, Decimal("0.25"))
        prices = {charge: customer.negotiated.get(charge, Decimal(1)) * factor for charge in customer.charges}
        return replace(customer, negotiated=prices)

    tell(scene.world.metronome, keys, overridden)


def _rate_card(scene: Scene, keys: Sequence[str], _: Amount) -> None:
    def dearer(tier: Tier) -> Tier:
        return replace(tier, unit_price=tier.unit_price * Decimal("1.25"))

    change_tiers(scene.world, "gpu_h100", CURRENCIES, dearer)
    without_credit(scene.world, keys)


def _negotiated_missing(scene: Scene, keys: Sequence[str], _: Amount) -> None:
    """What was agreed is made a large part of the bill first."""

    def agreed(customer: Customer) -> Customer:
        return replace(customer, negotiated=dict.fromkeys(customer.negotiated, _STRONG))

    tell(scene.world.stripe, keys, agreed)
    tell(scene.world.metronome, keys, lambda each: replace(each, negotiated={}))


def _change_missed(scene: Scene, keys: Sequence[str], _: Amount) -> None:
    def agreed(customer: Customer) -> Customer:
        change = customer.price_change
        return customer if change is None else replace(customer, price_change=replace(change, factor=_STRONG))

    tell(scene.world.stripe, keys, agreed)
    tell(scene.world.metronome, keys, lambda each: replace(each, price_change=None))


def _moves_the_bill(
    traits: Fits, charges: Callable[[Customer], Sequence[str]], *, part: Decimal = Decimal("0.05")
) -> Fits:
    """Of these customers, those whose bill consists of some charges by that part at least."""

    def fits(scene: Scene, amount: Amount) -> list[str]:
        customers = scene.world.company.customers
        return [
            key
            for key in traits(scene, amount)
            if sum(scene.money(key, charge) for charge in charges(customers[key])) >= part * scene.worth(key)
        ]

    return fits


def _changed_charge(customer: Customer) -> Sequence[str]:
    return (customer.price_change.charge,) if customer.price_change else ()


def _trial_lost(scene: Scene, keys: Sequence[str], _: Amount) -> None:
    tell(scene.world.metronome, keys, lambda each: replace(each, trial_ends_at=None))


def _on_trial(scene: Scene, _: Amount) -> list[str]:
    return [
        key
        for key in scene.customers(lambda each: each.trial_ends_at is not None)
        if scene.worth(key, 0) >= 300
    ]


def _narrower_tiers(scene: Scene, keys: Sequence[str], _: Amount) -> None:
    def narrower(tier: Tier) -> Tier:
        return replace(tier, up_to=100) if tier.up_to == 1000 else tier

    change_tiers(scene.world, "minutes", CURRENCIES, narrower)
    without_credit(scene.world, keys)


def _talks(scene: Scene, key: str) -> tuple[Decimal, Decimal, Decimal]:
    """A customer's minutes, the price of those beyond the first tier, and what the month costs at most."""
    customer = scene.world.company.customers[key]
    used = scene.used[1].get((key, "minutes"), Decimal(0))
    price = scene.world.company.charges["minutes"].tiers[customer.currency][1].unit_price
    price *= minor_units(customer)
    return used, price, scene.worth(key) + used * price


def _talks_long(scene: Scene, amount: Amount) -> list[str]:
    """Customers to whom the narrower tier costs a fiftieth more."""
    found: list[str] = []
    for key in plain(scene, amount):
        used, price, most = _talks(scene, key)
        if 50 * (min(used, Decimal(1000)) - 100) * price > most:
            found.append(key)
    return found


def _talks_little(scene: Scene, amount: Amount) -> list[str]:
    """Customers whose flat fee is a fiftieth of the bill."""
    found: list[str] = []
    for key in plain(scene, amount):
        customer = scene.world.company.customers[key]
        fee = scene.world.company.charges["minutes"].tiers[customer.currency][0].flat_fee
        if "minutes" in customer.charges and 50 * fee * minor_units(customer) > _talks(scene, key)[2]:
            found.append(key)
    return found


def _uses_bandwidth(scene: Scene, amount: Amount) -> list[str]:
    return [key for key in plain(scene, amount) if scene.used[1].get((key, "bandwidth_gb"))]


def _grown(scene: Scene, keys: Sequence[str], _: Amount) -> None:
    """More bandwidth for both vendors: Stripe's volume price and Metronome's graduated one part ways."""
    top = scene.world.company.charges["bandwidth_gb"].tiers["usd"][0].up_to or 0
    times = {key: 1 + (top * 3 // 2) // int(scene.used[1][key, "bandwidth_gb"]) for key in keys}
    wanted = sent_by(keys, scene.last_month, "bandwidth_gb")
    for told in (scene.world.stripe, scene.world.metronome):
        change_events(told, wanted, lambda event: replace(event, value=event.value * times[event.customer]))


def _no_flat_fee(scene: Scene, keys: Sequence[str], _: Amount) -> None:
    change_tiers(scene.world, "minutes", ("usd", "eur"), lambda tier: replace(tier, flat_fee=Decimal(0)))
    without_credit(scene.world, keys)


def _discount(scene: Scene, keys: Sequence[str], amount: Amount) -> None:
    """Another percentage in Metronome, and none in the gross size; who has no discount gets one in Stripe."""

    def lesser(customer: Customer) -> Customer:
        percent = scene.world.stripe.customers[customer.key].discount_percent
        if amount == "gross":
            return replace(customer, discount_percent=Decimal(0))
        factor = _dearer(scene, customer.key, amount, Decimal(0))
        return replace(customer, discount_percent=100 - (100 - percent) * factor)

    def some(customer: Customer) -> Customer:
        return replace(customer, discount_percent=customer.discount_percent or Decimal(10))

    tell(scene.world.stripe, keys, some)
    tell(scene.world.metronome, keys, lesser)


def _item_discount(scene: Scene, keys: Sequence[str], _: Amount) -> None:
    def some(customer: Customer) -> Customer:
        return replace(customer, item_discounts=customer.item_discounts or {"api_calls": Decimal(20)})

    tell(scene.world.stripe, keys, some)
    tell(scene.world.metronome, keys, lambda each: replace(each, item_discounts={}))


def _unit(quirk: str, currency: str) -> Callable[[Scene, Sequence[str], Amount], None]:
    def edit(scene: Scene, keys: Sequence[str], _: Amount) -> None:
        getattr(scene.world.metronome_quirks, quirk).add(currency)
        without_credit(scene.world, keys)

    return edit


def _plain_in(currency: str) -> Fits:
    def fits(scene: Scene, amount: Amount) -> list[str]:
        customers = scene.world.company.customers
        return [key for key in plain(scene, amount) if customers[key].currency == currency]

    return fits


def _all_in(currency: str) -> Fits:
    return everyone_who(lambda each: each.currency == currency, decided_by=_plain_in(currency))


def _in_euros(scene: Scene, keys: Sequence[str], _: Amount) -> None:
    tell(scene.world.metronome, keys, lambda each: replace(each, currency="eur"))


_ONLY_MONEY = frozenset({TOTALS})
_TAXES = ("tax_percent", "tax_inclusive")
_DISCOUNTED = first_of(
    with_trait("discount_percent", *_TAXES, has=lambda each: each.discount_percent), unit_priced
)
_ITEM_DISCOUNTED = first_of(
    _moves_the_bill(
        with_trait("item_discounts", has=lambda each: each.item_discounts),
        lambda each: list(each.item_discounts),
        part=Decimal("0.15"),
    ),
    users_of("api_calls"),
)
_NEGOTIATED = _moves_the_bill(
    with_trait("negotiated", has=lambda each: each.negotiated), lambda each: list(each.negotiated)
)
_REPRICED = _moves_the_bill(with_trait("price_change", has=lambda each: each.price_change), _changed_charge)
PRICE_FAULTS = (
    Fault("rate_mismatch", "A customer pays a quarter more in Metronome, by an override.",
          _ONLY_MONEY, "rate_mismatch", unit_priced, _rate, amounts=AMOUNTS),
    Fault("rate_card_mismatch", "One GPU costs a quarter more on Metronome's price list.",
          _ONLY_MONEY, "rate_mismatch",
          everyone_who(buys("gpu_h100"), decided_by=users_of("gpu_h100")), _rate_card, reaches=("everyone",)),
    Fault("negotiated_price_missing", "Negotiated prices were not carried over.",
          _ONLY_MONEY, "rate_mismatch", _NEGOTIATED, _negotiated_missing),
    Fault("price_change_missed", "A price that changed in Stripe stayed as it was in Metronome.",
          _ONLY_MONEY, "rate_mismatch", _REPRICED, _change_missed),
    Fault("trial_not_carried", "Metronome bills a customer on trial.",
          _ONLY_MONEY, "rate_mismatch", _on_trial, _trial_lost),
    Fault("tier_mismatch", "The first tier of minutes is narrower in Metronome.",
          _ONLY_MONEY, "tier_mismatch", everyone_who(buys("minutes"), decided_by=_talks_long),
          _narrower_tiers, reaches=("everyone",)),
    Fault("volume_as_graduated", "Bandwidth outgrew the first tier, whose price Metronome keeps for a part.",
          _ONLY_MONEY, "tier_mismatch", _uses_bandwidth, _grown),
    Fault("flat_fee_missing", "The flat fee of minutes was not carried over, in dollars and euros.",
          _ONLY_MONEY, "tier_mismatch",
          everyone_who(lambda each: buys("minutes")(each) and each.currency != "jpy",
                       decided_by=_talks_little),
          _no_flat_fee, reaches=("everyone",)),
    Fault("discount_missing", "Discounts were not carried over.",
          _ONLY_MONEY, "discount_missing", _DISCOUNTED, _discount, amounts=AMOUNTS),
    Fault("item_discount_missing", "A discount on one item was not carried over.",
          _ONLY_MONEY, "discount_missing", _ITEM_DISCOUNTED, _item_discount),
    Fault("currency_unit", "Euro rates were entered in cents; Metronome takes whole euros.",
          _ONLY_MONEY, "currency_unit", _all_in("eur"), _unit("amounts_as_minor_units", "eur"),
          reaches=("everyone",)),
    Fault("currency_unit_dollars", "Dollar rates were entered in dollars; Metronome takes cents.",
          _ONLY_MONEY, "currency_unit", _all_in("usd"), _unit("amounts_as_major_units", "usd"),
          reaches=("everyone",)),
    Fault("currency_mismatch", "A dollar customer has a contract in euros.",
          _ONLY_MONEY, "currency_mismatch", _plain_in("usd"), _in_euros),
)  # fmt: skip  # a table: one entry, one row
