"""The rows of group_key_coverage: how much of the usage has a rate, by the values that key prices."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from parity_pipeline.sandbox.metronome_side.catalogue import Metric, Product
from parity_pipeline.sandbox.metronome_side.contracts import Contract
from parity_pipeline.sandbox.truth.mapping import Pair
from parity_pipeline.sandbox.truth.metronome_reading import Values, by_day
from parity_pipeline.sandbox.truth.rows import Grain, TruthRow, rounded
from parity_pipeline.sandbox.truth.scene import Scene

_DAY = timedelta(days=1)
_ADDITIVE = frozenset({"SUM", "COUNT"})


def group_value_rows(scene: Scene) -> Iterator[TruthRow]:
    """One row for each linked customer, product and combination of values that was used."""
    for billing in scene.billing:
        pair = billing.pair
        if pair.stripe is None or pair.metronome is None:
            continue
        contracts = scene.metronome.contracts(pair.metronome.key)
        for name in scene.metronome.metric_names:
            for product in _judged_products(scene.metronome.products_on(name), contracts):
                yield from _product_rows(scene, pair, product, contracts)


def _judged_products(products: list[Product], contracts: Iterable[Contract]) -> list[Product]:
    """The products of a metric that the customer's contracts rate; all of them where none is rated."""
    rated = {product.id for contract in contracts for product in contract.products}
    return [product for product in products if product.id in rated] or products


def _product_rows(
    scene: Scene, pair: Pair, product: Product, contracts: list[Contract]
) -> Iterator[TruthRow]:
    owner = pair.metronome.key if pair.metronome else ""
    for values, (metric, series) in scene.metronome.grouped(owner, product).items():
        rated = [contract for contract in contracts if _has_rate(contract, product, values)]
        adds_up = _adds_up(scene, metric)
        by_days = by_day(metric, series, scene.terms.window)
        used = _total(by_days.values(), adds_up=adds_up)
        covered = _total(
            (used_then for day, used_then in by_days.items() if _is_rated(day, rated)), adds_up=adds_up
        )
        if used:
            named = dict(zip(product.pricing_key, values, strict=True))
            yield TruthRow(
                grain=Grain(
                    "group_key_coverage",
                    pair.account,
                    pair.stripe_id,
                    pair.metronome_id,
                    product=product.name,
                    pricing_group_values=json.dumps(named, sort_keys=True, separators=(",", ":")),
                ),
                expected=rounded(used),
                actual=rounded(covered),
                is_settled=True,
                variance_ratio=scene.terms.thresholds.of("group_key_coverage").variance_ratio,
            )


def _has_rate(contract: Contract, product: Product, values: Values) -> bool:
    """Whether a contract has a rate for exactly these values; letters' case counts."""
    return any(
        rate.product.id == product.id and tuple(value for _, value in rate.values) == values
        for rate in contract.rates
    )


def _is_rated(day: datetime, contracts: Iterable[Contract]) -> bool:
    """Whether a contract was in force in any part of a day, for usage by values is known by whole days."""
    return any(
        contract.starts_at < day + _DAY and (contract.ends_at is None or contract.ends_at > day)
        for contract in contracts
    )


def _adds_up(scene: Scene, metric: Metric) -> bool:
    """Whether the quantity of several days is their sum, on both sides."""
    are_additive = all(
        meter.is_additive for meter in scene.meters if meter.metric_event_name == metric.event_name
    )
    return metric.aggregation in _ADDITIVE and are_additive


def _total(values: Iterable[Decimal], *, adds_up: bool) -> Decimal:
    """A quantity over several days: the sum, or the greatest where days do not add up."""
    return sum(values, Decimal(0)) if adds_up else max(values, default=Decimal(0))
