"""What goes over the wire: JSON with exact numbers, error bodies, and how requests are read.

Endpoints and what they answer are elsewhere.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from parity_pipeline.sandbox.metronome_side.units import EXACT

Json = dict[str, Any]
T = TypeVar("T")

_ENCODER = msgspec.json.Encoder(decimal_format="number")


class ApiError(Exception):
    """A refusal, with its HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        """`message` is what the client reads."""
        super().__init__(message)
        self.status = status
        self.message = message


def reply(content: Json | list[Json], *, status: int = 200) -> Response:
    """A JSON response; Decimals become numbers with all their digits, times RFC 3339."""
    return Response(_ENCODER.encode(content), status_code=status, media_type="application/json")


def plain(value: Decimal) -> Decimal:
    """The same number without trailing zeros or an exponent for whole numbers."""
    return Decimal(format(value.normalize(EXACT), "f"))


async def body_of(request: Request) -> Json:
    """The JSON object of a request; an empty body is an empty object."""
    raw = await request.body()
    try:
        parsed = msgspec.json.decode(raw) if raw else {}
    except msgspec.DecodeError as error:
        raise ApiError(400, f"Request body is not valid JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise ApiError(400, "Request body must be a JSON object")
    return parsed


def required_text(fields: Mapping[str, Any], name: str) -> str:
    """A field that must be there and be text."""
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise ApiError(400, f"{name} is required")
    return value


def flag(fields: Mapping[str, Any], name: str) -> bool:
    """A yes or no, from a query or a body; no when absent."""
    return str(fields.get(name, "")).lower() == "true"


def moment(fields: Mapping[str, Any], name: str) -> datetime | None:
    """An RFC 3339 timestamp with an offset, as UTC; None when absent."""
    value = fields.get(name)
    if value is None:
        return None
    try:
        parsed = datetime.fromisoformat(str(value))
    except ValueError:
        raise ApiError(400, f"{name} must be an RFC 3339 timestamp") from None
    if parsed.tzinfo is None:
        raise ApiError(400, f"{name} must be an RFC 3339 timestamp with an offset")
    return parsed.astimezone(UTC)


def required_moment(fields: Mapping[str, Any], name: str) -> datetime:
    """A timestamp that must be there."""
    value = moment(fields, name)
    if value is None:
        raise ApiError(400, f"{name} is required")
    return value


def utc_days(fields: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """The bounds of a usage question: both at UTC midnight and at least a day apart."""
    start, end = required_moment(fields, "starting_on"), required_moment(fields, "ending_before")
    for name, bound in (("starting_on", start), ("ending_before", end)):
        if bound.time() != datetime.min.time():
            raise ApiError(400, f"{name} must be aligned to UTC midnight")
    if end - start < timedelta(days=1):
        raise ApiError(400, "ending_before must be at least one day after starting_on")
    return start, end


def limit_of(fields: Mapping[str, Any], *, most: int) -> int:
    """The page size that was asked for; the largest allowed when none was."""
    raw = fields.get("limit")
    if raw is None:
        return most
    text = str(raw).removesuffix(".0")
    if not re.fullmatch(r"\d{1,4}", text) or not 1 <= int(text) <= most:
        raise ApiError(400, f"limit must be between 1 and {most}")
    return int(text)


def offset_of(cursor: object) -> int:
    """Where the page begins that a cursor stands for; 0 without one."""
    if cursor is None or cursor == "":
        return 0
    try:
        text = base64.urlsafe_b64decode(str(cursor).encode()).decode()
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    if not re.fullmatch(r"from:\d{1,9}", text):
        raise ApiError(400, "Invalid cursor")
    return int(text.removeprefix("from:"))


def cursor_after(offset: int, *, total: int) -> str | None:
    """The cursor of the page that begins at `offset`; None past the end."""
    if offset >= total:
        return None
    return base64.urlsafe_b64encode(f"from:{offset}".encode()).decode()


def page_of(rows: Sequence[T], *, cursor: object, limit: int) -> tuple[Sequence[T], str | None]:
    """One page of rows and the cursor of the next."""
    offset = offset_of(cursor)
    return rows[offset : offset + limit], cursor_after(offset + limit, total=len(rows))
