"""From a vendor's answer to records or to one clear error; the same wording for both vendors."""

import re
from collections.abc import Collection
from http import HTTPStatus
from typing import Final, TypeVar

import msgspec

from parity_pipeline.errors import ExtractionError, NotFoundError, OutageError, ParityError, UsageError
from parity_pipeline.sources.records import decode

T = TypeVar("T")

_SECRET: Final = re.compile(r"\b(?:sk|rk|pk|whsec)_[A-Za-z0-9_*]+|[Bb]earer\s+\S+")
_LONGEST_MESSAGE: Final = 200


def decoded(body: bytes, kind: type[T], *, request: str, metadata_keys: Collection[str] = ()) -> T:
    """Decode an answer; another shape than the one we know is an error that names the path."""
    try:
        return decode(body, kind, metadata_keys=metadata_keys)
    except msgspec.ValidationError as error:
        raise ExtractionError(f"{request}: the answer has another shape than expected: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ExtractionError(f"{request}: the answer is not valid JSON: {error}; run again") from error


def refusal(request: str, *, status: int, message: str, variable: str) -> ParityError:
    """The error for an answer that is no success; `variable` names where the credentials come from."""
    said = f": {redacted(message)}" if message else ""
    if status == HTTPStatus.UNAUTHORIZED:
        return UsageError(f"{request}: the credentials were refused (401){said}; check {variable}")
    if status == HTTPStatus.FORBIDDEN:
        return UsageError(
            f"{request}: the credentials lack a permission (403){said}; "
            f"give {variable} read access to this endpoint"
        )
    if status == HTTPStatus.NOT_FOUND:
        return NotFoundError(f"{request}: not found (404){said}")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return OutageError(
            f"{request}: still too many requests after all retries (429){said}; run again later"
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return OutageError(f"{request}: the vendor kept failing ({status}){said}; run again later")
    return ExtractionError(f"{request}: refused ({status}){said}")


def redacted(text: str) -> str:
    """A vendor's words in one short line without keys."""
    line = " ".join(_SECRET.sub("[redacted]", text).split())
    return line if len(line) <= _LONGEST_MESSAGE else line[: _LONGEST_MESSAGE - 1] + "…"
