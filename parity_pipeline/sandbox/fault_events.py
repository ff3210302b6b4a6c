"""Faults in the sending of events: missing, extra, late, under another name, at another time."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from parity_pipeline.sandbox.fault_choice import (
    Fits,
    by_calendar_month,
    everyone_who,
    first_of,
    unit_priced,
    users_of,
)
from parity_pipeline.sandbox.fault_edits import (
    add_events,
    change_events,
    days,
    drop_events,
    more_usage,
    ordinary,
    sent_by,
    take_usage,
    without_credit,
)
from parity_pipeline.sandbox.fault_model import (
    AMOUNTS,
    INGESTION,
    OVER,
    QUANTITIES,
    TOTALS,
    UNDER,
    Amount,
    Fault,
)
from parity_pipeline.sandbox.fault_scene import Scene, Window, quantities

_USAGE = frozenset({INGESTION, QUANTITIES, TOTALS})
_TIME_ZONE = timedelta(hours=14)
_LATE = timedelta(hours=6)
_REPLAYED_AFTER = 2 * 86400


def _amounts(scene: Scene, keys: Sequence[str], charge: str, amount: Amount) -> dict[str, Decimal]:
    """How much usage of last month a fault of this amount concerns, by customer; a cent is one raw unit."""
    if amount == "cent":
        return dict.fromkeys(keys, Decimal(1))
    share = {"under": UNDER, "over": OVER, "gross": Decimal("0.35")}[amount]
    return {key: scene.used[1][key, charge] * share for key in keys}


def _missing(scene: Scene, keys: Sequence[str], amount: Amount) -> None:
    wanted = sent_by(keys, scene.last_month, "api_calls")
    if amount != "gross":
        take_usage(scene.world.metronome, wanted, _amounts(scene, keys, "api_calls", amount))
        return
    lost = {event.event_id for event in ordinary(scene.world.metronome.events, wanted)[::3]}
    drop_events(scene.world.metronome, lambda event: event.event_id in lost)


def _uses_calls_now(scene: Scene, amount: Amount) -> list[str]:
    """Customers who have called on a day of the running month that is settled."""
    running = (scene.last_month[1], scene.world.company.as_of - timedelta(days=1))
    used = quantities(scene.world, [running])[0]
    return [key for key in users_of("api_calls")(scene, amount) if (key, "api_calls") in used]


def _missing_running(scene: Scene, keys: Sequence[str], _: Amount) -> None:
    running = (scene.last_month[1], scene.world.company.as_of)
    drop_events(scene.world.metronome, sent_by(keys, running, "api_calls"))


def _extra(scene: Scene, keys: Sequence[str], amount: Amount) -> None:
    told, wanted = scene.world.metronome, sent_by(keys, scene.last_month, "tokens")
    add_events(told, more_usage(told, wanted, _amounts(scene, keys, "tokens", amount), "again"))


def _replayed(scene: Scene, keys: Sequence[str], _: Amount) -> None:
    wanted = sent_by(keys, days(scene.last_month, 0, 20), "api_calls")
    again = [
        replace(event, late_by_seconds=_REPLAYED_AFTER)
        for event in ordinary(scene.world.stripe.events, wanted)[::3]
    ]
    for told in (scene.world.stripe, scene.world.metronome):
        add_events(told, again)


def _late(scene: Scene, keys: Sequence[str], amount: Amount) -> None:
    """Usage of the month's last hours that arrives when Stripe's invoice is final and Metronome's is not."""
    at = scene.last_month[1] - timedelta(hours=2)
    wanted = sent_by(keys, scene.last_month, "api_calls")
    amounts = _amounts(scene, keys, "api_calls", amount)
    late = [
        replace(event, at=at, late_by_seconds=int(_LATE.total_seconds()))
        for event in more_usage(scene.world.stripe, wanted, amounts, "late")
    ]
    for told in (scene.world.stripe, scene.world.metronome):
        add_events(told, late)


def _not_taken_back(scene: Scene, keys: Sequence[str], amount: Amount) -> None:
    wanted = sent_by(keys, scene.last_month, "api_calls")
    amounts = _amounts(scene, keys, "api_calls", amount)
    wrong = more_usage(scene.world.stripe, wanted, amounts, "wrong")
    add_events(scene.world.metronome, wrong)
    add_events(
        scene.world.stripe, [replace(each, cancelled_at=each.at + timedelta(hours=1)) for each in wrong]
    )


def _pairs_of_one_currency(scene: Scene, amount: Amount) -> list[str]:
    """Customers two by two, each pair with the same currency and different usage."""
    keys = users_of("api_calls")(scene, amount)
    pairs: list[str] = []
    waiting: dict[str, str] = {}
    for key in keys:
        currency = scene.world.company.customers[key].currency
        other = waiting.pop(currency, None)
        if other is None:
            waiting[currency] = key
        elif abs(scene.money(key, "api_calls") - scene.money(other, "api_calls")) * 20 > scene.worth(key):
            pairs += [other, key]
    return pairs


def _swapped(scene: Scene, keys: Sequence[str], _: Amount) -> None:
    other = dict(zip(keys[::2], keys[1::2], strict=True))
    other |= {second: first for first, second in other.items()}
    wanted = sent_by(keys, scene.last_month, "api_calls")
    change_events(scene.world.metronome, wanted, lambda event: replace(event, customer=other[event.customer]))


