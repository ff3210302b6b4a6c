"""The rows that come from invoices: totals, quantities and credit, each per billing period.

A period is Stripe's where both sides have it. Who billed what is read beside.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from parity_pipeline.sandbox.truth.billed import Billed, Metered, is_final
from parity_pipeline.sandbox.truth.mapping import Meter, Pair
from parity_pipeline.sandbox.truth.periods import Span, paired
from parity_pipeline.sandbox.truth.rows import EXACT, Check, Grain, Slack, TruthRow, rounded
from parity_pipeline.sandbox.truth.scene import Billing, Scene

_NOTHING = Billed(is_final=True)


@dataclass(frozen=True)
class Matched:
    """A period in scope of one pair of customers, with what either side billed in each currency."""

    pair: Pair
    span: Span
    is_shifted: bool
    is_final: bool
    stripe: dict[str, Billed]
    metronome: dict[str, Billed]

    def currencies(self) -> list[str]:
        """Every currency that either side billed in."""
        return sorted({*self.stripe, *self.metronome})


def invoice_rows(scene: Scene) -> Iterator[TruthRow]:
    """All rows of invoice_totals, line_item_quantities and credit_drawdowns."""
    for billing in scene.billing:
        for matched in matched_periods(scene, billing):
            for currency in matched.currencies():
                yield _total_row(scene, matched, currency)
                yield from _credit_row(scene, matched, currency)
            for meter in scene.meters:
                yield from _quantity_row(scene, matched, meter)


def matched_periods(scene: Scene, billing: Billing) -> Iterator[Matched]:
    """The periods of a pair of customers that begin in the parallel run."""
    for ours, theirs in paired(billing.stripe, billing.metronome):
        span = ours or theirs
        if span is None or not scene.in_scope(span):
            continue
        stripe = billing.stripe[ours] if ours else {}
        metronome = billing.metronome[theirs] if theirs else {}
        yield Matched(
            pair=billing.pair,
            span=span,
            is_shifted=ours is not None and theirs is not None and ours.is_apart_from(theirs),
            is_final=is_final([*stripe.values(), *metronome.values()]),
            stripe=stripe,
            metronome=metronome,
        )


def _total_row(scene: Scene, matched: Matched, currency: str) -> TruthRow:
    ours, theirs = matched.stripe.get(currency), matched.metronome.get(currency)
    return _row(
        scene,
        matched,
        _grain("invoice_totals", matched, currency=currency),
        (ours.net if ours else None, theirs.net if theirs else None),
        Slack(allowance=_money_allowance(scene, "invoice_totals", ours)),
    )


def _credit_row(scene: Scene, matched: Matched, currency: str) -> Iterator[TruthRow]:
    """One row where either side drew credit; a side that drew none is absent."""
    ours, theirs = matched.stripe.get(currency, _NOTHING), matched.metronome.get(currency, _NOTHING)
    if ours.drawn or theirs.drawn:
        yield _row(
            scene,
            matched,
            _grain("credit_drawdowns", matched, currency=currency),
            (ours.drawn or None, theirs.drawn or None),
            Slack(allowance=_money_allowance(scene, "credit_drawdowns", ours)),
        )


def _quantity_row(scene: Scene, matched: Matched, meter: Meter) -> Iterator[TruthRow]:
    """One row where either side measured the meter; a zero on one side alone says nothing."""
    ours, theirs = (_measured(each, meter) for each in (matched.stripe, matched.metronome))
    if not (ours and theirs) and not any(each and each.quantity for each in (ours, theirs)):
        return
    owner = matched.pair.stripe
    edge = scene.stripe.edge_usage(owner.key, meter, matched.span) if owner and ours else Decimal(0)
    rounded_up = theirs.rounded_up if theirs else Decimal(0)
    yield _row(
        scene,
        matched,
        _grain("line_item_quantities", matched, meter=meter.event_name),
        (ours.quantity if ours else None, theirs.quantity if theirs else None),
        Slack(allowance=EXACT.add(rounded_up, edge), edge=edge, rounded_up=rounded_up),
    )


def _measured(by_currency: dict[str, Billed], meter: Meter) -> Metered | None:
    """The quantity of a meter whatever the currency it was billed in; None without a line of it."""
    found = [
        entry.meters[meter.event_name] for entry in by_currency.values() if meter.event_name in entry.meters
    ]
    if not found:
        return None
    return Metered(
        sum((each.quantity for each in found), Decimal(0)),
        sum((each.rounded_up for each in found), Decimal(0)),
    )


def _money_allowance(scene: Scene, check: Check, stripe: Billed | None) -> Decimal:
    """What is configured, else the larger of one minor unit and half of Stripe's lines with an amount."""
    configured = scene.terms.thresholds.of(check).absolute_minor_units
    if configured is not None:
        return configured
    return max(Decimal(1), Decimal(stripe.money_lines if stripe else 0) / 2)


def _grain(check: Check, matched: Matched, *, currency: str | None = None, meter: str | None = None) -> Grain:
    return Grain(
        check=check,
        account=matched.pair.account,
        stripe_customer_id=matched.pair.stripe_id,
        metronome_customer_id=matched.pair.metronome_id,
        currency=currency,
        meter=meter,
        period_start=matched.span.start,
        period_end=matched.span.end,
    )


def _row(
    scene: Scene,
    matched: Matched,
    grain: Grain,
    values: tuple[Decimal | None, Decimal | None],
    slack: Slack,
) -> TruthRow:
    return TruthRow(
        grain=grain,
        expected=rounded(values[0]),
        actual=rounded(values[1]),
        is_settled=matched.is_final and scene.terms.is_settled(grain.check, matched.span.end),
        slack=slack,
        is_shifted=matched.is_shifted,
        variance_ratio=scene.terms.thresholds.of(grain.check).variance_ratio,
    )
