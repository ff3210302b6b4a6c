"""One cheap read of every endpoint that a run needs: what each key may read, and what is in its way.

Nothing is landed, nothing is changed. How fast and how much a pull asks is in plan.py.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final, Literal

import httpx
import msgspec

from parity_pipeline.errors import NotFoundError, ParityError, UsageError
from parity_pipeline.periods import DAY, floor_day, rfc3339, to_unix
from parity_pipeline.sources.metronome_api import MetronomeApi, metronome_transport
from parity_pipeline.sources.pull import AccountToRead
from parity_pipeline.sources.resources import Source
from parity_pipeline.sources.stripe_api import StripeApi, stripe_transport

State = Literal["may read", "may not read", "not offered", "not asked", "failed"]

LARGEST_CLOCK_DIFFERENCE: Final = timedelta(seconds=60)


@dataclass(frozen=True)
class Probe:
    """A cheap request: braces in its path and values stand for ids that earlier probes found."""

    path: str
    scope: str = ""
    finds: str = ""
    method: Literal["GET", "POST"] = "GET"
    values: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=lambda: {"limit": 1})
    is_optional: bool = False
    """Whether a run does without it where the vendor does not offer it."""


@dataclass(frozen=True)
class Finding:
    """What came of one probe."""

    account: str
    source: Source
    endpoint: str
    state: State
    detail: str = ""

    @property
    def is_trouble(self) -> bool:
        """Whether a run would fail here."""
        return self.state in ("may not read", "failed")


@dataclass(frozen=True)
class Examination:
    """All findings, and what else was noticed: warnings are advice, notes are facts."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


STRIPE_PROBES: Final = (
    Probe("/v1/customers", "rak_customer_read", "customer"),
    Probe("/v1/subscriptions", "rak_subscription_read", "subscription", query={"limit": 1, "status": "all"}),
    Probe(
        "/v1/subscription_items",
        "rak_subscription_read",
        query={"limit": 1, "subscription": "{subscription}"},
    ),
    Probe("/v1/subscription_schedules", "rak_subscription_read", is_optional=True),
    Probe("/v1/prices", "rak_plan_read"),
    Probe("/v1/products", "rak_product_read", is_optional=True),
    Probe("/v1/coupons", "rak_coupon_read", is_optional=True),
    Probe("/v1/billing/meters", "rak_billing_meter_read", "meter"),
    Probe(
        "/v1/billing/meters/{meter}/event_summaries",
        "rak_billing_meter_read",
        query={"limit": 1, "customer": "{customer}", "start_time": "{start_unix}", "end_time": "{end_unix}"},
    ),
    Probe("/v1/invoices", "rak_invoice_read", "invoice"),
    Probe("/v1/invoices/{invoice}/lines", "rak_invoice_read"),
    Probe("/v1/billing/credit_grants", "billing credit grants, read"),
    Probe(
        "/v1/billing/credit_balance_transactions",
        "billing credit grants, read",
        query={"limit": 1, "customer": "{customer}"},
    ),
    Probe("/v1/credit_notes", "rak_credit_note_read", is_optional=True),
    Probe("/v2/core/events", "rak_event_read", is_optional=True),
)

METRONOME_PROBES: Final = (
    Probe("/v1/customers", finds="customer"),
    Probe("/v1/billable-metrics", finds="metric", query={"limit": 100}),
    Probe("/v1/credit-types/list", is_optional=True),
    Probe(
        "/v1/getCustomerBillingProviderConfigurations",
        method="POST",
        values={"customer_id": "{customer}"},
        query={},
    ),
    Probe("/v1/contract-pricing/products/list", method="POST"),
    Probe("/v1/contract-pricing/rate-cards/list", finds="rate_card", method="POST", is_optional=True),
    Probe(
        "/v1/contract-pricing/rate-cards/getRateSchedule",
        method="POST",
        values={"rate_card_id": "{rate_card}", "starting_at": "{start}", "ending_before": "{end}"},
        is_optional=True,
    ),
    Probe(
        "/v2/contracts/list",
        finds="contract",
        method="POST",
        values={"customer_id": "{customer}", "limit": 1},
        query={},
    ),
    Probe(
        "/v1/contracts/getContractRateSchedule",
        method="POST",
        values={"customer_id": "{customer}", "contract_id": "{contract}", "at": "{start}"},
    ),
    Probe(
        "/v1/contracts/customerBalances/list",
        method="POST",
        values={"customer_id": "{customer}", "limit": 1},
        query={},
        is_optional=True,
    ),
    Probe("/v1/customers/{customer}/invoices"),
    Probe(
        "/v1/usage",
        method="POST",
        values={
            "starting_on": "{start}",
            "ending_before": "{end}",
            "window_size": "DAY",
            "customer_ids": ["{customer}"],
        },
        query={},
    ),
    Probe(
        "/v1/usage/groups",
        method="POST",
        values={
            "customer_id": "{customer}",
            "billable_metric_id": "{metric}",
            "starting_on": "{start}",
            "ending_before": "{end}",
            "window_size": "DAY",
            "group_key": "{group_key}",
        },
    ),
)


