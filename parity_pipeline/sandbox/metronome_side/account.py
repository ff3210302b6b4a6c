"""One pretend Metronome environment: the books, opened when first asked for, and ways to look things up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from parity_pipeline.sandbox.facts import Customer, UsageEvent
from parity_pipeline.sandbox.metronome_side.billing import Books, keep_books
from parity_pipeline.sandbox.metronome_side.catalogue import Metric
from parity_pipeline.sandbox.metronome_side.contracts import Contract
from parity_pipeline.sandbox.metronome_side.credits import Balance
from parity_pipeline.sandbox.metronome_side.customer_json import ARCHIVED_CUSTOMER, twin_id
from parity_pipeline.sandbox.metronome_side.invoices import Invoice
from parity_pipeline.sandbox.metronome_side.months import whole_hour
from parity_pipeline.sandbox.metronome_side.usage import Usage
from parity_pipeline.sandbox.metronome_side.wire import ApiError
from parity_pipeline.sandbox.readings import MetronomeReadings
from parity_pipeline.sandbox.world import MetronomeQuirks, World


@dataclass(frozen=True)
class UsedMetric:
    """A metric that a customer has used at least once."""

    customer_id: str
    metric: Metric


class Account:
    """What the API answers from. The world must not change after the first question."""

    def __init__(self, world: World) -> None:
        """Nothing is computed yet."""
        self._world = world
        self._users: dict[tuple[str, ...], Sequence[UsedMetric]] = {}

    @property
    def now(self) -> datetime:
        """The present of the pretend world."""
        return self._world.now

    @property
    def quirks(self) -> MetronomeQuirks:
        """What is wrong or special here."""
        return self._world.metronome_quirks

    @property
    def readings(self) -> MetronomeReadings:
        """Which rules hold where the vendor's documents leave them open."""
        return self._world.readings.metronome

    @property
    def stripe_accounts(self) -> tuple[str, ...]:
        """The names of the Stripe accounts that invoices can go to."""
        return self._world.company.accounts

    @cached_property
    def opened_at(self) -> datetime:
        """When the rate cards begin: before the first contract."""
        started = (customer.started_at for customer in self._world.metronome.customers.values())
        return whole_hour(min([self._world.company.first_event_at, *started]))

    @cached_property
    def books(self) -> Books:
        """Everything that was rated and invoiced."""
        return keep_books(self._world)

    @property
    def customers(self) -> Mapping[str, Customer]:
        """The customers by Metronome's id."""
        return self.books.customers

    @cached_property
    def twins(self) -> Mapping[str, Customer]:
        """Customers that claim another's Stripe customer, by their own id, with the other one."""
        claimed = (each for each in self.customers.values() if each.key in self.quirks.claimed_twice)
        return {twin_id(customer): customer for customer in claimed}

    @cached_property
    def ids(self) -> list[str]:
        """The ids of all active customers, as they are listed."""
        return [*self.customers, *self.twins]

    @cached_property
    def places(self) -> Mapping[str, int]:
        """The place of each of them in that list."""
        return {customer_id: place for place, customer_id in enumerate(self.ids)}

    def check_customer(self, customer_id: str) -> None:
        """Refuse an id that no customer has, archived or not."""
        if customer_id not in self.places and customer_id != ARCHIVED_CUSTOMER:
            raise ApiError(404, f"Customer {customer_id} not found")

    @cached_property
    def metrics(self) -> Mapping[str, Metric]:
        """The billable metrics by id."""
        return {metric.id: metric for metric in self.books.catalogue.metrics}

    def used(self, metric_ids: Iterable[str]) -> Sequence[UsedMetric]:
        """Which of these metrics was ever used by whom, customer by customer."""
        asked = tuple(sorted(metric_ids))
        if asked not in self._users:
            self._users[asked] = self.used_by(self.customers, asked)
        return self._users[asked]

    def used_by(self, customer_ids: Iterable[str], metric_ids: Iterable[str]) -> list[UsedMetric]:
        """Which of these metrics was ever used by these customers; unknown customers have used none."""
        wanted = set(metric_ids)
        metrics = [metric for metric in self.metrics.values() if metric.id in wanted]
        known = [each for each in customer_ids if each in self.customers]
        return [
            UsedMetric(customer_id, metric)
            for customer_id in known
            for metric in metrics
            if metric.event_name in self.books.usage.used_by(self.customers[customer_id].key)
        ]

    def usage_of(self, used: UsedMetric) -> Usage:
        """The usage itself."""
        usage = self.books.usage.of(self.customers[used.customer_id].key, used.metric.event_name)
        if usage is None:
            raise KeyError(used)
        return usage

    def contracts_of(self, customer_id: str) -> tuple[Contract, ...]:
        """A customer's contracts."""
        return self.books.of(customer_id).contracts if customer_id in self.customers else ()

    def balances_of(self, customer_id: str) -> tuple[Balance, ...]:
        """A customer's commits and credits."""
        return self.books.of(customer_id).balances if customer_id in self.customers else ()

    def invoices_of(self, customer_id: str) -> tuple[Invoice, ...]:
        """A customer's invoices in order of issue."""
        return self.books.of(customer_id).invoices if customer_id in self.customers else ()

    def broken_down(self, customer_id: str, cuts: frozenset[datetime]) -> tuple[Invoice, ...]:
        """A customer's invoices as they would be now, their lines cut at these instants."""
        return self.books.broken_down(customer_id, cuts) if customer_id in self.customers else ()

    def sent(self, transaction_ids: frozenset[str]) -> list[UsageEvent]:
        """The events with these transaction ids, in order of receipt, whether they count or not."""
        events = self._world.metronome.events
        found = [each for each in events if each.event_id in transaction_ids and each.received_at <= self.now]
        return sorted(found, key=lambda event: event.received_at)
