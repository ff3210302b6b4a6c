"""Metrics, products and credit types as the API shows them."""

from datetime import datetime, timedelta

from parity_pipeline.sandbox.ids import metronome_id
from parity_pipeline.sandbox.metronome_side.catalogue import (
    PLATFORM_FEE,
    PREPAID_CREDIT,
    Catalogue,
    Metric,
    Product,
)
from parity_pipeline.sandbox.metronome_side.units import AI_CREDITS, CreditType, credit_type
from parity_pipeline.sandbox.metronome_side.wire import Json, plain

CREATOR = "Billing team"
DRAFTED_BEFORE = timedelta(days=30)
"""Products were made that long before the rate cards began, and given their conversions later."""

_OLD_METRIC = Metric(metronome_id("metric", "archived"), "page_views", "COUNT", ())
_OLD_PRODUCT = Product(metronome_id("product", "archived"), "Page views", "USAGE", _OLD_METRIC)
"""Something that was sold once; both are archived, and nobody uses them."""


def credit_type_json(kind: CreditType) -> Json:
    """A credit type as it is referred to."""
    return {"id": kind.id, "name": kind.name}


def credit_types_json(currencies: tuple[str, ...]) -> list[Json]:
    """Every credit type: the currencies and the custom pricing unit."""
    found = [credit_type_json(credit_type(currency)) | {"is_currency": True} for currency in currencies]
    return [*found, credit_type_json(AI_CREDITS) | {"is_currency": False}]


def metric_json(metric: Metric) -> Json:
    """A billable metric."""
    is_count = metric.aggregation == "COUNT"
    shown: Json = {
        "id": metric.id,
        "name": metric.name,
        "aggregation_type": metric.aggregation,
        "event_type_filter": {"in_values": [metric.event_name]},
        "property_filters": [] if is_count else [{"name": "value", "exists": True}],
        "group_keys": [list(keys) for keys in metric.group_keys],
        "custom_fields": {},
    }
    if not is_count:
        shown["aggregation_key"] = "value"
    return shown


def archived_metric_json(moment: datetime) -> Json:
    """The archived metric."""
    return metric_json(_OLD_METRIC) | {"archived_at": moment}


def product_json(product: Product, opened_at: datetime) -> Json:
    """A product with its history; a conversion came as an update that holds only what changed."""
    drafted_at = opened_at - DRAFTED_BEFORE
    made = {"created_at": drafted_at, "created_by": CREATOR}
    initial: Json = {"name": product.name, "starting_at": drafted_at, **made}
    if product.metric is not None:
        initial["billable_metric_id"] = product.metric.id
    if product.pricing_key:
        initial["pricing_group_key"] = list(product.pricing_key)
    if product.presentation_key:
        initial["presentation_group_key"] = list(product.presentation_key)
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
    """Every product that is on sale."""
    products = (*catalogue.charged_products, PLATFORM_FEE, PREPAID_CREDIT)
    return [product_json(product, opened_at) for product in products]


def archived_product_json(opened_at: datetime) -> Json:
    """The archived product."""
    return product_json(_OLD_PRODUCT, opened_at) | {"archived_at": opened_at}


def _conversion(product: Product) -> Json:
    change: Json = {}
    if product.divisor != 1:
        change["quantity_conversion"] = {"conversion_factor": plain(product.divisor), "operation": "DIVIDE"}
    if product.is_rounded_up:
        change["quantity_rounding"] = {"rounding_method": "ROUND_UP", "decimal_places": 0}
    return change
