"""How many requests a pull will make, before it is made, and how long they take at the limits."""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from parity_pipeline.periods import DAY, Window
from parity_pipeline.sources.ledger import RequestCount
from parity_pipeline.sources.limits import Limits
from parity_pipeline.sources.resources import Source

SECONDS_A_REQUEST: Final = 0.25
"""How long an answer takes where a vendor's rate is not published; a guess."""
RUNS_A_MONTH: Final = 30
SPARED: Final = frozenset(
    {
        "GET /v1/invoices/{id}/lines",
        "GET /v2/core/events/{id}",
        "POST /v1/contracts/getContractRateSchedule",
    }
)
"""Endpoints whose answers an earlier landing mostly knows."""
_PAGE: Final = 100
_BUCKETS: Final = 100


@dataclass(frozen=True, order=True)
class Planned:
    """The requests that a pull will make to one endpoint, and where the number comes from."""

    account: str
    source: Source
    endpoint: str
    requests: int
    basis: str


@dataclass(frozen=True)
class StripeSizes:
    """What the first pages of a Stripe account tell. At least so many, when there were more pages."""

    customers: int
    meters: int
    is_at_least: bool = False


@dataclass(frozen=True)
class MetronomeSizes:
    """What the first pages of a Metronome environment tell."""

    customers: int
    grouped_metrics: int
    is_at_least: bool = False


def as_before(counts: Iterable[RequestCount], run_id: str, spared: Collection[str] = ()) -> list[Planned]:
    """A pull that asks what an earlier one asked, but for the endpoints whose answers are known already."""
    return sorted(
        Planned(
            each.account,
            each.source,
            each.endpoint,
            _asked_again(each, is_spared=each.endpoint in spared),
            f"estimate, as in {run_id}",
        )
        for each in counts
    )


def _asked_again(count: RequestCount, *, is_spared: bool) -> int:
    """The requests of the next pull: those of the last one, and what only an earlier landing spared it."""
    asked = count.requests - count.retries + count.resumed
    return asked if is_spared else asked + count.spared


def first_stripe_plan(account: str, sizes: StripeSizes, window: Window) -> list[Planned]:
    """A first pull of a Stripe account."""
    days = max(1, (window.whole_days.end - window.whole_days.start) // DAY)
    of_all = _pages(sizes.customers)
    numbers = {
        "/v1/customers": of_all,
        "/v1/subscriptions": of_all,
        "/v1/invoices": _pages(sizes.customers * math.ceil((days + 3) / 30)),
        "/v1/billing/meters/{id}/event_summaries": sizes.customers
        * sizes.meters
        * math.ceil(days / _BUCKETS),
        "/v1/billing/meters": 2,
        "/v2/core/events": 2,
        **dict.fromkeys(
            (
                "/v1/subscription_schedules",
                "/v1/prices",
                "/v1/products",
                "/v1/coupons",
                "/v1/billing/credit_grants",
                "/v1/credit_notes",
            ),
            1,
        ),
    }
    basis = _basis(is_at_least=sizes.is_at_least)
    return sorted(
        Planned(account, "stripe", f"GET {path}", number, basis) for path, number in numbers.items()
    )


def first_metronome_plan(environment: str, sizes: MetronomeSizes) -> list[Planned]:
    """A first pull of a Metronome environment: mostly one question a customer."""
    numbers = {
        "GET /v1/customers": 1 + _pages(sizes.customers),
        "GET /v1/customers/{customer_id}/invoices": sizes.customers,
        "POST /v1/getCustomerBillingProviderConfigurations": sizes.customers,
        "POST /v2/contracts/list": sizes.customers,
        "POST /v1/contracts/customerBalances/list": sizes.customers,
        "POST /v1/contracts/getContractRateSchedule": sizes.customers,
        "POST /v1/usage/groups": sizes.customers * sizes.grouped_metrics,
        **dict.fromkeys(
            (
                "GET /v1/billable-metrics",
                "GET /v1/credit-types/list",
                "POST /v1/contract-pricing/products/list",
                "POST /v1/contract-pricing/rate-cards/list",
                "POST /v1/contract-pricing/rate-cards/getRateSchedule",
                "POST /v1/usage",
            ),
            1,
        ),
    }
    basis = _basis(is_at_least=sizes.is_at_least)
    return sorted(Planned(environment, "metronome", name, number, basis) for name, number in numbers.items())


def seconds_needed(planned: Sequence[Planned], limits: Limits) -> float:
    """How long these requests of one account take: the slowest of all limits decides."""
    total = sum(each.requests for each in planned)
    by_endpoint = max((each.requests for each in planned), default=0)
    return max(
        total / limits.per_second if limits.per_second else total * SECONDS_A_REQUEST / limits.concurrent,
        by_endpoint / limits.per_endpoint if limits.per_endpoint else 0.0,
    )


def _pages(objects: int) -> int:
    return max(1, math.ceil(objects / _PAGE))


def _basis(*, is_at_least: bool) -> str:
    return "at least, from the first pages" if is_at_least else "estimate, from the first pages"
