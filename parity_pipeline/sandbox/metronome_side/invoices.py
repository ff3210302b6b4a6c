"""The invoice, and the fees: subscription lines in arrears, or in advance on invoices of their own."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import reduce
from itertools import pairwise
from typing import Literal

from parity_pipeline.sandbox.ids import metronome_id
from parity_pipeline.sandbox.metronome_side.catalogue import Rate
from parity_pipeline.sandbox.metronome_side.contracts import Contract, Period
from parity_pipeline.sandbox.metronome_side.lines import Line
from parity_pipeline.sandbox.metronome_side.units import EXACT, credit_type
from parity_pipeline.sandbox.world import PushedInvoice

_PRICE_STEP = Decimal("0.000000000001")
"""The last digit of a prorated price."""


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
        """The sum of the lines in its currency, without those that draw from a postpaid commit."""
        unit = credit_type(self.contract.currency)
        amounts = (line.total for line in self.lines if line.unit == unit and not line.is_postpaid_draw)
        return reduce(EXACT.add, amounts, Decimal(0))


def invoice_id(contract: Contract, period: Period) -> str:
    """The id of the usage invoice of a period."""
    return metronome_id("invoice", contract.id, period.start.isoformat())


def flat_fee_line(contract: Contract, listed: Rate, period: Period) -> Line:
    """The flat fee of a charge for one period, never prorated."""
    return _fee_line(contract, contract.agreed(listed, period.start), period)


def platform_fee_lines(contract: Contract, period: Period) -> Iterator[Line]:
    """The monthly fee in arrears; a month in which it changes is billed by its parts."""
    listed = contract.listed_fee
    bounds = [period.start, *contract.turns(listed, period), period.end]
    for start, end in pairwise(bounds):
        rate = contract.agreed(listed, start)
        yield _fee_line(contract, rate, Period(start, end), of=None if len(bounds) == 2 else period)


def scheduled_invoices(contract: Contract, periods: list[Period]) -> Iterator[Invoice]:
    """The monthly fee of a customer who pays it in advance, each on an invoice of its own.

    After a change the next one takes the unused rest of the old fee off and adds the new fee for that time.
    """
    for number, period in enumerate(periods):
        settled = _settlement(contract, periods[number - 1]) if number else []
        fee = _fee_line(contract, contract.agreed(contract.listed_fee, period.start), period)
        yield Invoice(
            id=metronome_id("invoice", contract.id, "scheduled", period.start.isoformat()),
            contract=contract,
            type="SCHEDULED",
            status="FINALIZED",
            issued_at=period.start,
            lines=(fee, *settled),
        )


def _settlement(contract: Contract, period: Period) -> list[Line]:
    """What a change within a period that was paid in advance still costs or gives back."""
    listed = contract.listed_fee
    lines: list[Line] = []
    for at in contract.turns(listed, period):
        rest = Period(at, period.end)
        old, new = contract.agreed(listed, period.start), contract.agreed(listed, at)
        lines.append(_fee_line(contract, old.times(Decimal(-1)), rest, of=period))
        lines.append(_fee_line(contract, new, rest, of=period))
    return lines


def _fee_line(contract: Contract, rate: Rate, window: Period, *, of: Period | None = None) -> Line:
    """A subscription line; the part of a price for a part `of` a period, else the whole price."""
    price = rate.tiers[0].price
    if of is not None:
        part = Decimal(int((window.end - window.start).total_seconds()))
        whole = Decimal(int((of.end - of.start).total_seconds()))
        price = EXACT.divide(EXACT.multiply(price, part), whole).quantize(_PRICE_STEP, context=EXACT)
    return Line(
        type="subscription",
        name=rate.product.name,
        product=rate.product,
        total=price,
        unit=rate.unit,
        starts_at=window.start,
        ends_at=window.end,
        quantity=Decimal(1),
        unit_price=price,
        subscription_id=contract.subscription_id(rate.product),
        is_prorated=of is not None,
    )
