"""What there is to know of each endpoint in order to damage its answers.

Which endpoints a run reads is not decided here: that comes from the ledger of a clean run, and one that
this list does not know ends the benchmark.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Side = Literal["stripe", "metronome"]


@dataclass(frozen=True)
class Endpoint:
    """One endpoint, as the ledger names it, and the resource that its answers are landed as.

    `required` is a field without which an object cannot be used. `names` are the fields that tell an
    object from the others of the same question, `context` the landed columns that tell the questions apart.
    `period` are the fields that hold the bounds of usage, `amount` is the one that says how much a row
    weighs, and `kind` the value that its `type` has when it matters. `harmless` are the kinds of loss that
    change nothing that a verdict rests on. One that `is_listing` answers with pages, another with one object.
    """

    side: Side
    endpoint: str
    resource: str
    required: str = "id"
    names: tuple[str, ...] = ("id",)
    context: tuple[str, ...] = ()
    period: tuple[str, ...] = ()
    amount: str | None = None
    kind: str | None = None
    harmless: frozenset[str] = frozenset()
    is_listing: bool = True

    @property
    def name(self) -> str:
        """`stripe GET /v1/prices`."""
        return f"{self.side} {self.endpoint}"

    @property
    def where(self) -> str:
        """A regular expression for the method and path of its requests."""
        parts = ("[^/]+" if each.startswith("{") else each for each in self.endpoint.split("/"))
        return f"^{'/'.join(parts)}$"

    @property
    def path(self) -> str:
        """A regular expression for its path in a message."""
        return self.where.strip("^$").partition(" ")[2].replace("[^/]+", r"[^/ ]+")


_UNREAD = frozenset(
    {
        "object missing",
        "first page empty",
        "later pages empty",
        "cut short",
        "emptied",
        "page repeated",
        "reordered",
        "backwards",
    }
)
"""Every loss that a listing can suffer unnoticed: for what no comparison reads."""
_USAGE = ("start_timestamp", "end_timestamp")
_DAYS = ("starting_on", "ending_before")

ENDPOINTS = (
    Endpoint("stripe", "GET /v1/customers", "customers"),
    # A subscription whose items are cut is still compared by its invoices' lines.
    Endpoint("stripe", "GET /v1/subscriptions", "subscriptions", harmless=frozenset({"inner list cut"})),
    # One of several items leaves its subscription metered by the others; that there are several is checked.
    Endpoint(
        "stripe",
        "GET /v1/subscription_items",
        "subscription_items",
        context=("subscription",),
        harmless=frozenset({"object missing"}),
    ),
    # A schedule tells of phases; what was billed in them stands on the lines. No comparison reads it.
    Endpoint(
        "stripe",
        "GET /v1/subscription_schedules",
        "subscription_schedules",
        harmless=_UNREAD,
    ),
    Endpoint("stripe", "GET /v1/prices", "prices"),
    # Products only give names; no comparison reads them.
    Endpoint("stripe", "GET /v1/products", "products", harmless=_UNREAD),
    # A discount outlives its coupon, which vanishes from the listing; no comparison reads coupons.
    Endpoint("stripe", "GET /v1/coupons", "coupons", harmless=_UNREAD),
    Endpoint("stripe", "GET /v1/billing/meters", "meters"),
    Endpoint(
        "stripe",
        "GET /v1/billing/meters/{id}/event_summaries",
        "meter_event_summaries",
        context=("customer_id", "meter"),
        period=("start_time", "end_time"),
        amount="aggregated_value",
    ),
    # An invoice's own period is not compared: its lines carry theirs.
    Endpoint(
        "stripe",
        "GET /v1/invoices",
        "invoices",
        period=("period_start", "period_end"),
        amount="total",
        harmless=frozenset({"wrong period"}),
    ),
    Endpoint("stripe", "GET /v1/invoices/{id}/lines", "invoice_lines", context=("invoice_id",)),
    Endpoint("stripe", "GET /v1/billing/credit_grants", "credit_grants"),
    Endpoint(
        "stripe",
        "GET /v1/billing/credit_balance_transactions",
        "credit_balance_transactions",
        context=("customer_id",),
        kind="debit",
    ),
    Endpoint("stripe", "GET /v1/credit_notes", "credit_notes"),
    # Reports of dropped events explain a difference; they make none.
    Endpoint("stripe", "GET /v2/core/events", "meter_error_events", harmless=_UNREAD),
    Endpoint("stripe", "GET /v2/core/events/{id}", "meter_error_events", is_listing=False),
    Endpoint("metronome", "GET /v1/customers", "customers"),
    Endpoint(
        "metronome",
        "GET /v1/customers/{customer_id}/invoices",
        "invoices",
        context=("customer_id",),
        period=_USAGE,
        amount="total",
    ),
    Endpoint("metronome", "GET /v1/billable-metrics", "billable_metrics"),
    # Every amount names its unit; the listing only repeats them.
    Endpoint("metronome", "GET /v1/credit-types/list", "credit_types", harmless=_UNREAD),
    Endpoint(
        "metronome",
        "POST /v1/getCustomerBillingProviderConfigurations",
        "billing_configurations",
        required="billing_provider",
        context=("customer_id",),
    ),
    Endpoint("metronome", "POST /v1/contract-pricing/products/list", "products"),
    # A contract names its rate card, and what it is charged comes from its own rates.
    Endpoint(
        "metronome",
        "POST /v1/contract-pricing/rate-cards/list",
        "rate_cards",
        harmless=_UNREAD,
    ),
    Endpoint(
        "metronome",
        "POST /v1/contract-pricing/rate-cards/getRateSchedule",
        "rate_card_rates",
        required="product_id",
        names=("product_id", "starting_at"),
        context=("rate_card_id",),
        harmless=_UNREAD,
    ),
    Endpoint(
        "metronome",
        "POST /v1/contracts/getContractRateSchedule",
        "contract_rates",
        required="product_id",
        names=("product_id", "starting_at"),
        context=("contract_id",),
    ),
    Endpoint("metronome", "POST /v1/contracts/customerBalances/list", "balances", context=("customer_id",)),
    Endpoint("metronome", "POST /v2/contracts/list", "contracts", context=("customer_id",)),
    Endpoint(
        "metronome",
        "POST /v1/usage",
        "usage",
        required="customer_id",
        names=("customer_id", "billable_metric_id", *_USAGE),
        period=_USAGE,
        amount="value",
    ),
    Endpoint(
        "metronome",
        "POST /v1/usage/groups",
        "usage_groups",
        required="starting_on",
        names=_DAYS,
        context=("customer_id", "billable_metric_id"),
        period=_DAYS,
        amount="value",
    ),
)

_BY_KEY: Mapping[tuple[str, str], Endpoint] = {(each.side, each.endpoint): each for each in ENDPOINTS}


def known(side: str, endpoint: str) -> Endpoint:
    """What is known of an endpoint; raise LookupError for a new one, so that none is forgotten."""
    found = _BY_KEY.get((side, endpoint))
    if found is None:
        raise LookupError(f"benchmarks/fail_open_endpoints.py does not know {side} {endpoint}.")
    return found
