"""The pretend Metronome's answers have the shapes that the vendor publishes.

Checked against the vendor's own spec and against the models of its newer SDK; both lie beside the repository.
"""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest
from metronome_questions import Question, ask, pretend_app, pretend_world, questions
from starlette.routing import Route

from parity_pipeline.sandbox.ids import metronome_customer

Json = dict[str, Any]

API = Path(__file__).resolve().parents[2].parent / "shared" / "api"
pytestmark = pytest.mark.skipif(not API.is_dir(), reason="the vendor's specs are not beside the repository")


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
def _answered() -> list[tuple[Question, Any]]:
    return [(question, question.answer()) for question in questions()]


def test_every_endpoint_is_asked() -> None:
    """Nothing that the sandbox offers is left out of the shapes below."""
    offered = {route.path for route in pretend_app().routes if isinstance(route, Route)}
    asked = {question.spec_path for question, _ in _answered()}
    assert offered - asked == {"/{path:path}"}


def test_answers_are_valid_against_the_vendors_spec() -> None:
    """Every endpoint's answer passes the JSON schema that the vendor publishes for it."""
    for question, answer in _answered():
        responses = _spec()["paths"][question.spec_path][question.method.lower()]["responses"]
        schema = responses["200"]["content"]["application/json"]["schema"]
        problems = _problems(answer, {"components": _spec()["components"], **schema})
        assert problems == [], question


def test_answers_are_valid_against_the_models_of_the_sdk() -> None:
    """Every item has the fields that SDK 4.12 requires, in its types, and no field that it does not know."""
    for question, answer in _answered():
        if question.sdk is None:
            continue
        endpoint = _sdk()["endpoints"][question.sdk]
        items, kind = (
            (answer["data"], endpoint["item"]) if "item" in endpoint else ([answer], endpoint["response"])
        )
        for item in items:
            problems = _problems(item, {"models": _sdk()["models"], **_kind_schema(kind)})
            assert problems == [], (question, item)


def test_every_question_has_an_answer_with_rows() -> None:
    """No endpoint's shape is checked on empty lists only, but those of named schedules."""
    rows: dict[str, int] = {}
    for question, answer in _answered():
        found = answer.get("data", answer.get("services")) if isinstance(answer, dict) else answer
        rows[question.spec_path] = rows.get(question.spec_path, 0) + len(found)
    assert {path for path, count in rows.items() if not count} == {
        path for path in rows if "NamedSchedule" in path
    }


def test_the_sample_has_every_kind_of_line_invoice_and_ledger_entry() -> None:
    """The shapes above are checked on all that a line, an invoice and a ledger can show here."""
    seen: set[str] = set()
    for key in pretend_world().company.customers:
        for invoice in ask("GET", f"/v1/customers/{metronome_customer(key)}/invoices")["data"]:
            seen |= {invoice["type"], invoice["status"]} | ({"external_invoice"} & invoice.keys())
            for line in invoice["line_items"]:
                optional = {"tier", "commit_id", "pricing_group_values", "presentation_group_values"}
                seen |= {line["type"]} | (optional & line.keys())
                seen |= {"prorated"} if line.get("is_prorated") else set()
        flags = {"include_ledgers": True, "include_contract_balances": True}
        body = {"customer_id": metronome_customer(key)} | flags
        for balance in ask("POST", "/v1/contracts/customerBalances/list", body)["data"]:
            seen |= {entry["type"] for entry in balance["ledger"]} | ({"rolled_over_from"} & balance.keys())
    assert seen == {
        "USAGE",
        "SCHEDULED",
        "DRAFT",
        "FINALIZED",
        "VOID",
        "external_invoice",
        "usage",
        "subscription",
        "applied_commit_or_credit",
        "cpu_conversion",
        "tier",
        "commit_id",
        "pricing_group_values",
        "presentation_group_values",
        "prorated",
        "rolled_over_from",
        "PREPAID_COMMIT_SEGMENT_START",
        "PREPAID_COMMIT_AUTOMATED_INVOICE_DEDUCTION",
        "PREPAID_COMMIT_EXPIRATION",
        "PREPAID_COMMIT_CANCELED",
        "PREPAID_COMMIT_ROLLOVER",
        "CREDIT_SEGMENT_START",
        "CREDIT_AUTOMATED_INVOICE_DEDUCTION",
        "CREDIT_EXPIRATION",
        "POSTPAID_COMMIT_INITIAL_BALANCE",
        "POSTPAID_COMMIT_AUTOMATED_INVOICE_DEDUCTION",
    }


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
