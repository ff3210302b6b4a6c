"""A small pretend world: one customer who buys units at a dollar each, and its invoices in Metronome."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from parity_pipeline.sandbox.facts import Charge, Company, CreditPack, Customer, Tier, UsageEvent
from parity_pipeline.sandbox.ids import metronome_customer
from parity_pipeline.sandbox.metronome_side.billing import keep_books
from parity_pipeline.sandbox.metronome_side.invoices import Invoice
from parity_pipeline.sandbox.world import Told, World

APRIL, MAY, JUNE, JULY = (datetime(2026, month, 1, tzinfo=UTC) for month in (4, 5, 6, 7))
AS_OF = datetime(2026, 7, 20, tzinfo=UTC)
UNITS = Charge("units", "units", "sum", "per_unit", {"usd": (Tier(None, Decimal(1)),)})
"""One dollar a unit."""

_CUSTOMER = Customer("a", "A", "usd", APRIL, ("units",), "custom_field")


def june(day: int, hour: int = 0) -> datetime:
    """A time in June."""
    return datetime(2026, 6, day, hour, tzinfo=UTC)


def used(at: datetime, value: str, **more: Any) -> UsageEvent:
    """Units that were used, once for each time."""
    return UsageEvent(f"e{at.isoformat()}{value}", "a", "units", at, Decimal(value), **more)


def small_world(
    *events: UsageEvent,
    as_of: datetime = AS_OF,
    charges: Iterable[Charge] = (UNITS,),
    key: str = "a",
    **facts: Any,
) -> World:
    """One customer with these facts and events; without events, 80 units on 5 June.

    The fee of customer `a` is billed in advance, that of `b` in arrears.
    """
    by_key = {charge.key: charge for charge in charges}
    customer = replace(_CUSTOMER, **{"key": key, "charges": tuple(by_key), **facts})
    company = Company(1, as_of, APRIL, MAY, by_key, {key: customer})
    sent = [replace(event, customer=key) for event in events or (used(june(5), "80"),)]
    return World(company, Told({}, {}, []), Told(dict(by_key), {key: customer}, sent), as_of)


def pack(key: str, category: Any, amount: str, **facts: Any) -> CreditPack:
    """Credit that was granted on 1 June."""
    return CreditPack(key, category, Decimal(amount), JUNE, **facts)


def invoices_of(world: World) -> list[Invoice]:
    """The invoices of the only customer."""
    (key,) = world.metronome.customers
    return list(keep_books(world).invoices.get(metronome_customer(key), ()))


def usage_invoice(world: World, start: datetime) -> Invoice:
    """The only invoice of the period that starts then, apart from a void one."""
    (found,) = [
        each
        for each in invoices_of(world)
        if each.period and each.period.start == start and each.status != "VOID"
    ]
    return found


def shown(invoice: Invoice) -> list[tuple[str, str | None, str]]:
    """Its lines that cost something: type, quantity and total."""
    return [
        (line.type, None if line.quantity is None else _plain(line.quantity), _plain(line.total))
        for line in invoice.lines
        if line.total
    ]


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f")
