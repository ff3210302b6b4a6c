"""How many requests a pull will make, before it is made, and how long they take at the limits."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from parity_pipeline.periods import DAY, Window
from parity_pipeline.sources.answered import sample_size
from parity_pipeline.sources.ledger import RequestCount
from parity_pipeline.sources.limits import Limits
from parity_pipeline.sources.resources import Source

SECONDS_A_REQUEST: Final = 0.25
"""How long an answer takes where a vendor's rate is not published; a guess."""
RUNS_A_MONTH: Final = 30
SUMMARIES: Final = "GET /v1/billing/meters/{id}/event_summaries"
_KNOWN_FOR_GOOD: Final = frozenset({"GET /v1/invoices/{id}/lines", "GET /v2/core/events/{id}"})
"""Endpoints whose answers an earlier landing knows, all but new ones."""
_PARTLY_KNOWN: Final = frozenset({"POST /v1/contracts/getContractRateSchedule"})
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
    daily: int | None = None
    """The requests of a run on another day, where today's second run asks less."""
    runs: int = 1
    """Over how many runs the questions are spread, because there are too many for one."""


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


@dataclass(frozen=True)
class Likeness:
    """How like the next pull is to an earlier one, whose landing may then answer some of its questions."""

    is_usable: bool = False
    """It was made with the same keys and program, and not everything is to be asked."""
    is_recent: bool = False
    """It was about the same instant, and is not half a day old."""
    turns: Mapping[str, int] = field(default_factory=dict)
    """The accounts in which customers took turns, with the questions that were never answered."""


def in_turns(planned: Iterable[Planned], most: Mapping[str, int | None]) -> list[Planned]:
    """The plan of a run that may ask each account only so many questions about event summaries."""
    return [
        _in_turns(each, most.get(each.account) if each.endpoint == SUMMARIES else None) for each in planned
    ]


def _in_turns(planned: Planned, most: int | None) -> Planned:
    daily = planned.requests if planned.daily is None else planned.daily
    if most is None or max(planned.requests, daily) <= most:
        return planned
    return replace(
        planned,
        requests=min(planned.requests, most),
        daily=min(daily, most),
        runs=math.ceil(max(planned.requests, daily) / most),
    )


def as_before(counts: Iterable[RequestCount], run_id: str, likeness: Likeness = Likeness()) -> list[Planned]:
    """A pull that asks what an earlier one asked, but for what is known already."""
    another_day = replace(likeness, is_recent=False)
    return sorted(
        Planned(
            each.account,
            each.source,
            each.endpoint,
            _asked_again(each, likeness),
            f"estimate, as in {run_id}",
            daily=_asked_again(each, another_day),
        )
        for each in counts
    )


def _asked_again(count: RequestCount, likeness: Likeness) -> int:
    """The requests of the next pull: those of the last one and what was spared it, less what will be."""
    asked = count.requests - count.retries + count.resumed
    if count.endpoint == SUMMARIES and count.account in likeness.turns:
        return asked + count.spared + likeness.turns[count.account]
    if likeness.is_usable:
        if count.endpoint in _KNOWN_FOR_GOOD:
            return 0
        if count.endpoint == SUMMARIES and likeness.is_recent:
            return sample_size(asked + count.spared)
        if count.endpoint in _PARTLY_KNOWN:
            return asked
    return asked + count.spared


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
