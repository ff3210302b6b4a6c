"""Who may ask, and how often: keys, accounts, refused writes, and the rate limit."""

import base64
import binascii
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import Request

from parity_pipeline.sandbox.stripe_side.errors import StripeError

_WINDOW_SECONDS = 1.0
_ENDPOINT_SHARE = 4
_ACCOUNT_HEADERS = ("Stripe-Context", "Stripe-Account")


@dataclass
class RateLimit:
    """At most so many requests in any second, and a quarter of them at one endpoint; None is no limit."""

    requests_per_second: int | None
    clock: Callable[[], float]
    _seen: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def check(self, endpoint: str) -> None:
        """Count a request, or refuse it."""
        if self.requests_per_second is None:
            return
        now = self.clock()
        most = {"": self.requests_per_second, endpoint: max(1, self.requests_per_second // _ENDPOINT_SHARE)}
        for place, limit in most.items():
            seen = self._seen[place]
            while seen and seen[0] <= now - _WINDOW_SECONDS:
                seen.popleft()
            if len(seen) >= limit:
                reason = "endpoint-rate" if place else "global-rate"
                message = "Request rate limit exceeded."
                headers = {"Stripe-Rate-Limited-Reason": reason}
                raise StripeError(429, message, code="rate_limit", headers=headers)
        for place in most:
            self._seen[place].append(now)


@dataclass
class Admission:
    """What a request must bring along; `refused` are the writes that were refused."""

    api_key: str
    account_id: str
    limit: RateLimit
    refused: list[tuple[str, str]] = field(default_factory=list)

    def check(self, request: Request, endpoint: str) -> None:
        """Let a request in, or refuse it; `endpoint` is its path without ids."""
        if request.method not in ("GET", "HEAD"):
            self.refused.append((request.method, request.url.path))
            raise StripeError(405, f"This sandbox is read only: {request.method} is refused.")
        given = _key(request)
        if not given:
            raise StripeError(401, "You did not provide an API key.")
        if given != self.api_key:
            raise StripeError(401, f"Invalid API Key provided: {given[:8]}****")
        for name in _ACCOUNT_HEADERS:
            account = request.headers.get(name)
            if account is not None and account != self.account_id:
                message = f"The provided key does not have access to account '{account}'."
                raise StripeError(403, message, code="account_invalid")
        self.limit.check(endpoint)


def _key(request: Request) -> str:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return given
    try:
        return base64.b64decode(given).decode(errors="replace").partition(":")[0]
    except binascii.Error:
        return ""
