"""The clerk: what a customer is billed for each period of a contract, and what balances give to it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from parity_pipeline.sandbox.facts import Customer
from parity_pipeline.sandbox.metronome_side.catalogue import Catalogue
from parity_pipeline.sandbox.metronome_side.contracts import Contract, Period, contracts_of
from parity_pipeline.sandbox.metronome_side.credits import Balance, balances_of
from parity_pipeline.sandbox.metronome_side.ingestion import UsageStore
from parity_pipeline.sandbox.metronome_side.invoices import (
    Invoice,
    flat_fee_line,
    invoice_id,
    platform_fee_lines,
    scheduled_invoices,
)
from parity_pipeline.sandbox.metronome_side.lines import Line, apply_balances, conversion_line
from parity_pipeline.sandbox.metronome_side.rating import Rounding, Statement, usage_lines
from parity_pipeline.sandbox.metronome_side.units import (
    AI_CREDITS,
    credit_type,
    per_ai_credit,
    to_minor_units,
)
from parity_pipeline.sandbox.world import MetronomeQuirks, PushedInvoice, World


@dataclass(frozen=True)
class CustomerBooks:
    """Everything that Metronome made of one customer; invoices are in order of issue."""

    contracts: tuple[Contract, ...]
    balances: tuple[Balance, ...]
    invoices: tuple[Invoice, ...]


@dataclass(frozen=True)
class Clerk:
    """Writes the invoices of one customer after the other; lines are also cut at `cuts`, for breakdowns."""

    world: World
    catalogue: Catalogue
    usage: UsageStore
    cuts: frozenset[datetime] = frozenset()

    @property
    def now(self) -> datetime:
        """The present."""
        return self.world.now

    @property
    def quirks(self) -> MetronomeQuirks:
        """What is wrong or special."""
        return self.world.metronome_quirks

    @property
    def grace(self) -> timedelta:
        """How long after its period an invoice stays a draft."""
        return timedelta(hours=self.world.readings.metronome.grace_hours)

    @property
    def rounding(self) -> Rounding:
        """How quantities are rounded, where they are."""
        readings = self.world.readings.metronome
        return Rounding(readings.rounding == "before_conversion", readings.rounding_scope == "line")

    def books_of(self, customer: Customer) -> CustomerBooks:
        """Everything about one customer."""
        contracts = contracts_of(self.world, self.catalogue, customer)
        balances = balances_of(customer, contracts[0] if contracts else None, self.catalogue, self.now)
        invoices: list[Invoice] = []
        for contract in contracts:
            open_to = [balance for balance in balances if balance.is_open_to(contract)]
            invoices += self._invoices(contract, [] if contract.card.is_in_credits else open_to)
        for balance in balances:
            balance.end(self.now)
        return CustomerBooks(
            contracts=contracts,
            balances=tuple(each for each in balances if each.amount or each.rolled_over_from is None),
            invoices=tuple(sorted(invoices, key=lambda each: (each.issued_at, each.id))),
        )

    def _invoices(self, contract: Contract, balances: Sequence[Balance]) -> list[Invoice]:
        """A contract's usage invoices period by period, and those of a fee that is billed in advance."""
        periods = list(contract.periods(self.now))
        found = list(scheduled_invoices(contract, periods)) if contract.is_fee_scheduled else []
        closed = [period for period in periods if period.end + self.grace <= self.now]
        last_closed = closed[-1] if closed else None
        key = contract.customer.key
        for period in periods:
            if period == last_closed and key in self.quirks.missing_last_invoice:
                continue
            is_last = period == last_closed
            is_draft = period not in closed or (is_last and key in self.quirks.draft_last_invoice)
            invoice = self._usage_invoice(contract, period, balances, is_draft=is_draft)
            if is_last and not is_draft and key in self.quirks.pushed_invoices and not contract.is_duplicate:
                invoice = replace(invoice, pushed=_pushed(invoice))
            found.append(invoice)
        return found

    def _usage_invoice(
        self, contract: Contract, period: Period, balances: Sequence[Balance], *, is_draft: bool
    ) -> Invoice:
        """A final invoice has what was known when it became final, a draft what is known now."""
        issued_at = period.end + self.grace
        gross = self._gross_lines(
            contract, period, balances, self.now if is_draft or self.cuts else issued_at
        )
        lines = self._net_lines(contract, period, gross, balances)
        if contract.card.is_in_credits and any(line.unit == AI_CREDITS for line in lines):
            unit, price = credit_type(contract.currency), per_ai_credit(contract.currency)
            lines.append(conversion_line(lines, AI_CREDITS, unit, price))
        return Invoice(
            id=invoice_id(contract, period),
            contract=contract,
            type="USAGE",
            status="DRAFT" if is_draft else "FINALIZED",
            issued_at=issued_at,
            lines=tuple(lines),
            period=period,
        )

    def _gross_lines(
        self, contract: Contract, period: Period, balances: Sequence[Balance], known_at: datetime
    ) -> list[Line]:
        """The lines before any balance is applied."""
        bounds = {bound for balance in balances for bound in (balance.starts_at, balance.ends_at)} | self.cuts
        lines: list[Line] = []
        for listed in contract.rates:
            if listed.product.metric is None:
                lines.append(flat_fee_line(contract, listed, period))
                continue
            usage = self.usage.of(contract.customer.key, listed.product.metric.event_name)
            cuts = bounds.union(contract.turns(listed, period))
            statement = Statement(
                period=period,
                cuts=sorted(cut for cut in cuts if period.start < cut < period.end),
                agreed=partial(contract.agreed, listed),
                rounding=self.rounding,
            )
            lines += usage_lines(listed, usage and usage.known_at(known_at), statement)
        if contract.has_platform_fee and not contract.is_fee_scheduled:
            lines += platform_fee_lines(contract, period)
        return lines

    def _net_lines(
        self, contract: Contract, period: Period, gross: Sequence[Line], balances: Sequence[Balance]
    ) -> list[Line]:
        """The lines with balances applied, one stretch between two renewals after the other."""
        renewals = (each.ends_at for each in balances if each.successor is not None)
        bounds = sorted({period.start, *(at for at in renewals if period.start < at < period.end)})
        done: list[Line] = []
        for start, end in zip(bounds, [*bounds[1:], period.end], strict=True):
            for balance in balances:
                if balance.successor is not None:
                    balance.end(start)
            lines, drawn = apply_balances((line for line in gross if start <= line.starts_at < end), balances)
            done += lines
            for balance in balances:
                if balance.id in drawn:
                    balance.deduct(
                        drawn[balance.id],
                        at=period.end,
                        invoice_id=invoice_id(contract, period),
                        contract_id=contract.id,
                    )
        return done


def _pushed(invoice: Invoice) -> PushedInvoice:
    contract = invoice.contract
    return PushedInvoice(
        stripe_invoice_id=f"in_pushed{contract.customer.key}",
        metronome_invoice_id=invoice.id,
        customer=contract.customer.key,
        currency=contract.currency,
        amount_minor_units=to_minor_units(invoice.total, contract.currency),
        created_at=invoice.issued_at,
    )
