"""The pretend Metronome's answers have the shapes that the vendor publishes.

Checked against the vendor's own spec and against the models of its newer SDK; both lie beside the repository.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, cast

import httpx
import jsonschema
import pytest

from parity_pipeline.sandbox.ids import metronome_customer, metronome_metric
from parity_pipeline.sandbox.metronome_side.api import metronome_app
from parity_pipeline.sandbox.metronome_side.catalogue import rate_card_id
from parity_pipeline.sandbox.world import World, build_world

Json = dict[str, Any]

API = Path(__file__).resolve().parents[2].parent / "shared" / "api"
AS_OF = datetime(2026, 7, 20, tzinfo=UTC)
CUSTOMERS = tuple(f"{number:05d}" for number in range(14))
pytestmark = pytest.mark.skipif(
    not API.is_dir(), reason="the vendor's specs are not beside the repository"
)  # fmt: skip


@cache
def _spec() -> Json:
    """The vendor's spec, with `nullable` as JSON schema says it."""
    return cast(Json, _without_nullable(json.loads((API / "metronome_openapi.json").read_text())))


@cache
def _sdk() -> Json:
    """The SDK's endpoints, and its models as JSON schemas."""
    loaded = json.loads((API / "metronome_schema.json").read_text())
    models = {name: _model_schema(model) for name, model in loaded["models"].items()}
    return {"endpoints": loaded["endpoints"], "models": models}


@cache
def _world() -> World:
    world = build_world(seed=7, as_of=AS_OF, customers=len(CUSTOMERS))
    quirks = world.metronome_quirks
    quirks.auto_recharge.add("00002")
    quirks.pushed_invoices.add("00003")
    quirks.second_contract.add("00005")
    quirks.contract_ends_at["00006"] = datetime(2026, 7, 5, tzinfo=UTC)
    return world


def _ask(method: str, path: str, body: Json | None = None) -> Json:
    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(metronome_app(_world(), token="t"))
        headers = {"Authorization": "Bearer t"}
        async with httpx.AsyncClient(transport=transport, base_url="http://m", headers=headers) as client:
            return await client.request(method, path, json=body)

    response = asyncio.run(once())
    assert response.status_code == 200, response.text
    return cast(Json, response.json())


def _questions() -> Iterator[tuple[str, str, str, str, Json | None]]:
    """Spec path, method, SDK method, actual path, body."""
    days = {"starting_on": "2026-06-01T00:00:00Z", "ending_before": "2026-06-08T00:00:00Z"}
    metric = metronome_metric(_world().company.charges["gpu_a100"])
    card = {"rate_card_id": rate_card_id("eur")}
    instant = "2026-06-01T00:00:00Z"
    yield "/v1/customers", "get", "v1.customers.list", "/v1/customers", None
    yield "/v1/billable-metrics", "get", "v1.billable_metrics.list", "/v1/billable-metrics", None
    yield "/v1/credit-types/list", "get", "v1.pricing_units.list", "/v1/credit-types/list", None
    for path, sdk, body in (
        ("/v1/contract-pricing/products/list", "v1.contracts.products.list", {"archive_filter": "ALL"}),
        ("/v1/contract-pricing/rate-cards/list", "v1.contracts.rate_cards.list", {}),
        (
            "/v1/contract-pricing/rate-cards/getRates",
            "v1.contracts.rate_cards.rates.list",
            card | {"at": instant},
        ),
        (
            "/v1/contract-pricing/rate-cards/getRateSchedule",
            "v1.contracts.rate_cards.retrieve_rate_schedule",
            card | {"starting_at": instant},
        ),
        ("/v1/usage", "v1.usage.list", days | {"window_size": "DAY"}),
        (
            "/v1/usage/groups",
            "v1.usage.list_with_groups",
            days
            | {
                "window_size": "none",
                "customer_id": metronome_customer("00004"),
                "billable_metric_id": metric,
                "group_key": ["gpu"],
            },
        ),
    ):
        yield path, "post", sdk, path, body
    for key in CUSTOMERS:
        yield from _customer_questions(key)


