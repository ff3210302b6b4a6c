"""One pretend Metronome environment: the books, computed when first asked for, and ways to look things up."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from parity_pipeline.sandbox.company import Customer
from parity_pipeline.sandbox.ids import metronome_customer
from parity_pipeline.sandbox.metronome_side.billing import Books, Invoice, keep_books
from parity_pipeline.sandbox.metronome_side.catalogue import Metric
from parity_pipeline.sandbox.metronome_side.contracts import Contract
from parity_pipeline.sandbox.metronome_side.credits import Balance
from parity_pipeline.sandbox.metronome_side.usage import Usage
from parity_pipeline.sandbox.world import MetronomeQuirks, World


@dataclass(frozen=True)
class UsedMetric:
    """A metric that a customer has used at least once."""

    customer_id: str
    metric: Metric
    usage: Usage


class Account:
    """What the API answers from. The world must not change after the first question."""

    def __init__(self, world: World) -> None:
        """Nothing is computed yet."""
        self._world = world

    @property
    def as_of(self) -> datetime:
        """The present of the pretend world."""
        return self._world.company.as_of

    @property
    def opened_at(self) -> datetime:
        """When the rate cards begin."""
        return self._world.company.first_event_at

    @property
    def quirks(self) -> MetronomeQuirks:
        """What is wrong or special here."""
        return self._world.metronome_quirks

    @cached_property
    def books(self) -> Books:
        """Everything that was rated and invoiced."""
        return keep_books(self._world)

    @cached_property
    def customers(self) -> Mapping[str, Customer]:
        """The customers by Metronome's id."""
        return {
            metronome_customer(key): customer
            for key, customer in self._world.metronome.customers.items()
            if key not in self.quirks.absent_customers
        }

    @cached_property
    def metrics(self) -> Mapping[str, Metric]:
        """The billable metrics by id."""
        return {metric.id: metric for metric in self.books.catalogue.metrics}

    @cached_property
    def used_metrics(self) -> Mapping[tuple[str, str], UsedMetric]:
        """What was ever used, by customer id and metric id, customer by customer."""
        return {
            (customer_id, metric.id): UsedMetric(customer_id, metric, usage)
            for customer_id, customer in self.customers.items()
            for metric in self.books.catalogue.metrics
            if (usage := self.books.usage.of(customer.key, metric.event_name)) is not None
        }

    @cached_property
    def _contracts(self) -> Mapping[str, list[Contract]]:
        found: dict[str, list[Contract]] = {}
        for contract in self.books.contracts:
            found.setdefault(contract.customer_id, []).append(contract)
        return found

    @cached_property
    def _balances(self) -> Mapping[str, list[Balance]]:
        found: dict[str, list[Balance]] = {}
        for balance in self.books.balances:
            found.setdefault(balance.customer_id, []).append(balance)
        return found

    def contracts_of(self, customer_id: str) -> list[Contract]:
        """A customer's contracts."""
        return self._contracts.get(customer_id, [])

    def balances_of(self, customer_id: str) -> list[Balance]:
        """A customer's commits and credits."""
        return self._balances.get(customer_id, [])

    def invoices_of(self, customer_id: str) -> tuple[Invoice, ...]:
        """A customer's invoices in order of issue."""
        return self.books.invoices.get(customer_id, ())
