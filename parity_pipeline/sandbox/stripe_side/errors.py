"""Stripe's refusals: a status and the body that goes with it."""

from collections.abc import Mapping
from typing import Any

_DOCUMENTED = "https://docs.stripe.com/error-codes/"


class StripeError(Exception):
    """A request that Stripe answers with an error body, and with headers of their own."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        described = {
            "type": "invalid_request_error",
            "code": code,
            "message": message,
            "param": param,
            "doc_url": _DOCUMENTED + code.replace("_", "-") if code else None,
        }
        self.body: dict[str, Any] = {
            "error": {name: value for name, value in described.items() if value is not None}
        }


def missing(kind: str, object_id: str, *, param: str = "id", status: int = 404) -> StripeError:
    """The refusal for an id that nothing has."""
    return StripeError(status, f"No such {kind}: '{object_id}'", code="resource_missing", param=param)


def lacking(param: str) -> StripeError:
    """The refusal of a request without a parameter that must be there."""
    return StripeError(400, f"Missing required param: {param}.", code="parameter_missing", param=param)
