"""Which usage of Metronome a run needs: by day, once a period where days do not add up, by group value."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from metronome import Omit

from parity_pipeline.periods import Period, Window
from parity_pipeline.sources.metronome import MetronomeFacts
from parity_pipeline.sources.metronome_api import MetronomeApi
from parity_pipeline.sources.metronome_invoice_records import Usage, UsageGroup
from parity_pipeline.sources.metronome_records import BillableMetric
from parity_pipeline.sources.paging import for_each
from parity_pipeline.sources.resources import metronome_resource
from parity_pipeline.sources.sink import Lander

ADDITIVE: Final = frozenset({"SUM", "COUNT"})


@dataclass(frozen=True)
class MeterLink:
    """A meter that the user linked to a metric, by the values of these group keys if any."""

    event_name: str
    billable_metric_id: str
    group_keys: frozenset[str] = frozenset()


@dataclass(frozen=True)
class UnadditiveNeeds:
    """What Stripe's meters that do not add up over days ask of Metronome."""

    event_names: frozenset[str]
    periods: frozenset[Period]


@dataclass(frozen=True)
class GroupAsk:
    """One question: how does this customer's usage of this metric split over the values of these keys?"""

    customer: str
    metric: str
    key_set: tuple[str, ...]


def period_metrics(
    metrics: Iterable[BillableMetric], event_names: Collection[str], links: Sequence[MeterLink]
) -> list[str]:
    """The metrics to ask about once a period: they do not add up, or their meter in Stripe does not."""
    linked = {link.billable_metric_id for link in links if link.event_name in event_names}
    return sorted(
        metric.id
        for metric in metrics
        if (metric.aggregation_type or "").upper() not in ADDITIVE
        or metric.id in linked
        or not set(event_names).isdisjoint(_event_types(metric))
    )


def key_sets(
    facts: MetronomeFacts, links: Sequence[MeterLink]
) -> tuple[dict[str, list[tuple[str, ...]]], list[str]]:
    """The group key sets to ask of each metric, and a sentence for each need that no defined set meets."""
    asked: dict[str, list[tuple[str, ...]]] = {}
    unmet: list[str] = []
    for metric in facts.metrics.values():
        needs = set(_needs(metric.id, facts, links))
        if not needs:
            continue
        defined = [tuple(keys) for keys in metric.group_keys or ()]
        # One set for all needs where there is one: it answers every question at once.
        whole = _smallest(defined, frozenset().union(*needs))
        found = {whole} if whole else {_smallest(defined, need) for need in needs}
        asked[metric.id] = sorted(keys for keys in found if keys)
        unmet += [
            f"metric {metric.id} has no group key set with {', '.join(sorted(need))}"
            for need in sorted(needs, key=sorted)
            if _smallest(defined, need) is None
        ]
    return asked, unmet


def _needs(metric: str, facts: MetronomeFacts, links: Sequence[MeterLink]) -> Iterator[frozenset[str]]:
    for product in facts.products:
        states = (product.initial, product.current, *(product.updates or ()))
        if any(state.billable_metric_id == metric for state in states):
            for state in states:
                if state.pricing_group_key:
                    yield frozenset(state.pricing_group_key)
    for link in links:
        if link.billable_metric_id == metric and link.group_keys:
            yield link.group_keys


def _smallest(defined: Sequence[tuple[str, ...]], need: frozenset[str]) -> tuple[str, ...] | None:
    fitting = [keys for keys in defined if need <= set(keys)]
    return min(fitting, key=lambda keys: (len(keys), keys), default=None)


def _event_types(metric: BillableMetric) -> list[str]:
    return (metric.event_type_filter.in_values if metric.event_type_filter else None) or []


class MetronomeUsage:
    """Reads and lands usage."""

    def __init__(self, api: MetronomeApi, lander: Lander, window: Window, links: Sequence[MeterLink]) -> None:
        self._api = api
        self._usage = api.client.v1.usage.with_raw_response
        self._lander = lander
        self._window = window
        self._links = links
        self._used = lander.notes.facts(tuple[str, str], lambda used: used[0])

    async def by_day(self) -> None:
        """All customers' usage of all metrics by day."""
        days = self._window.whole_days
        if days.is_empty:
            return

        async def ask(cursor: str | Omit) -> object:
            return await self._usage.list(
                starting_on=days.start, ending_before=days.end, window_size="DAY", next_page=cursor
            )

        async for page in self._api.pages("POST /v1/usage (by day)", Usage, ask):
            self._lander.append(metronome_resource("usage"), page, context=("day",))
            self._used.update({(row.customer_id, row.billable_metric_id) for row in page if row.value})

    async def by_period(self, facts: MetronomeFacts, needs: UnadditiveNeeds) -> None:
        """Usage once a period, for metrics that do not add up over days; ends the usage listing."""
        metrics = period_metrics(facts.metrics.values(), needs.event_names, self._links)
        if metrics:
            await for_each(
                sorted(needs.periods),
                lambda period: self._one_period(period, metrics),
                at_once=self._api.at_once,
            )
        self._lander.finish(metronome_resource("usage"), watermark=self._window.whole_days.end)

    async def by_group(self, facts: MetronomeFacts) -> None:
        """Usage by day and group values, of customers that used the metric at all; after by_period."""
        sets, unmet = key_sets(facts, self._links)
        asks = (
            GroupAsk(customer, metric, keys)
            for customer, metric in self._used
            for keys in sets.get(metric, ())
        )
        # Always asked: the usage of a day may have been split anew, which its sum does not show.
        await for_each(asks, self._groups, at_once=self._api.at_once)
        self._lander.finish(
            metronome_resource("usage_groups"),
            watermark=self._window.whole_days.end,
            note="; ".join(unmet) or None,
        )

    async def _one_period(self, period: Period, metrics: Sequence[str]) -> None:
        async def ask(cursor: str | Omit) -> object:
            return await self._usage.list(
                starting_on=period.start,
                ending_before=period.end,
                window_size="NONE",
                billable_metrics=[{"id": metric} for metric in metrics],
                next_page=cursor,
            )

        async for page in self._api.pages("POST /v1/usage (once a period)", Usage, ask):
            self._lander.append(metronome_resource("usage"), page, context=("none",))

    async def _groups(self, question: GroupAsk) -> None:
        days = self._window.whole_days

        async def ask(cursor: str | Omit) -> object:
            return await self._usage.list_with_groups(
                customer_id=question.customer,
                billable_metric_id=question.metric,
                window_size="DAY",
                starting_on=days.start,
                ending_before=days.end,
                group_key=list(question.key_set),
                limit=100,
                next_page=cursor,
            )

        keys = msgspec.json.encode(question.key_set).decode()
        context = (question.customer, question.metric, "day", keys)
        listing = f"POST /v1/usage/groups (customer {question.customer}, metric {question.metric})"
        async for page in self._api.pages(listing, UsageGroup, ask):
            self._lander.append(metronome_resource("usage_groups"), page, context=context)
