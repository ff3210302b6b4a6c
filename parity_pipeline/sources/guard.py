"""The reads that may leave this machine, vendor by vendor; everything else is refused.

Metronome reads much by POST, so the method alone tells nothing: the list is of (method, path) pairs.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from parity_pipeline.errors import ForbiddenRequestError, UsageError

_PLACEHOLDER: Final = re.compile(r"\\{[a-z_]+\\}")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Read:
    """A read: the method and the template of its path, `{...}` standing for one identifier."""

    method: str
    template: str

    @property
    def endpoint(self) -> str:
        """`GET /v1/invoices/{id}/lines`."""
        return f"{self.method} {self.template}"


STRIPE_READS: Final = tuple(
    Read("GET", template)
    for template in (
        "/v1/customers",
        "/v1/subscriptions",
        "/v1/subscription_items",
        "/v1/subscription_schedules",
        "/v1/prices",
        "/v1/products",
        "/v1/coupons",
        "/v1/billing/meters",
        "/v1/billing/meters/{id}/event_summaries",
        "/v1/invoices",
        "/v1/invoices/{id}/lines",
        "/v1/billing/credit_grants",
        "/v1/billing/credit_balance_transactions",
        "/v1/credit_notes",
        "/v2/core/events",
        "/v2/core/events/{id}",
    )
)

METRONOME_READS: Final = (
    Read("GET", "/v1/customers"),
    Read("GET", "/v1/customers/{customer_id}/invoices"),
    Read("GET", "/v1/billable-metrics"),
    Read("GET", "/v1/credit-types/list"),
    Read("POST", "/v1/getCustomerBillingProviderConfigurations"),
    Read("POST", "/v1/contract-pricing/products/list"),
    Read("POST", "/v1/contract-pricing/rate-cards/list"),
    Read("POST", "/v1/contract-pricing/rate-cards/getRateSchedule"),
    Read("POST", "/v1/contracts/getContractRateSchedule"),
    Read("POST", "/v1/contracts/customerBalances/list"),
    Read("POST", "/v2/contracts/list"),
    Read("POST", "/v1/usage"),
    Read("POST", "/v1/usage/groups"),
)


class Guard:
    """Knows one vendor's base URL and its reads."""

    def __init__(self, base_url: str, reads: tuple[Read, ...]) -> None:
        self._origin, self._prefix = _origin(base_url), urlsplit(base_url).path.rstrip("/")
        self._patterns = [(read, _pattern(read.template)) for read in reads]

    def endpoint(self, method: str, url: str) -> str:
        """The endpoint of a request; raise ForbiddenRequestError when it is no known read of this vendor."""
        parts = urlsplit(url)
        path = parts.path.removeprefix(self._prefix) if parts.path.startswith(self._prefix) else ""
        if _origin(url) == self._origin:
            for read, pattern in self._patterns:
                if read.method == method and pattern.fullmatch(path):
                    return read.endpoint
        raise ForbiddenRequestError(
            f"refused before it left: {method} {parts.path} is not one of the reads this program makes"
        )


def checked_base_url(url: str, *, variable: str) -> str:
    """A base URL without its last slash; raise UsageError when it is no plain http(s) address."""
    parts = urlsplit(url.strip())
    try:
        is_fine = (
            parts.scheme in _DEFAULT_PORTS and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        )
    except ValueError:
        is_fine = False
    if not is_fine or parts.username or parts.query or parts.fragment:
        raise UsageError(f"{variable} must be an http or https address such as https://api.example.com")
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))


def host_of(url: str) -> str:
    """The host of a URL in lower case."""
    return urlsplit(url).hostname or ""


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme)


def _pattern(template: str) -> re.Pattern[str]:
    # An identifier is letters, digits, dashes and underscores: no dot or slash can lead elsewhere.
    return re.compile(_PLACEHOLDER.sub("[A-Za-z0-9_-]+", re.escape(template)))
