"""The explanation for machines. Amounts and quantities are exact decimal strings, times RFC 3339 in UTC."""

import json
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from parity_pipeline.amounts import exact
from parity_pipeline.explain.explanation import Explanation
from parity_pipeline.periods import rfc3339

SCHEMA_VERSION: Final = 1


def to_json(explanation: Explanation, suggestions: dict[str, str] | None = None) -> str:
    """The whole answer; the fields are those of the values in explanation.py."""
    content = {"schema_version": SCHEMA_VERSION, **_plain(explanation)}
    if suggestions is not None:
        content["suggestions"] = suggestions
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _plain(value: object) -> Any:  # noqa: ANN401  # whatever JSON can hold
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal):
        return exact(value)
    if isinstance(value, datetime):
        return rfc3339(value.replace(tzinfo=UTC))
    return value.isoformat() if isinstance(value, date) else value
