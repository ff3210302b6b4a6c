"""The rows of event_ingestion: what each side counted, by UTC day, or by period where days do not add up."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from parity_pipeline.sandbox.truth.mapping import Meter, Pair
from parity_pipeline.sandbox.truth.periods import Span, billing_cycles
from parity_pipeline.sandbox.truth.rows import Grain, TruthRow, rounded
from parity_pipeline.sandbox.truth.scene import Billing, Scene

Counted = tuple[Decimal | None, Decimal | None]
"""What Stripe and what Metronome counted; None where nothing happened."""


def ingestion_rows(scene: Scene) -> Iterator[TruthRow]:
    """All rows; a day or period in which neither side saw usage is none."""
    for billing in scene.billing:
        for meter in scene.meters:
            counts = _by_day if meter.is_additive else _by_period
            for span, counted in counts(scene, billing, meter):
                if any(counted):
                    yield _row(scene, billing.pair, meter, span, counted)


def _by_day(scene: Scene, billing: Billing, meter: Meter) -> Iterator[tuple[Span, Counted]]:
    ours, theirs, window = billing.pair.stripe, billing.pair.metronome, scene.terms.window
    expected = scene.stripe.daily(ours.key, meter.event_name, window) if ours else {}
    actual = scene.metronome.daily(theirs.key, meter, window) if theirs else {}
    for day in sorted({*expected, *actual}):
        yield Span(day, day + timedelta(days=1)), (expected.get(day), actual.get(day))


def _by_period(scene: Scene, billing: Billing, meter: Meter) -> Iterator[tuple[Span, Counted]]:
    """The whole days of each billing period in scope, as far as they are over."""
    ours, theirs = billing.pair.stripe, billing.pair.metronome
    for cycle in billing_cycles(ours, scene.terms.as_of) if ours else sorted(billing.metronome):
        days = Span(cycle.start, min(cycle.end, scene.terms.as_of)).whole_days()
        if scene.in_scope(cycle) and days is not None:
            yield (
                days,
                (
                    scene.stripe.usage(ours.key, meter.event_name, days) if ours else None,
                    scene.metronome.usage(theirs.key, meter, days) if theirs else None,
                ),
            )


def _row(scene: Scene, pair: Pair, meter: Meter, span: Span, counted: Counted) -> TruthRow:
    grain = Grain(
        check="event_ingestion",
        account=pair.account,
        stripe_customer_id=pair.stripe_id,
        metronome_customer_id=pair.metronome_id,
        meter=meter.event_name,
        period_start=None if meter.is_additive else span.start,
        period_end=None if meter.is_additive else span.end,
        usage_date=span.start.date() if meter.is_additive else None,
    )
    return TruthRow(
        grain=grain,
        expected=rounded(counted[0]),
        actual=rounded(counted[1]),
        is_settled=scene.terms.is_settled("event_ingestion", span.end),
        variance_ratio=scene.terms.thresholds.of("event_ingestion").variance_ratio,
    )
