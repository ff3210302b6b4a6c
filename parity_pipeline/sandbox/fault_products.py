"""Faults in how Metronome measures and splits what it sells: metrics, products, group values."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal
from itertools import product

from parity_pipeline.sandbox.facts import Customer
from parity_pipeline.sandbox.fault_choice import (
    Fits,
    by_calendar_month,
    everyone_who,
    plain,
    unit_priced,
    users_of,
)
from parity_pipeline.sandbox.fault_edits import change_events, sent_by, tell, without_credit
from parity_pipeline.sandbox.fault_model import GROUPS, INGESTION, QUANTITIES, TOTALS, Amount, Fault
from parity_pipeline.sandbox.fault_scene import Scene

_GPUS = ("gpu_a100", "gpu_h100")


def buys(*charges: str) -> Callable[[Customer], bool]:
    """Customers who buy any of these charges."""
    return lambda each: not set(charges).isdisjoint(each.charges)


def _region_changed(change: Callable[[str], str]) -> Callable[[Scene, Sequence[str], Amount], None]:
    def edit(scene: Scene, keys: Sequence[str], _: Amount) -> None:
        change_events(
            scene.world.metronome,
            sent_by(keys, scene.last_month, "api_calls"),
            lambda event: replace(
                event, properties={**event.properties, "region": change(event.properties["region"])}
            ),
        )

    return edit


def _ap_not_rated(scene: Scene, keys: Sequence[str], _: Amount) -> None:
    scene.world.metronome_quirks.unrated_values.setdefault("api_calls", set()).add("ap")
    without_credit(scene.world, keys)


def _converted(charge: str, factor: Decimal) -> Callable[[Scene, Sequence[str], Amount], None]:
    def edit(scene: Scene, keys: Sequence[str], _: Amount) -> None:
        scene.world.metronome_quirks.conversion_factor[charge] = factor
        without_credit(scene.world, keys)

    return edit


def _loses_by_rounding(scene: Scene, amount: Amount) -> list[str]:
    """Customers one of whose months is dearer by more than the gate allows with whole millions of tokens."""
    unit = Decimal(scene.world.company.charges["tokens"].quoted_per)
    found: list[str] = []
    for key, month in product(by_calendar_month(scene, amount), (0, 1)):
        used = scene.used[month].get((key, "tokens"))
        if used:
            rounded = (used / unit).to_integral_value(rounding=ROUND_CEILING) * unit
            dearer = scene.money(key, "tokens", month) * (rounded - used) / used
            if dearer > Decimal("0.013") * scene.worth(key, month) + 2:
                found.append(key)
    return found


def _rounded_up(scene: Scene, keys: Sequence[str], _: Amount) -> None:
    scene.world.metronome_quirks.rounded_up.add("tokens")
    without_credit(scene.world, keys)


def _stores(scene: Scene, amount: Amount) -> list[str]:
    """Customers for whom storage is a tenth of the bill."""
    return [
        key for key in unit_priced(scene, amount) if 10 * scene.money(key, "storage_gb") > scene.worth(key)
    ]


def _aggregated(event_name: str, aggregation: str) -> Callable[[Scene, Sequence[str], Amount], None]:
    def edit(scene: Scene, keys: Sequence[str], _: Amount) -> None:
        scene.world.metronome_quirks.aggregation[event_name] = aggregation
        without_credit(scene.world, keys)

    return edit


def _without_gpus(scene: Scene, keys: Sequence[str], _: Amount) -> None:
    tell(
        scene.world.metronome,
        keys,
        lambda each: replace(each, charges=tuple(key for key in each.charges if key not in _GPUS)),
    )


def _all_who_buy(charge: str, *, decided_by: Fits | None = None) -> Fits:
    return everyone_who(buys(charge), decided_by=decided_by or users_of(charge))


_UNRATED = frozenset({GROUPS, QUANTITIES, TOTALS})
_MISCOUNTED = frozenset({INGESTION, QUANTITIES, TOTALS})
_CALLERS = users_of("api_calls")
PRODUCT_FAULTS = (
    Fault("group_value_case", "A customer's events name regions in capitals; the price list does not.",
          _UNRATED, "group_value_case", _CALLERS, _region_changed(str.upper)),
    Fault("group_value_spaces", "A customer's events name regions with a space behind.",
          _UNRATED, "group_value_case", _CALLERS, _region_changed(lambda value: f"{value} ")),
    Fault("group_value_unrated", "A customer uses a region that has no rate.",
          _UNRATED, "group_value_unrated", _CALLERS, _region_changed(lambda _: "sa")),
    Fault("region_not_rated", "The price list leaves out a region that everyone uses.",
          _UNRATED, "group_value_unrated", _all_who_buy("api_calls"), _ap_not_rated, reaches=("everyone",)),
    Fault("product_not_entitled", "A contract leaves out a product that the customer uses.",
          _UNRATED, "product_not_entitled", users_of(*_GPUS), _without_gpus),
    Fault("quantity_conversion", "Tokens are divided by a thousand but priced by the million.",
          frozenset({TOTALS}), "quantity_conversion", _all_who_buy("tokens"),
          _converted("tokens", Decimal(1000)), reaches=("everyone",)),
    Fault("quantity_rounding", "Tokens are rounded up to whole millions; Stripe bills parts.",
          frozenset({TOTALS}), "quantity_conversion", _all_who_buy("tokens", decided_by=_loses_by_rounding),
          _rounded_up, reaches=("everyone",), also=frozenset({QUANTITIES})),
    Fault("package_as_units", "Each message is billed at the price of a package of fifty.",
          frozenset({TOTALS}), "quantity_conversion", _all_who_buy("messages", decided_by=plain),
          _converted("messages", Decimal("0.02")), reaches=("everyone",)),
    Fault("aggregation_mismatch", "Storage is added up in Metronome; Stripe takes the last value.",
          _MISCOUNTED, "aggregation_mismatch", _all_who_buy("storage_gb", decided_by=_stores),
          _aggregated("storage_gb", "SUM"), reaches=("everyone",)),
    Fault("aggregation_count", "Metronome counts token events; Stripe adds up their tokens.",
          _MISCOUNTED, "aggregation_mismatch", _all_who_buy("tokens"), _aggregated("tokens", "COUNT"),
          reaches=("everyone",)),
)  # fmt: skip  # a table: one entry, one row
