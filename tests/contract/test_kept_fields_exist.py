"""Every field that a record keeps is one of the vendor's object: a wrong name would read as absent."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from parity_pipeline.sources.resources import METRONOME_RESOURCES, STRIPE_RESOURCES, Resource

_API = Path(__file__).resolve().parents[2].parent / "shared" / "api"
_STRIPE_NAMES = {
    "InvoiceLine": "InvoiceLineItem",
    "MeterErrorEvent": "V1BillingMeterErrorReportTriggeredEvent",
}
_OF_ALL_EVENTS = {"id", "created"}  # the spec of one event type leaves them out
_ONLY_IN_THE_LIST_OF_CREDIT_TYPES = ".is_currency"  # a credit type inside another object has no such field
_METRONOME_ENDPOINTS = {
    "customers": "v1.customers.list",
    "billing_configurations": "v1.customers.retrieve_billing_configurations",
    "contracts": "v2.contracts.list",
    "rate_cards": "v1.contracts.rate_cards.list",
    "rate_card_rates": "v1.contracts.rate_cards.retrieve_rate_schedule",
    "contract_rates": "v1.contracts.retrieve_rate_schedule",
    "products": "v1.contracts.products.list",
    "billable_metrics": "v1.billable_metrics.list",
    "credit_types": "v1.pricing_units.list",
    "invoices": "v1.customers.invoices.list",
    "usage": "v1.usage.list",
    "usage_groups": "v1.usage.list_with_groups",
    "balances": "v1.contracts.list_balances",
}


def _spec(name: str) -> Any:
    path = _API / name
    if not path.exists():
        pytest.skip(f"the vendors' specs are not here: shared/api/{name}")
    return json.loads(path.read_bytes())


def _struct_in(kind: Any) -> type[msgspec.Struct] | None:
    if isinstance(kind, type):
        return kind if issubclass(kind, msgspec.Struct) else None
    return next((found for part in get_args(kind) if (found := _struct_in(part)) is not None), None)


def _fields(record: type[msgspec.Struct]) -> Iterator[tuple[str, type[msgspec.Struct] | None]]:
    hints = get_type_hints(record)
    for field in msgspec.structs.fields(record):
        yield field.encode_name, _struct_in(hints[field.name])


def _unknown_in_stripe(
    record: type[msgspec.Struct], schema: dict[str, Any], spec: dict[str, Any], path: str
) -> Iterator[str]:
    objects = list(_stripe_objects(schema, spec))
    if not objects:
        return
    for name, inner in _fields(record):
        found = [each["properties"][name] for each in objects if name in each["properties"]]
        if not found:
            yield f"{path}.{name}"
        elif inner is not None:
            yield from _unknown_in_stripe(inner, {"anyOf": found}, spec, f"{path}.{name}")


def _stripe_objects(schema: dict[str, Any], spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from _stripe_objects(spec["components"]["schemas"][name], spec)
    elif "properties" in schema:
        yield schema
    for each in [*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else [])]:
        yield from _stripe_objects(each, spec)


def _unknown_in_metronome(
    record: type[msgspec.Struct],
    shape: Any,
    models: dict[str, Any],
    path: str,
) -> Iterator[str]:
    objects = list(_metronome_objects(shape, models))
    if not objects:
        return
    for name, inner in _fields(record):
        found = [each[name] for each in objects if name in each]
        if not found:
            yield f"{path}.{name}"
        elif inner is not None:
            yield from _unknown_in_metronome(inner, {"anyOf": found}, models, f"{path}.{name}")


def _metronome_objects(shape: Any, models: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if isinstance(shape, dict):
        if "$ref" in shape:
            model = models[shape["$ref"]]
            if set(model) <= {"anyOf", "list", "optional", "$ref"}:
                yield from _metronome_objects(model, models)
            else:
                yield model
        for wrapper in ("list", "optional"):
            yield from _metronome_objects(shape.get(wrapper), models)
        for each in shape.get("anyOf", ()):
            yield from _metronome_objects(each, models)


@pytest.mark.parametrize("resource", STRIPE_RESOURCES, ids=lambda resource: resource.name)
def test_stripe_fields_exist(resource: Resource) -> None:
    """The spec of Stripe's SDK knows each field we keep, at every depth."""
    spec = _spec("stripe_openapi.json")
    name = _STRIPE_NAMES.get(resource.record.__name__, resource.record.__name__)
    schema = spec["components"]["schemas"][name]
    allowed = (
        {f"{name}.{field}" for field in _OF_ALL_EVENTS} if resource.name == "meter_error_events" else set()
    )
    assert set(_unknown_in_stripe(resource.record, schema, spec, name)) == allowed


@pytest.mark.parametrize("resource", METRONOME_RESOURCES, ids=lambda resource: resource.name)
def test_metronome_fields_exist(resource: Resource) -> None:
    """The models of Metronome's SDK know each field we keep, at every depth."""
    spec = _spec("metronome_schema.json")
    endpoint = spec["endpoints"][_METRONOME_ENDPOINTS[resource.name]]
    shape = endpoint.get("item") or endpoint["response"]
    if "item" not in endpoint:
        (response,) = _metronome_objects(shape, spec["models"])
        shape = response["data"]
    unknown = list(_unknown_in_metronome(resource.record, shape, spec["models"], resource.name))
    assert [path for path in unknown if not path.endswith(_ONLY_IN_THE_LIST_OF_CREDIT_TYPES)] == []


class _Misspelt(msgspec.Struct):
    id: str
    statuss: str


def test_a_wrong_name_is_found() -> None:
    """The comparison itself sees a field that neither vendor has."""
    stripe = _spec("stripe_openapi.json")
    invoice = stripe["components"]["schemas"]["Invoice"]
    assert list(_unknown_in_stripe(_Misspelt, invoice, stripe, "x")) == ["x.statuss"]
    metronome = _spec("metronome_schema.json")
    shape = metronome["endpoints"]["v1.customers.invoices.list"]["item"]
    assert list(_unknown_in_metronome(_Misspelt, shape, metronome["models"], "x")) == ["x.statuss"]
