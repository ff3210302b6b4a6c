"""Invoices: what each contract is billed for each of its periods, and what that takes from balances.

Also the invoices that were pushed into Stripe although they should not have been.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from functools import reduce
from typing import Literal

from parity_pipeline.sandbox.ids import metronome_id
from parity_pipeline.sandbox.metronome_side.catalogue import Catalogue, build_catalogue
from parity_pipeline.sandbox.metronome_side.contracts import Contract, Period, build_contracts
from parity_pipeline.sandbox.metronome_side.credits import Balance, build_balances
from parity_pipeline.sandbox.metronome_side.lines import Line, apply_balances, subscription_line
from parity_pipeline.sandbox.metronome_side.rating import usage_lines
from parity_pipeline.sandbox.metronome_side.units import EXACT, to_minor_units
from parity_pipeline.sandbox.metronome_side.usage import UsageStore
from parity_pipeline.sandbox.world import MetronomeQuirks, PushedInvoice, World

GRACE = timedelta(hours=24)
"""How long after its period an invoice stays a draft."""


@dataclass(frozen=True)
class Invoice:
    """One invoice; `period` is None on a scheduled one."""

    id: str
    contract: Contract
    type: Literal["USAGE", "SCHEDULED"]
    status: Literal["DRAFT", "FINALIZED", "VOID"]
    issued_at: datetime
    lines: tuple[Line, ...]
    period: Period | None = None
    regenerated_from: str | None = None
    pushed: PushedInvoice | None = None

    @property
    def total(self) -> Decimal:
        """The sum of the lines, in the unit of the currency; there are no postpaid commits here."""
        return reduce(EXACT.add, (line.total for line in self.lines), Decimal(0))


@dataclass(frozen=True)
class Books:
    """Everything that Metronome made of what it was told."""

    catalogue: Catalogue
    usage: UsageStore
    contracts: tuple[Contract, ...]
    balances: tuple[Balance, ...]
    invoices: Mapping[str, tuple[Invoice, ...]]
    """By Metronome's customer id, in order of issue."""


def keep_books(world: World) -> Books:
    """Rate, credit and invoice everything once."""
    with localcontext(EXACT):
        return _keep_books(world)


def pushed_invoices(world: World) -> list[PushedInvoice]:
    """The invoices that reached Stripe, as it was asked to create them; `customer` is the customer key."""
    if not world.metronome_quirks.pushed_invoices:
        return []
    books = keep_books(world)
    return [
        invoice.pushed for invoices in books.invoices.values() for invoice in invoices if invoice.pushed
    ]  # fmt: skip


def _keep_books(world: World) -> Books:
    quirks = world.metronome_quirks
    catalogue = build_catalogue(world.metronome.charges, quirks)
    usage = UsageStore(
        world.metronome.events, {metric.event_name: metric.group_key for metric in catalogue.metrics}
    )
    contracts = build_contracts(world, catalogue)
    first = {contract.customer.key: contract for contract in contracts if not contract.is_duplicate}
    creditable = (*catalogue.usage_products.values(), *catalogue.flat_fee_products.values())
    known = [
        customer
        for key, customer in world.metronome.customers.items()
        if key not in quirks.absent_customers
    ]  # fmt: skip
    balances = build_balances(known, first, tuple(product.id for product in creditable))
    clerk = _Clerk(catalogue, usage, world.company.as_of, quirks)
    by_customer: dict[str, list[Balance]] = {}
    for balance in balances:
        by_customer.setdefault(balance.customer_id, []).append(balance)
    invoices: dict[str, list[Invoice]] = {}
    for contract in contracts:
        held = by_customer.get(contract.customer_id, [])
        open_to = [balance for balance in held if balance.is_open_to(contract)]
        invoices.setdefault(contract.customer_id, []).extend(clerk.invoices(contract, open_to))
    for balance in balances:
        balance.expire(world.company.as_of)
    _regenerate_one(invoices, {contract.customer_id for contract in contracts if contract.customer.credits})
    ordered = {
        customer_id: tuple(sorted(found, key=lambda each: (each.issued_at, each.id)))
        for customer_id, found in invoices.items()
    }
    return Books(catalogue, usage, tuple(contracts), tuple(balances), ordered)


