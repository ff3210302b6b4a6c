"""What every declared record shares: the base Struct, exact JSON text, and how a body is decoded.

A record is the list of fields that are kept of a vendor's object. Fields that are not declared (names,
e-mails, addresses) are dropped while decoding and never reach the disk. A field that is declared
without a default is required: its absence is an error that names the path, never a NULL. A field
typed with `Literal` is one that a rule branches on: an unknown value is an error too.
"""

from collections.abc import Collection
from functools import partial
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all records."""


class Texts(str):
    """A JSON object of strings, kept as JSON text with sorted keys: `{"model":"gpt-4"}`.

    Used for pricing group values and custom fields, whose keys are the account's own.
    """

    __slots__ = ()


class OriginMarks(Texts):
    """Of a Stripe object's metadata only the keys that tell that Metronome made it.

    The other keys are the company's own and stay out of the landing.
    """

    __slots__ = ()


class ChosenMarks(Texts):
    """Of a Stripe customer's metadata only the keys that the settings name, none unless they do."""

    __slots__ = ()


_ORIGIN_KEYS = ("client_id", "environment")


def decode(body: bytes, kind: type[T], *, metadata_keys: Collection[str] = ()) -> T:
    """Decode a response body, numbers exactly; a bad value raises msgspec.ValidationError with its path.

    The keys are those that are kept of a customer's metadata.
    """
    hook = partial(_decode_custom, metadata_keys=metadata_keys)
    return msgspec.json.decode(body, type=kind, dec_hook=hook)


def texts(value: dict[str, Any]) -> Texts:
    """The sorted JSON text of an object whose values are all strings or null."""
    for key, item in value.items():
        if item is not None and not isinstance(item, str):
            raise ValueError(f"expected text at key {key!r}, got {type(item).__name__}")
    return Texts(msgspec.json.encode(value, order="sorted").decode())


def _decode_custom(kind: type, value: object, *, metadata_keys: Collection[str]) -> object:
    if not issubclass(kind, Texts):
        raise NotImplementedError(kind)
    if not isinstance(value, dict):
        raise ValueError(f"expected an object, got {type(value).__name__}")
    if kind is OriginMarks:
        marks = {key: value[key] for key in value if key.startswith("metronome_") or key in _ORIGIN_KEYS}
        return OriginMarks(texts(marks))
    if kind is ChosenMarks:
        return ChosenMarks(texts({key: value[key] for key in value if key in metadata_keys}))
    return texts(value)
