"""Stripe's refusals: a status and the body that goes with it."""

from typing import Any


class StripeError(Exception):
    """A request that Stripe answers with an error body."""

    def __init__(
        self, status: int, message: str, *, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {
            "error": {
                key: value
                for key, value in {
                    "type": "invalid_request_error",
                    "code": code,
                    "message": message,
                    "param": param,
                }.items()
                if value is not None
            }
        }


def missing(kind: str, object_id: str, *, param: str = "id", status: int = 404) -> StripeError:
    """The refusal for an id that nothing has."""
    return StripeError(status, f"No such {kind}: '{object_id}'", code="resource_missing", param=param)