def _customer_questions(key: str) -> Iterator[tuple[str, str, str, str, Json | None]]:
    customer_id = metronome_customer(key)
    flags = {
        "customer_id": customer_id,
        "include_ledgers": True,
        "include_balance": True,
        "include_contract_balances": True,
        "include_contract_commits": True,
    }
    contract_id = _ask("POST", "/v2/contracts/list", {"customer_id": customer_id})["data"][0]["id"]
    for path, sdk, body in (
        ("/v2/contracts/list", "v2.contracts.list", flags),
        ("/v1/contracts/customerBalances/list", "v1.contracts.list_balances", flags),
        ("/v1/contracts/customerCommits/list", "v1.customers.commits.list", flags),
        ("/v1/contracts/customerCredits/list", "v1.customers.credits.list", flags),
        (
            "/v1/getCustomerBillingProviderConfigurations",
            "v1.customers.retrieve_billing_configurations",
            {"customer_id": customer_id},
        ),
        (
            "/v1/contracts/getContractRateSchedule",
            "v1.contracts.retrieve_rate_schedule",
            {"customer_id": customer_id, "contract_id": contract_id, "at": "2026-06-01T00:00:00Z"},
        ),
    ):
        yield path, "post", sdk, path, body
    spec_path = "/v1/customers/{customer_id}/invoices"
    yield spec_path, "get", "v1.customers.invoices.list", f"/v1/customers/{customer_id}/invoices", None


def test_answers_are_valid_against_the_vendors_spec() -> None:
    """Every endpoint's answer passes the JSON schema that the vendor publishes for it."""
    for spec_path, method, _, path, body in _questions():
        responses = _spec()["paths"][spec_path][method]["responses"]
        schema = responses["200"]["content"]["application/json"]["schema"]
        answer = _ask(method.upper(), path, body)
        assert _problems(answer, {"components": _spec()["components"], **schema}) == [], spec_path


def test_answers_are_valid_against_the_models_of_the_sdk() -> None:
    """Every item has the fields that SDK 4.12 requires, in its types, and no field that it does not know."""
    for _, _, name, path, body in _questions():
        endpoint = _sdk()["endpoints"][name]
        answer = _ask(endpoint["method"], path, body)
        items, kind = (
            (answer["data"], endpoint["item"]) if "item" in endpoint else ([answer], endpoint["response"])
        )
        for item in items:
            assert _problems(item, {"models": _sdk()["models"], **_kind_schema(kind)}) == [], name


def test_every_question_has_an_answer_with_rows() -> None:
    """No endpoint's shape is checked on empty lists only."""
    rows: dict[str, int] = {}
    for spec_path, method, _, path, body in _questions():
        rows[spec_path] = rows.get(spec_path, 0) + len(_ask(method.upper(), path, body)["data"])
    assert [path for path, count in rows.items() if not count] == []


def test_the_sample_has_every_kind_of_line_and_invoice() -> None:
    """The shapes above are checked on covered, tiered, flat-fee, scheduled, pushed and draft invoices."""
    seen: set[str] = set()
    for key in CUSTOMERS:
        for invoice in _ask("GET", f"/v1/customers/{metronome_customer(key)}/invoices")["data"]:
            seen |= {invoice["type"], invoice["status"]} | ({"external_invoice"} & invoice.keys())
            for line in invoice["line_items"]:
                seen |= {line["type"]} | ({"tier", "commit_id"} & line.keys())
    assert seen == {
        "USAGE", "SCHEDULED", "DRAFT", "FINALIZED", "VOID", "external_invoice",
        "usage", "subscription", "applied_commit_or_credit", "tier", "commit_id",
    }  # fmt: skip


def _problems(answer: object, schema: Json) -> list[str]:
    validator = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(answer)]


def _without_nullable(node: object) -> object:
    if isinstance(node, list):
        return [_without_nullable(each) for each in node]
    if not isinstance(node, dict):
        return node
    shown = {key: _without_nullable(value) for key, value in node.items()}
    if node.get("nullable") is True and isinstance(node.get("type"), str):
        shown["type"] = [node["type"], "null"]
    return shown


_PLAIN_KINDS: dict[str, Json] = {
    "str": {"type": "string"},
    "float": {"type": "number"},
    "int": {"type": "integer"},
    "bool": {"type": "boolean"},
    "any": {},
    "datetime(str RFC3339)": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"},
}


def _model_schema(model: Json) -> Json:
    required = [name for name, kind in model.items() if not (isinstance(kind, dict) and "optional" in kind)]
    return {
        "type": "object",
        "properties": {name: _kind_schema(kind) for name, kind in model.items()},
        "required": required,
        "additionalProperties": False,
    }


def _kind_schema(kind: str | Json) -> Json:
    if isinstance(kind, str):
        return _PLAIN_KINDS.get(kind, {"type": "object"})
    form, inner = next(iter(kind.items()))
    schemas: dict[str, Callable[[Any], Json]] = {
        "$ref": lambda name: {"$ref": f"#/models/{name}"},
        "enum": lambda values: {"enum": values},
        "list": lambda item: {"type": "array", "items": _kind_schema(item)},
        "map": lambda item: {"type": "object", "additionalProperties": _kind_schema(item)},
        "anyOf": lambda kinds: {"anyOf": [_kind_schema(each) for each in kinds]},
        "optional": lambda item: {"anyOf": [_kind_schema(item), {"type": "null"}]},
    }
    return schemas[form](inner)
