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
from parity_pipeline.sandbox.world import PushedInvoice, World, build_world

SPEC = Path(__file__).parents[2].parent / "shared" / "api" / "stripe_openapi.json"
pytestmark = pytest.mark.skipif(
    not SPEC.exists(), reason="the vendor's specification is not beside the repository"
)

AS_OF = datetime(2026, 11, 21, tzinfo=UTC)
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


def _plain_schema(node: Any) -> Any:  # any JSON value
    """An OpenAPI 3.0 schema as JSON Schema: `nullable` spelt out, open enums left open."""
    if isinstance(node, list):
        return [_plain_schema(each) for each in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _plain_schema(value) for key, value in node.items() if key != "nullable"}
    if kept.pop("x-open-enum", False):
        kept.pop("enum", None)
    return {"anyOf": [kept, {"type": "null"}]} if node.get("nullable") is True else kept


@pytest.fixture(scope="module")
def components() -> dict[str, Any]:
    """The vendor's named schemas."""
    plain: dict[str, Any] = _plain_schema(json.loads(SPEC.read_text(encoding="utf-8"))["components"])
    return plain


@pytest.fixture(scope="module")
def paths() -> dict[str, Any]:
    """The vendor's read endpoints."""
    plain: dict[str, Any] = _plain_schema(json.loads(SPEC.read_text(encoding="utf-8"))["paths"])
    return plain


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A client of a served world that has one of everything."""
    world = build_world(seed=7, as_of=AS_OF)
    world.stripe_quirks.voided_and_revised.add("00014")
    world.stripe_quirks.threshold_billed.add("00010")
    pushed = [
        PushedInvoice("in_pushed00001", "5d0f", "00001", "eur", 4711, datetime(2026, 11, 2, tzinfo=UTC))
    ]
    with (
        served(stripe_app(world, api_key="rk_test_x", pushed=pushed)) as address,
        httpx.Client(base_url=address, headers={"Authorization": "Bearer rk_test_x"}) as client,
    ):
        yield client


def _validate(body: dict[str, Any], schema: dict[str, Any], components: dict[str, Any]) -> None:
    validator = Draft202012Validator({**schema, "components": components})
    problems = [
        f"{list(error.absolute_path)}: {error.message[:200]}" for error in validator.iter_errors(body)
    ]
    assert problems == []


def _schema(paths: dict[str, Any], path: str) -> dict[str, Any]:
    found: dict[str, Any] = paths[path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    return found


def _everything(client: httpx.Client, path: str, **params: str) -> Iterator[dict[str, Any]]:
    after: dict[str, str] = {}
    for _ in range(50):
        body = client.get(path, params={"limit": "100", **params, **after}).json()
        yield body
        if not body["has_more"]:
            return
        after = {"starting_after": body["data"][-1]["id"]}
    raise AssertionError("too many pages")


@pytest.mark.parametrize("path", LISTS)
def test_lists_have_the_published_shape(
    path: str, client: httpx.Client, paths: dict[str, Any], components: dict[str, Any]
) -> None:
    """Every page of every list is what the vendor's specification says."""
    params = {"status": "all"} if path == "/v1/subscriptions" else {}
    for body in _everything(client, path, **params):
        _validate(body, _schema(paths, path), components)


def test_coupons_have_the_published_shape(client: httpx.Client, components: dict[str, Any]) -> None:
    """Coupons are no path of the stored specification, but the object is."""
    data = client.get("/v1/coupons").json()["data"]
    assert data
    for coupon in data:
        _validate(coupon, {"$ref": "#/components/schemas/Coupon"}, components)


def test_expanded_prices_and_discounts_have_the_published_shape(
    client: httpx.Client, paths: dict[str, Any], components: dict[str, Any]
) -> None:
    """Objects in the place of ids, and fields shown on demand, are allowed by the specification too."""
    for path, expansion in (
        ("/v1/prices", "data.tiers"),
        ("/v1/subscriptions", "data.discounts"),
        ("/v1/invoices", "data.customer"),
    ):
        for body in _everything(client, path, **{"expand[0]": expansion}):
            _validate(body, _schema(paths, path), components)


def test_the_lines_of_an_invoice_have_the_published_shape(
    client: httpx.Client, paths: dict[str, Any], components: dict[str, Any]
) -> None:
    """Lines of cycle, threshold, revised and pushed invoices alike."""
    for invoice in ("in_00010_003t", "in_00014_003r", "in_00005_002", "in_pushed00001"):
        body = client.get(f"/v1/invoices/{invoice}/lines").json()
        _validate(body, _schema(paths, "/v1/invoices/{invoice}/lines"), components)


def test_credit_and_usage_have_the_published_shape(
    client: httpx.Client, paths: dict[str, Any], components: dict[str, Any]
) -> None:
    """Credit balance transactions, balances and meter event summaries are what the specification says."""
    start, end = (int(datetime(2026, month, 1, tzinfo=UTC).timestamp()) for month in (9, 11))
    asked: tuple[tuple[str, str, dict[str, str]], ...] = (
        ("credit_balance_transactions", "", {"customer": "cus_00014"}),
        (
            "credit_balance_summary",
            "",
            {
                "customer": "cus_00014",
                "filter[type]": "applicability_scope",
                "filter[applicability_scope][price_type]": "metered",
            },
        ),
        (
            "meters/{id}/event_summaries",
            "mtr_api_calls",
            {
                "customer": "cus_00000",
                "start_time": str(start),
                "end_time": str(end),
                "value_grouping_window": "day",
            },
        ),
    )
    for path, meter, params in asked:
        body = client.get(f"/v1/billing/{path.replace('{id}', meter)}", params=params).json()
        assert body.get("data", body.get("balances"))
        _validate(body, _schema(paths, f"/v1/billing/{path}"), components)


def test_meter_error_reports_have_the_published_shape(components: dict[str, Any]) -> None:
    """An event of a customer that Stripe does not know ends in an error report with its details."""
    world: World = build_world(seed=7, as_of=AS_OF, customers=3)
    del world.stripe.customers["00001"]
    schema = {"$ref": "#/components/schemas/V1BillingMeterErrorReportTriggeredEvent"}
    headers = {"Authorization": "Bearer rk_test_x"}
    with (
        served(stripe_app(world, api_key="rk_test_x")) as address,
        httpx.Client(base_url=address, headers=headers) as client,
    ):
        listed = client.get("/v2/core/events").json()["data"]
        assert listed
        report = client.get(f"/v2/core/events/{listed[0]['id']}").json()
    _validate(report, schema, components)