class _Listed(msgspec.Struct):
    id: str = ""
    group_keys: list[list[str]] | None = None


class _Listing(msgspec.Struct):
    data: list[_Listed] = msgspec.field(default_factory=list)


async def examine(accounts: Sequence[AccountToRead], *, now: datetime) -> Examination:
    """Ask every endpoint of every account and environment once."""
    findings: list[Finding] = []
    notes: list[str] = []
    warnings: list[str] = []
    for each in accounts:
        stripe = StripeApi(each.stripe, stripe_transport(each.stripe))
        async with aclosing(stripe):
            patient = _Patient(each.name, "stripe", now, stripe.probe)
            findings += [await patient.probed(probe) for probe in STRIPE_PROBES]
        notes.append(f"stripe {each.name}: answers with API version {patient.version or 'unknown'}")
        warnings += [*patient.warnings, *_about_key(each)]
    for name, access in {each.environment: each.metronome for each in reversed(accounts)}.items():
        metronome = MetronomeApi(access, metronome_transport(access))
        async with aclosing(metronome):
            patient = _Patient(name, "metronome", now, metronome.probe)
            findings += [await patient.probed(probe) for probe in METRONOME_PROBES]
        warnings += patient.warnings
    return Examination(tuple(findings), tuple(notes), tuple(warnings))


def _about_key(account: AccountToRead) -> list[str]:
    key, variable = account.stripe.api_key.get_secret_value(), account.stripe.key_variable
    if not key.startswith("sk_"):
        return []
    return [f"{variable} is a secret key, which may write; use a restricted key (rk_…) that may only read."]


@dataclass
class _Patient:
    """One account or environment under examination; the ids that were found so far."""

    account: str
    source: Source
    now: datetime
    ask: Callable[[str, str, dict[str, Any], dict[str, Any]], Awaitable[httpx.Response]]
    version: str = ""
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        end = floor_day(self.now)
        self._ids: dict[str, Any] = {
            "start": rfc3339(end - DAY),
            "end": rfc3339(end),
            "start_unix": str(to_unix(end - DAY)),
            "end_unix": str(to_unix(end)),
        }

    async def probed(self, probe: Probe) -> Finding:
        """Send it; every failure is a finding."""
        try:
            path, query, values = _filled([probe.path, probe.query, probe.values], self._ids)
        except KeyError as error:
            return self._finding(probe, "not asked", f"there is no {error.args[0]} to ask about")
        try:
            answer = await self.ask(probe.method, path, query, values)
        except UsageError as error:
            needs = f"; needs {probe.scope}" if probe.scope else ""
            return self._finding(probe, "may not read", f"{error}{needs}")
        except NotFoundError as error:
            return self._finding(probe, "not offered" if probe.is_optional else "failed", str(error))
        except ParityError as error:
            return self._finding(probe, "failed", str(error))
        self._learn(probe, answer)
        return self._finding(probe, "may read")

    def _finding(self, probe: Probe, state: State, detail: str = "") -> Finding:
        return Finding(self.account, self.source, f"{probe.method} {probe.path}", state, detail)

    def _learn(self, probe: Probe, answer: httpx.Response) -> None:
        self.version = answer.headers.get("stripe-version", self.version)
        try:
            listed = msgspec.json.decode(answer.content, type=_Listing).data
        except msgspec.DecodeError:
            listed = []
        if probe.finds and listed and listed[0].id:
            # A metric with group keys, if there is one, can also be asked about groups.
            chosen = next((each for each in listed if each.group_keys), listed[0])
            self._ids[probe.finds] = chosen.id
            if chosen.group_keys:
                self._ids["group_key"] = chosen.group_keys[0]
        if not self.warnings and (told := answer.headers.get("date")):
            difference = abs(parsedate_to_datetime(told) - self.now)
            if difference > LARGEST_CLOCK_DIFFERENCE:
                self.warnings.append(
                    f"the clock of {self.source} {self.account} differs by "
                    f"{difference.total_seconds():.0f} s from this machine's; set this one right."
                )


def _filled(value: Any, ids: dict[str, Any]) -> Any:  # noqa: ANN401  # any JSON value
    """The value with the ids in place of the braces; raise KeyError with the name of an unknown one."""
    if isinstance(value, str):
        name = value[1:-1]
        return ids[name] if value == f"{{{name}}}" else value.format_map(ids)
    if isinstance(value, dict):
        return {key: _filled(each, ids) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, ids) for each in value]
    return value
