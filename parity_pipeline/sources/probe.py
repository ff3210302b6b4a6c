"""A few first pages tell how large an account is before it is read. The journal keeps them for the pull."""

from collections.abc import Sequence
from contextlib import aclosing
from functools import partial
from typing import Final

from parity_pipeline.periods import Window
from parity_pipeline.sources.journal import Journal
from parity_pipeline.sources.metronome import by_next_page
from parity_pipeline.sources.metronome_api import MetronomeAccess, MetronomeApi, metronome_transport
from parity_pipeline.sources.metronome_records import BillableMetric
from parity_pipeline.sources.metronome_records import Customer as MetronomeCustomer
from parity_pipeline.sources.plan import (
    MetronomeSizes,
    Planned,
    StripeSizes,
    first_metronome_plan,
    first_stripe_plan,
)
from parity_pipeline.sources.pull import AccountToRead
from parity_pipeline.sources.stripe_api import StripeAccess, StripeApi, stripe_transport
from parity_pipeline.sources.stripe_questions import ADDITIVE
from parity_pipeline.sources.stripe_records import Customer, Meter

FIRST_PAGES: Final = 10


async def first_plan(accounts: Sequence[AccountToRead], window: Window, journal: Journal) -> list[Planned]:
    """The plan of a pull of which there was none like it before."""
    planned: list[Planned] = []
    for each in accounts:
        planned += first_stripe_plan(each.name, await _stripe_sizes(each.stripe, each.name, journal), window)
    environments = {each.environment: each.metronome for each in reversed(accounts)}
    for name, access in environments.items():
        planned += first_metronome_plan(name, await _metronome_sizes(access, name, journal))
    return sorted(planned)


async def _stripe_sizes(access: StripeAccess, account: str, journal: Journal) -> StripeSizes:
    api = StripeApi(access, stripe_transport(access), journal=journal, account=account)
    async with aclosing(api):
        customers, pages = 0, 0
        async with aclosing(api.pages("/v1/customers", Customer)) as listing:
            async for page in listing:
                customers, pages = customers + len(page.records), pages + 1
                if pages == FIRST_PAGES:
                    break
        meters = 0
        for status in ("active", "inactive"):
            async for found in api.pages("/v1/billing/meters", Meter, status=status):
                meters += sum(each.default_aggregation.formula in ADDITIVE for each in found.records)
    return StripeSizes(customers, meters, is_at_least=pages == FIRST_PAGES)


async def _metronome_sizes(access: MetronomeAccess, environment: str, journal: Journal) -> MetronomeSizes:
    api = MetronomeApi(access, metronome_transport(access), journal=journal, account=environment)
    async with aclosing(api):
        v1, customers, pages = api.client.v1, 0, 0
        ask = partial(by_next_page, v1.customers.with_raw_response.list, limit=100, only_archived=False)
        async with aclosing(api.pages("GET /v1/customers", MetronomeCustomer, ask)) as listing:
            async for page in listing:
                customers, pages = customers + len(page), pages + 1
                if pages == FIRST_PAGES:
                    break
        ask = partial(
            by_next_page, v1.billable_metrics.with_raw_response.list, limit=100, include_archived=True
        )
        metrics = 0
        async for found in api.pages("GET /v1/billable-metrics", BillableMetric, ask):
            metrics += sum(bool(each.group_keys) for each in found)
    return MetronomeSizes(customers, metrics, is_at_least=pages == FIRST_PAGES)
