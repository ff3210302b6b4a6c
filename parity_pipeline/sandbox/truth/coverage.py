"""The rows of contract_coverage: does exactly one contract cover each day that matters?"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from parity_pipeline.sandbox.facts import Customer
from parity_pipeline.sandbox.truth.mapping import Pair
from parity_pipeline.sandbox.truth.rows import Grain, TruthRow
from parity_pipeline.sandbox.truth.scene import Scene

_DAY = timedelta(days=1)
_LAST_INSTANT = _DAY - timedelta(microseconds=1)


def coverage_rows(scene: Scene) -> Iterator[TruthRow]:
    """One row for each customer with an active metered subscription."""
    for billing in scene.billing:
        pair = billing.pair
        if pair.stripe is None or not _is_active(pair.stripe, scene.terms.as_of):
            continue
        yield TruthRow(
            grain=Grain("contract_coverage", pair.account, pair.stripe_id, pair.metronome_id),
            expected=Decimal(1),
            actual=_covering(scene, pair),
            is_settled=True,
            variance_ratio=scene.terms.thresholds.of("contract_coverage").variance_ratio,
        )


def _is_active(customer: Customer, now: datetime) -> bool:
    """Whether there is a subscription with a metered item, in a trial or not."""
    has_left = customer.ended_at is not None and customer.ended_at <= now
    return bool(customer.charges) and customer.started_at < now and not has_left


def _covering(scene: Scene, pair: Pair) -> Decimal | None:
    """0 if a day that matters has no contract, else the most contracts on one; None when unlinked."""
    if pair.metronome is None:
        return None
    contracts = scene.metronome.contracts(pair.metronome.key)
    counts = [
        sum(contract.covers(day + _LAST_INSTANT) for contract in contracts)
        for day in _days_that_matter(scene, pair)
    ]
    return Decimal(0 if 0 in counts else max(counts, default=0))


def _days_that_matter(scene: Scene, pair: Pair) -> list[datetime]:
    """Each day of the window with usage on either side, and the last day before `as_of`."""
    last = scene.terms.window.end - _DAY
    found = {last}
    if pair.stripe is not None:
        for meter in scene.meters:
            daily = scene.stripe.daily(pair.stripe.key, meter.event_name, scene.terms.window)
            found |= {day for day, value in daily.items() if value}
    if pair.metronome is not None:
        found |= scene.metronome.used_days(pair.metronome.key, scene.terms.window)
    return sorted(found)
