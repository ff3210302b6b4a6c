"""The pretend Stripe's answers against the shapes that Stripe publishes; skipped where those are absent."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from parity_pipeline.sandbox.serving import served
from parity_pipeline.sandbox.stripe_side.api import stripe_app
from parity_pipeline.sandbox.world import PushedInvoice, build_world

SPEC = Path(__file__).parents[2].parent / "shared" / "api" / "stripe_openapi.json"
pytestmark = pytest.mark.skipif(
    not SPEC.exists(), reason="the vendor's specification is not beside the repository"
)

AS_OF = datetime(2026, 11, 21, tzinfo=UTC)
START, END = (str(int(datetime(2026, month, 1, tzinfo=UTC).timestamp())) for month in (9, 11))
LISTS = (
    "/v1/customers",
    "/v1/products",
    "/v1/prices",
    "/v1/subscriptions",
    "/v1/subscription_schedules",
    "/v1/invoices",
    "/v1/credit_notes",
    "/v1/events",
    "/v1/billing/meters",
    "/v1/billing/credit_grants",
)
SINGLE = {
    "/v1/customers": "Customer",
    "/v1/products": "Product",
    "/v1/prices": "Price",
    "/v1/coupons": "Coupon",
    "/v1/subscriptions": "Subscription",
    "/v1/subscription_schedules": "SubscriptionSchedule",
    "/v1/invoices": "Invoice",
    "/v1/credit_notes": "CreditNote",
    "/v1/billing/meters": "Meter",
    "/v1/billing/credit_grants": "CreditGrant",
}
EXPANSIONS = (
    ("/v1/prices", "data.tiers"),
    ("/v1/prices", "data.product"),
    ("/v1/subscriptions", "data.discounts"),
    ("/v1/subscriptions", "data.schedule"),
    ("/v1/subscriptions", "data.latest_invoice"),
    ("/v1/invoices", "data.customer"),
    ("/v1/invoices", "data.discounts"),
    ("/v1/credit_notes", "data.invoice"),
)


def _plain_schema(node: Any) -> Any:  # any JSON value
    """An OpenAPI 3.0 schema as JSON Schema: `nullable` spelt out, open enums open, no unknown fields."""
    if isinstance(node, list):
        return [_plain_schema(each) for each in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _plain_schema(value) for key, value in node.items() if key != "nullable"}
    if kept.pop("x-open-enum", False):
        kept.pop("enum", None)
    if kept.get("type") == "object" and "properties" in kept:
        kept.setdefault("additionalProperties", False)
    return {"anyOf": [kept, {"type": "null"}]} if node.get("nullable") is True else kept


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    """The vendor's read endpoints and named schemas."""
    plain: dict[str, Any] = _plain_schema(json.loads(SPEC.read_text(encoding="utf-8")))
    return plain


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A client of a served world that has one of everything."""
    world = build_world(seed=7, as_of=AS_OF)
    customers = world.stripe.customers.values()
    world.stripe_quirks.voided_and_revised.update(each.key for each in customers if each.credits)
    world.stripe_quirks.threshold_billed.add("00010")
    pushed = [
        PushedInvoice("in_pushed00001", "5d0f", "00001", "eur", 4711, datetime(2026, 11, 2, tzinfo=UTC))
    ]
    with (
        served(stripe_app(world, api_key="rk_test_x", pushed=pushed)) as address,
        httpx.Client(base_url=address, headers={"Authorization": "Bearer rk_test_x"}) as client,
    ):
        yield client


def _validate(body: dict[str, Any], schema: dict[str, Any], spec: dict[str, Any]) -> None:
    validator = Draft202012Validator({**schema, "components": spec["components"]})
    problems = [
        f"{list(error.absolute_path)}: {error.message[:200]}" for error in validator.iter_errors(body)
    ]
    assert problems == []


def _schema(spec: dict[str, Any], path: str) -> dict[str, Any]:
    found: dict[str, Any] = spec["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
    schema: dict[str, Any] = found["schema"]
    return schema


def _pages(client: httpx.Client, path: str, **params: str) -> Iterator[dict[str, Any]]:
    after: dict[str, str] = {"status": "all"} if path == "/v1/subscriptions" else {}
    for _ in range(50):
        answer = client.get(path, params={"limit": "100", **params, **after})
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        yield body
        if not body["has_more"]:
            return
        after |= {"starting_after": body["data"][-1]["id"]}
    raise AssertionError("too many pages")


def _ids(client: httpx.Client, path: str, **params: str) -> list[str]:
    return [each["id"] for body in _pages(client, path, **params) for each in body["data"]]


@pytest.mark.parametrize("path", LISTS)
def test_lists_have_the_published_shape(path: str, client: httpx.Client, spec: dict[str, Any]) -> None:
    """Every page of every list is what the vendor's specification says."""
    for body in _pages(client, path):
        _validate(body, _schema(spec, path), spec)


