"""Metrics, products, rate cards and rates as the API shows them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from parity_pipeline.sandbox.ids import metronome_id
from parity_pipeline.sandbox.metronome_side.catalogue import (
    PLATFORM_FEE,
    PREPAID_CREDIT,
    Catalogue,
    Metric,
    Product,
    Rate,
    RateTier,
    rate_card_id,
)
from parity_pipeline.sandbox.metronome_side.contracts import Contract
from parity_pipeline.sandbox.metronome_side.units import CreditType, credit_type
from parity_pipeline.sandbox.metronome_side.wire import Json, plain

CREATOR = "Billing team"
_DRAFTED_BEFORE = timedelta(days=30)
"""Products were made that long before the rate cards began, and given their conversions later."""


def credit_type_json(kind: CreditType) -> Json:
    """A credit type as it is referred to."""
    return {"id": kind.id, "name": kind.name}


def credit_types(currencies: tuple[str, ...]) -> list[Json]:
    """Every credit type: the currencies, and a custom pricing unit that nothing is priced in."""
    found = [credit_type_json(credit_type(currency)) | {"is_currency": True} for currency in currencies]
    custom = CreditType(metronome_id("credit-type", "ai-credits"), "AI credits")
    return [*found, credit_type_json(custom) | {"is_currency": False}]


def metric_json(metric: Metric) -> Json:
    """A billable metric."""
    shown: Json = {
        "id": metric.id,
        "name": metric.name,
        "aggregation_type": metric.aggregation,
        "event_type_filter": {"in_values": [metric.event_name]},
        "property_filters": [{"name": key, "exists": True} for key in metric.group_key],
        "group_keys": [list(metric.group_key)] if metric.group_key else [],
        "custom_fields": {},
    }
    if metric.aggregation != "COUNT":
        shown["aggregation_key"] = "value"
    return shown


def product_json(product: Product, opened_at: datetime) -> Json:
    """A product with its history; a conversion came as an update that holds only what changed."""
    made = {"created_at": opened_at - _DRAFTED_BEFORE, "created_by": CREATOR}
    initial: Json = {"name": product.name, "starting_at": opened_at - _DRAFTED_BEFORE, **made}
    if product.metric is not None:
        initial["billable_metric_id"] = product.metric.id
        if product.pricing_key:
            initial["pricing_group_key"] = list(product.pricing_key)
    change = _conversion(product)
    updates = [change | {"starting_at": opened_at, **made}] if change else []
    return {
        "id": product.id,
        "type": product.kind,
        "initial": initial,
        "current": initial | change | ({"starting_at": opened_at} if change else {}),
        "updates": updates,
        "archived_at": None,
        "custom_fields": {},
    }


def products_json(catalogue: Catalogue, opened_at: datetime) -> list[Json]:
    """Every product."""
    products = (
        *catalogue.usage_products.values(),
        *catalogue.flat_fee_products.values(),
        PLATFORM_FEE,
        PREPAID_CREDIT,
    )
    return [product_json(product, opened_at) for product in products]


def _conversion(product: Product) -> Json:
    change: Json = {}
    if product.divisor != 1:
        change["quantity_conversion"] = {"conversion_factor": plain(product.divisor), "operation": "DIVIDE"}
    if product.is_rounded_up:
        change["quantity_rounding"] = {"rounding_method": "ROUND_UP", "decimal_places": 0}
    return change


def rate_card_json(currency: str, opened_at: datetime) -> Json:
    """The rate card of a currency."""
    return {
        "id": rate_card_id(currency),
        "name": f"List prices {currency.upper()}",
        "description": "What every customer pays unless a contract says otherwise",
        "fiat_credit_type": credit_type_json(credit_type(currency)),
        "credit_type_conversions": [],
        "aliases": [],
        "created_at": opened_at - _DRAFTED_BEFORE,
        "created_by": CREATOR,
        "custom_fields": {},
    }


def rate_json(rate: Rate, currency: str) -> Json:
    """A price."""
    shown: Json = {"rate_type": rate.rate_type, "credit_type": credit_type_json(credit_type(currency))}
    if rate.rate_type == "TIERED":
        shown["tiers"] = [_tier_json(tier) for tier in rate.tiers]
    else:
        shown["price"] = plain(rate.tiers[0].price)
    if rate.rate_type == "SUBSCRIPTION":
        shown |= {"quantity": 1, "is_prorated": False}
    return shown


def _tier_json(tier: RateTier) -> Json:
    size = {} if tier.size is None else {"size": plain(tier.size)}
    return {"price": plain(tier.price)} | size


def _row(rate: Rate, opened_at: datetime) -> Json:
    shown: Json = {
        "product_id": rate.product.id,
        "product_name": rate.product.name,
        "product_tags": [],
        "product_custom_fields": {},
        "entitled": True,
        "starting_at": opened_at,
    }
    if rate.values:
        shown["pricing_group_values"] = dict(rate.values)
    if rate.rate_type == "SUBSCRIPTION":
        shown["billing_frequency"] = "MONTHLY"
    return shown


_NO_LIST_FEE = Rate(PLATFORM_FEE, (), (RateTier(Decimal(0)),))
"""A monthly fee is agreed with each customer; the price list has it at nothing and entitles nobody."""


def rate_card_rates(catalogue: Catalogue, currency: str, opened_at: datetime) -> list[Json]:
    """The rows of a rate card."""
    rows = [
        _row(rate, opened_at) | {"rate": rate_json(rate, currency)} for rate in catalogue.rates[currency]
    ]  # fmt: skip
    fee = _row(_NO_LIST_FEE, opened_at) | {"rate": rate_json(_NO_LIST_FEE, currency), "entitled": False}
    return [*rows, fee]


def contract_rates(catalogue: Catalogue, contract: Contract, opened_at: datetime) -> list[Json]:
    """The rows of a contract: what it is entitled to, with its overrides."""
    pairs = [(rate, rate.times(contract.multiplier)) for rate in contract.list_rates(catalogue)]
    if contract.platform_fee_rate is not None:
        pairs.append((_NO_LIST_FEE, contract.platform_fee_rate))
    rows: list[Json] = []
    for listed, agreed in pairs:
        row = _row(listed, opened_at) | {
            "rate_card_id": contract.rate_card_id,
            "list_rate": rate_json(listed, contract.currency),
        }
        if agreed.tiers != listed.tiers:
            row["override_rate"] = rate_json(agreed, contract.currency)
        rows.append(row)
    return rows


def matches_any(row: Json, selectors: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a row of rates is asked for; without selectors every row is."""
    return not selectors or any(_matches(row, selector) for selector in selectors)


def _matches(row: Json, selector: Mapping[str, Any]) -> bool:
    values: Mapping[str, str] = row.get("pricing_group_values", {})
    partial: Mapping[str, str] = selector.get("partial_pricing_group_values") or {}
    return (
        selector.get("product_id") in (None, row["product_id"])
        and selector.get("billing_frequency") in (None, row.get("billing_frequency"))
        and selector.get("pricing_group_values") in (None, values)
        and partial.items() <= values.items()
        and set(selector.get("product_tags") or ()) <= set(row["product_tags"])
    )
