"""The incidents of a run as values: findings of one cause, at one place, at one time, and its next step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from parity_pipeline import amounts, warehouse
from parity_pipeline.warehouse import Connection


@dataclass(frozen=True)
class Incident:
    """One incident; the amounts are what it adds to Metronome's invoices, by currency in minor units.

    `gross` counts each of its shares positive: shares of both signs cancel out in the amounts, not there.
    """

    number: int
    account: str
    cause: str
    scope: str
    check_names: str
    first_at: datetime | None
    """UTC without an offset, as the table holds it; `last_at` is the instant after the last."""
    last_at: datetime | None
    customers: int
    customer: str | None
    findings: int
    amounts: Mapping[str, Decimal]
    summary: str
    next_step: str = ""
    gross: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def first_day(self) -> date | None:
        """The UTC day on which it begins."""
        return self.first_at.date() if self.first_at else None

    @property
    def last_day(self) -> date | None:
        """The last UTC day that belongs to it."""
        return (self.last_at - timedelta(microseconds=1)).date() if self.last_at else None

    @property
    def money(self) -> str:
        """Its money as people read it; empty when it changes no invoice."""
        return ", ".join(
            amounts.net_and_gross(currency, value, self.gross.get(currency))
            for currency, value in self.amounts.items()
        )


def read_incidents(connection: Connection) -> tuple[Incident, ...]:
    """All incidents, the greatest money first, each with the next step that its cause asks for."""
    rows: Sequence[Mapping[str, Any]] = warehouse.rows(
        connection,
        "select incidents.*, causes.next_step from parity.incidents as incidents "
        "left join control.causes as causes on incidents.cause = causes.code "
        "order by incidents.incident, incidents.currency",
    )
    by_number: dict[int, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_number.setdefault(row["incident"], []).append(row)
    return tuple(_incident(group) for group in by_number.values())


def _incident(rows: Sequence[Mapping[str, Any]]) -> Incident:
    first = rows[0]
    return Incident(
        number=first["incident"],
        account=first["account"],
        cause=first["cause"],
        scope=first["scope"],
        check_names=first["check_names"],
        first_at=first["first_at"],
        last_at=first["last_at"],
        customers=first["customers"],
        customer=first["customer"],
        findings=first["findings"],
        amounts={row["currency"]: row["amount"] for row in rows if row["currency"] is not None},
        summary=first["summary"],
        next_step=first["next_step"] or "",
        gross={row["currency"]: row["gross_amount"] for row in rows if row["currency"] is not None},
    )