@pytest.mark.parametrize("path", SINGLE)
def test_single_objects_have_the_published_shape(
    path: str, client: httpx.Client, spec: dict[str, Any]
) -> None:
    """The object behind an id is the object of the list."""
    listed = [each for body in _pages(client, path) for each in body["data"]]
    assert listed
    for each in listed[:: max(1, len(listed) // 20)]:
        found = client.get(f"{path}/{each['id']}").json()
        _validate(found, {"$ref": f"#/components/schemas/{SINGLE[path]}"}, spec)
        assert found == each


@pytest.mark.parametrize(("path", "expansion"), EXPANSIONS)
def test_expansions_have_the_published_shape(
    path: str, expansion: str, client: httpx.Client, spec: dict[str, Any]
) -> None:
    """Objects in the place of ids, and fields shown on demand, are allowed by the specification too."""
    for body in _pages(client, path, **{"expand[0]": expansion}):
        _validate(body, _schema(spec, path), spec)


def test_the_lines_of_every_invoice_have_the_published_shape(
    client: httpx.Client, spec: dict[str, Any]
) -> None:
    """Lines of cycle, early, last, revised and pushed invoices alike, prorations among them."""
    prorations = 0
    for invoice in _ids(client, "/v1/invoices"):
        for body in _pages(client, f"/v1/invoices/{invoice}/lines"):
            _validate(body, _schema(spec, "/v1/invoices/{invoice}/lines"), spec)
            details = [each["parent"]["subscription_item_details"] for each in body["data"]]
            prorations += sum(each["proration"] for each in details if each)
    assert prorations == 2


def test_the_parts_of_other_objects_have_the_published_shape(
    client: httpx.Client, spec: dict[str, Any]
) -> None:
    """The items of subscriptions and the lines of credit notes."""
    for subscription in _ids(client, "/v1/subscriptions"):
        (body,) = _pages(client, "/v1/subscription_items", subscription=subscription)
        _validate(body, _schema(spec, "/v1/subscription_items"), spec)
    (note,) = _ids(client, "/v1/credit_notes")
    for line in client.get(f"/v1/credit_notes/{note}/lines").json()["data"]:
        _validate(line, {"$ref": "#/components/schemas/CreditNoteLineItem"}, spec)


def test_credit_has_the_published_shape(client: httpx.Client, spec: dict[str, Any]) -> None:
    """Credit balance transactions of every kind, and balances."""
    kinds: set[str] = set()
    for customer in _ids(client, "/v1/customers"):
        for body in _pages(client, "/v1/billing/credit_balance_transactions", customer=customer):
            _validate(body, _schema(spec, "/v1/billing/credit_balance_transactions"), spec)
            kinds |= {(each["credit"] or each["debit"])["type"] for each in body["data"]}
        scope = {"filter[type]": "applicability_scope", "filter[applicability_scope][price_type]": "metered"}
        balance = client.get("/v1/billing/credit_balance_summary", params={"customer": customer, **scope})
        _validate(balance.json(), _schema(spec, "/v1/billing/credit_balance_summary"), spec)
    assert kinds == {
        "credits_granted",
        "credits_applied",
        "credits_expired",
        "credits_voided",
        "credits_application_invoice_voided",
    }


@pytest.mark.parametrize("window", [None, "hour", "day"])
def test_usage_has_the_published_shape(
    window: str | None, client: httpx.Client, spec: dict[str, Any]
) -> None:
    """Meter event summaries of every meter."""
    asked = {"customer": "cus_00000", "start_time": START, "end_time": END}
    found = 0
    for meter in [
        *_ids(client, "/v1/billing/meters"),
        *_ids(client, "/v1/billing/meters", status="inactive"),
    ]:
        grouped = {"value_grouping_window": window} if window else {}
        for body in _pages(client, f"/v1/billing/meters/{meter}/event_summaries", **asked, **grouped):
            _validate(body, _schema(spec, "/v1/billing/meters/{id}/event_summaries"), spec)
            found += len(body["data"])
    assert found


def test_meter_error_reports_have_the_published_shape(client: httpx.Client, spec: dict[str, Any]) -> None:
    """Events without a number, of nobody, and for no meter end in reports with their details."""
    codes: set[str] = set()
    for listed in client.get("/v2/core/events", params={"limit": "100"}).json()["data"]:
        report = client.get(f"/v2/core/events/{listed['id']}").json()
        named = "NoMeterFound" if report["type"].endswith("no_meter_found") else "ErrorReportTriggered"
        schema = spec["components"]["schemas"][f"V1BillingMeter{named}Event"]
        _validate(report, {**schema, "additionalProperties": True}, spec)  # the common fields stand elsewhere
        codes |= {each["code"] for each in report["data"]["reason"]["error_types"]}
    assert codes == {"meter_event_invalid_value", "meter_event_customer_not_found", "no_meter"}
