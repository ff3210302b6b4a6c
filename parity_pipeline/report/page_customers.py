"""The customers that differ most, each with periods, effects, lines and findings, for the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from parity_pipeline import warehouse
from parity_pipeline.report.collect import subject_of
from parity_pipeline.warehouse import Connection

MOST_CUSTOMERS: Final = 40
MOST_LINES: Final = 12
MOST_FINDINGS: Final = 12
_TABLES: Final = ("parity.invoice_totals", "parity.variance_effects", "parity.line_items", "parity.findings")
_OF_WORST: Final = (
    "where list_contains(?, account || ' ' || coalesce(stripe_customer_id, metronome_customer_id, ''))"
)

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """A line of one side's invoice; quantity in raw units, amount in minor units."""

    side: str
    name: str
    kind: str
    quantity: Decimal | None
    unit_amount: Decimal | None
    amount: Decimal


@dataclass(frozen=True)
class PeriodDetail:
    """A billing period of a customer in one currency, both sides, with what lies between them."""

    start: datetime
    end: datetime
    expected: Decimal | None
    actual: Decimal | None
    variance: Decimal
    status: str
    effects: tuple[tuple[str, str, Decimal], ...]
    """Effect, the meter or product it is about, and its amount."""
    lines: tuple[Line, ...]
    lines_in_all: int


@dataclass(frozen=True)
class FindingDetail:
    """A finding of a customer with the next step that its cause asks for."""

    check: str
    subject: str
    when: str
    cause: str
    explanation: str


@dataclass(frozen=True)
class WorstCustomerDetail:
    """One customer and currency; the variances are those of its breaching periods, in minor units."""

    account: str
    customer: str
    metronome_customer_id: str | None
    currency: str
    net: Decimal
    gross: Decimal
    periods: tuple[PeriodDetail, ...]
    findings: tuple[FindingDetail, ...]
    findings_in_all: int
    next_steps: tuple[tuple[str, str], ...]


def read_worst_customers(connection: Connection) -> tuple[WorstCustomerDetail, ...]:
    """Those with the greatest gross variance, compared in minor units: a yen is about a cent."""
    worst: Sequence[Row] = warehouse.rows(
        connection,
        "select account, stripe_customer_id, metronome_customer_id, currency, "
        "sum(variance) as net, sum(abs(variance)) as gross from parity.invoice_totals "
        "where status = 'breach' group by all "
        "order by sum(abs(variance)) desc, "
        f"account, stripe_customer_id, metronome_customer_id limit {MOST_CUSTOMERS}",
    )
    keys = [[_key(row) for row in worst]]
    tables = {
        name: _by_customer(warehouse.rows(connection, f"select * from {name} {_OF_WORST} order by all", keys))
        for name in _TABLES
    }
    steps = {
        str(row["code"]): str(row["next_step"])
        for row in warehouse.rows(connection, "select code, next_step from control.causes")
    }
    return tuple(_detail(row, tables, steps) for row in worst)


def _key(row: Row) -> str:
    return f"{row['account']} {row['stripe_customer_id'] or row['metronome_customer_id'] or ''}"


def _by_customer(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(_key(row), []).append(row)
    return found


def _detail(
    worst: Row, tables: Mapping[str, Mapping[str, list[Row]]], steps: Mapping[str, str]
) -> WorstCustomerDetail:
    own = {name: rows.get(_key(worst), []) for name, rows in tables.items()}
    in_currency = {
        name: [row for row in rows if row["currency"] == worst["currency"]] for name, rows in own.items()
    }
    findings = sorted(own["parity.findings"], key=lambda row: row["currency"] is None)
    causes = list(dict.fromkeys(row["cause"] for row in findings))
    return WorstCustomerDetail(
        account=worst["account"],
        customer=worst["stripe_customer_id"] or worst["metronome_customer_id"] or "",
        metronome_customer_id=worst["metronome_customer_id"],
        currency=worst["currency"],
        net=worst["net"],
        gross=worst["gross"],
        periods=tuple(
            _period(row, in_currency)
            for row in in_currency["parity.invoice_totals"]
            if row["status"] in ("breach", "waived", "pending") and row["variance"]
        ),
        findings=tuple(_finding(row) for row in findings[:MOST_FINDINGS]),
        findings_in_all=len(findings),
        next_steps=tuple((cause, steps.get(cause, "")) for cause in causes),
    )


def _period(total: Row, tables: Mapping[str, list[Row]]) -> PeriodDetail:
    bounds = (total["period_start"], total["period_end"])
    effects = [row for row in tables["parity.variance_effects"] if _bounds(row) == bounds]
    lines = [row for row in tables["parity.line_items"] if _bounds(row) == bounds]
    lines.sort(key=lambda row: (-abs(row["amount"]), row["side"]))
    return PeriodDetail(
        start=total["period_start"],
        end=total["period_end"],
        expected=total["expected_value"],
        actual=total["actual_value"],
        variance=total["variance"],
        status=total["status"],
        effects=tuple(
            (row["effect"], row["meter"] or row["product"] or "", row["amount"])
            for row in sorted(effects, key=lambda row: -abs(row["amount"]))
        ),
        lines=tuple(_line(row) for row in sorted(lines[:MOST_LINES], key=_beside_each_other)),
        lines_in_all=len(lines),
    )


def _bounds(row: Row) -> tuple[datetime, datetime]:
    return row["period_start"], row["period_end"]


def _beside_each_other(row: Row) -> tuple[str, bool]:
    """What both sides have of one meter stands together, Stripe's first."""
    return row["meter"] or row["product"] or "", row["side"] != "stripe"


def _line(row: Row) -> Line:
    values = row["pricing_group_values"]
    names = [row["product"] or row["meter"] or "", "" if values in (None, "{}") else values]
    return Line(
        side=row["side"],
        name=" ".join(filter(None, names)),
        kind=row["line_kind"],
        quantity=row["quantity"],
        unit_amount=row["unit_amount"],
        amount=row["amount"],
    )


def _finding(row: Row) -> FindingDetail:
    when = row["usage_date"] or (row["period_start"].date() if row["period_start"] else "")
    return FindingDetail(row["check_name"], subject_of(row), str(when), row["cause"], row["explanation"])