def _week(scene: Scene) -> Window:
    return days(scene.last_month, 7, 7)


def _six_hours(scene: Scene) -> Window:
    start = days(scene.last_month, 9, 1)[0] + timedelta(hours=9)
    return start, start + timedelta(hours=6)


def _loses_in(
    window: Callable[[Scene], Window], *, part: Decimal, charges: int = 1, among: Fits = unit_priced
) -> Fits:
    """Of some customers, those who used several charges in a window, for more than a part of the bill."""

    def fits(scene: Scene, amount: Amount) -> list[str]:
        used = quantities(scene.world, [window(scene)])[0]
        met = Counter(key for key, _ in used)
        parts = scene.parts_of_bill(used)
        return [
            key for key in among(scene, amount) if met[key] >= charges and parts.get(key, Decimal(0)) > part
        ]

    return fits


_loses_a_week = _loses_in(_week, part=Decimal("0.05"), charges=2)


def _stands_still(scene: Scene, amount: Amount) -> list[str]:
    """Customers who used several meters on each day of the week on which they used any."""
    sold = scene.world.company.charges
    meters = {key for key, each in sold.items() if each.beside is None and each.formula != "last"}
    windows = [days(scene.last_month, 7 + number, 1) for number in range(7)]
    daily = [
        Counter(key for key, charge in used if charge in meters) for used in quantities(scene.world, windows)
    ]
    return [
        key
        for key in _loses_a_week(scene, amount)
        if all(day[key] != 1 for day in daily) and any(day[key] for day in daily)
    ]


def _gap(scene: Scene, keys: Sequence[str], _: Amount) -> None:
    drop_events(scene.world.metronome, sent_by(keys, _week(scene)))


def _outage(scene: Scene, keys: Sequence[str], _: Amount) -> None:
    drop_events(scene.world.metronome, sent_by(keys, _six_hours(scene)))
    without_credit(scene.world, keys)


def _uses_in_outage(scene: Scene, amount: Amount) -> Sequence[str]:
    keys = {key for key, _ in quantities(scene.world, [_six_hours(scene)])[0]}
    decided_by = _loses_in(_six_hours, part=Decimal("0.02"), among=by_calendar_month)
    return everyone_who(lambda each: each.key in keys, decided_by=decided_by)(scene, amount)


def _uses_around_midnight(scene: Scene, amount: Amount) -> list[str]:
    """Customers one of whose months is worth another amount when its hours are counted from elsewhere."""
    edges = [
        (start - _TIME_ZONE, start) for start in (*(month[0] for month in scene.months), scene.last_month[1])
    ]
    used = quantities(scene.world, edges)
    moved: set[str] = set()
    for month in (0, 1):
        come, gone = (scene.parts_of_bill(edge, month) for edge in used[month : month + 2])
        moved |= {
            key
            for key in come.keys() | gone.keys()
            if abs(come.get(key, Decimal(0)) - gone.get(key, Decimal(0))) > Decimal("0.03")
        }
    return [key for key in unit_priced(scene, amount) if key in moved]


def _in_another_time_zone(scene: Scene, keys: Sequence[str], _: Amount) -> None:
    hit = frozenset(keys)
    change_events(
        scene.world.metronome,
        lambda event: event.customer in hit,
        lambda event: replace(event, at=event.at + _TIME_ZONE),
    )


_CALLERS = users_of("api_calls")
EVENT_FAULTS = (
    Fault("events_missing", "A third of a customer's API calls of last month never reached Metronome.",
          _USAGE, "events_missing", _CALLERS, _missing, amounts=AMOUNTS),
    Fault("events_missing_running", "A customer's API calls stopped reaching Metronome this month.",
          frozenset({INGESTION}), "events_missing", _uses_calls_now, _missing_running,
          also=frozenset({QUANTITIES, TOTALS})),
    Fault("events_extra", "Metronome got token events of last month that Stripe did not get.",
          _USAGE, "events_extra", users_of("tokens"), _extra, amounts=AMOUNTS),
    Fault("events_replayed", "Events were sent again two days later; only Metronome still knew their ids.",
          _USAGE, "events_missing", _CALLERS, _replayed),
    Fault("events_late", "Usage arrived after Stripe's invoice was final and before Metronome's was.",
          frozenset({QUANTITIES, TOTALS}), "events_extra", _CALLERS, _late, amounts=AMOUNTS),
    Fault("events_not_taken_back", "Usage was sent by mistake, and taken back in Stripe only.",
          _USAGE, "events_extra", _CALLERS, _not_taken_back, amounts=AMOUNTS),
    Fault("events_swapped", "Two customers' API calls arrived under each other's id.",
          _USAGE, "events_missing", _pairs_of_one_currency, _swapped, together=2,
          also_told_as=frozenset({"events_extra"})),
    Fault("ingestion_gap", "Nothing of a customer reached Metronome for a week.",
          _USAGE, "ingestion_gap", first_of(_stands_still, _loses_a_week), _gap,
          reaches=("one", "cohort")),
    Fault("ingestion_outage", "Nothing of anybody reached Metronome for six hours.",
          _USAGE, "ingestion_gap", _uses_in_outage, _outage, reaches=("everyone",)),
    Fault("time_zone_shift", "Metronome's events bear the time of another zone, fourteen hours ahead.",
          _USAGE, "period_shift", _uses_around_midnight, _in_another_time_zone),
)  # fmt: skip  # a table: one entry, one row