@dataclass(frozen=True)
class _Clerk:
    """Writes the invoices of one contract after the other."""

    catalogue: Catalogue
    usage: UsageStore
    as_of: datetime
    quirks: MetronomeQuirks

    def invoices(self, contract: Contract, balances: Sequence[Balance]) -> list[Invoice]:
        """A contract's usage invoices period by period, and those of a fee that is billed in advance."""
        periods = list(contract.periods(self.as_of))
        closed = [period for period in periods if period.end + GRACE <= self.as_of]
        last_closed = closed[-1] if closed else None
        key = contract.customer.key
        found: list[Invoice] = []
        for period in periods:
            if contract.is_fee_scheduled and contract.platform_fee:
                found.append(_scheduled_invoice(contract, period))
            if period == last_closed and key in self.quirks.missing_last_invoice:
                continue
            invoice = self._usage_invoice(contract, period, balances)
            if period == last_closed:
                invoice = self._with_quirks(invoice)
            found.append(invoice)
        return found

    def _usage_invoice(self, contract: Contract, period: Period, balances: Sequence[Balance]) -> Invoice:
        invoice_id = metronome_id("invoice", contract.id, period.start.isoformat())
        lines, drawn = apply_balances(self._gross_lines(contract, period, balances), balances)
        for balance in balances:
            if balance.id in drawn:
                balance.deduct(
                    drawn[balance.id], at=period.end, invoice_id=invoice_id, contract_id=contract.id
                )  # fmt: skip
        return Invoice(
            id=invoice_id,
            contract=contract,
            type="USAGE",
            status="FINALIZED" if period.end + GRACE <= self.as_of else "DRAFT",
            issued_at=period.end + GRACE,
            lines=tuple(lines),
            period=period,
        )

    def _gross_lines(self, contract: Contract, period: Period, balances: Sequence[Balance]) -> list[Line]:
        """The lines before any balance is applied."""
        cuts = sorted(
            moment
            for moment in {each for balance in balances for each in (balance.starts_at, balance.ends_at)}
            if period.start < moment < period.end
        )
        lines: list[Line] = []
        for rate in contract.rates(self.catalogue):
            if rate.product.metric is None:
                subscription_id = contract.subscription_id(rate.product)
                price = rate.tiers[0].price
                lines.append(
                    subscription_line(rate.product, price, period.start, period.end, subscription_id)
                )
            else:
                usage = self.usage.of(contract.customer.key, rate.product.metric.event_name)
                lines += usage_lines(rate, usage, period, cuts)
        if contract.platform_fee and not contract.is_fee_scheduled:
            lines.append(_platform_fee_line(contract, period))
        return lines

    def _with_quirks(self, invoice: Invoice) -> Invoice:
        key = invoice.contract.customer.key
        if key in self.quirks.draft_last_invoice:
            return replace(invoice, status="DRAFT")
        if key in self.quirks.pushed_invoices and not invoice.contract.is_duplicate:
            return replace(invoice, pushed=_pushed(invoice))
        return invoice


def _platform_fee_line(contract: Contract, period: Period) -> Line:
    rate = contract.platform_fee_rate
    if rate is None:
        raise ValueError(f"contract {contract.id} has no platform fee")
    subscription_id = contract.subscription_id(rate.product)
    return subscription_line(rate.product, rate.tiers[0].price, period.start, period.end, subscription_id)


def _scheduled_invoice(contract: Contract, period: Period) -> Invoice:
    """The monthly fee of a customer who pays it in advance, on an invoice of its own."""
    return Invoice(
        id=metronome_id("invoice", contract.id, "scheduled", period.start.isoformat()),
        contract=contract,
        type="SCHEDULED",
        status="FINALIZED",
        issued_at=period.start,
        lines=(_platform_fee_line(contract, period),),
    )


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


def _regenerate_one(invoices: dict[str, list[Invoice]], with_credit: set[str]) -> None:
    """The last customer without credit had an earlier invoice voided and made again, as happens in life."""
    for customer_id, found in reversed(invoices.items()):
        final = [each for each in found if each.type == "USAGE" and each.status == "FINALIZED"]
        if customer_id not in with_credit and len(final) >= 2:
            voided = final[-2]
            again = replace(
                voided, id=metronome_id("invoice", voided.id, "regenerated"), regenerated_from=voided.id
            )
            found[found.index(voided)] = replace(voided, status="VOID")
            found.append(again)
            return
