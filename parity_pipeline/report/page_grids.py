"""The long tables of the page: compact columns that the reader's browser searches, sorts and filters.

A grid holds as many rows as fit into its share of the page; the query that gets all stands beneath it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from parity_pipeline import amounts, warehouse
from parity_pipeline.report.collect import subject_of
from parity_pipeline.report.words import CHECK_TITLES, CUSTOMER_STATUSES
from parity_pipeline.warehouse import Connection

MOST_ROWS: Final = 50_000
MOST_FINDINGS: Final = 5_000
_MOST_LETTERS: Final = {"customers": 3_300_000, "findings": 1_300_000}

_CUSTOMERS: Final = """
with named as (
    select *, coalesce(stripe_customer_id, metronome_customer_id) as customer from parity.customer_status
),
settling as (
    select account, coalesce(stripe_customer_id, metronome_customer_id) as customer,
        cast(min(period_end) + max(thresholds.settling_hours) * interval 1 hour as date) as settles_on
    from parity.invoice_totals
    inner join control.thresholds as thresholds on thresholds.check_name = 'invoice_totals'
    where status = 'pending' group by all
),
held as (
    select distinct account, stripe_customer_id as customer from parity.contract_coverage
    where status = 'pending'
),
causes as (
    select account, coalesce(stripe_customer_id, metronome_customer_id) as customer,
        string_agg(distinct cause, ', ' order by cause) as causes
    from parity.findings group by all
),
sums as (
    select account, coalesce(stripe_customer_id, metronome_customer_id) as customer, currency,
        sum(expected_value) as expected, sum(variance) as variance, sum(abs(variance)) as gross
    from parity.invoice_totals where status <> 'pending' group by all
),
money as (
    select account, customer, max(gross) as gross, list(
        struct_pack(currency := currency, expected := expected, variance := variance) order by currency
    ) as money
    from sums group by all
)
select named.account, named.customer, named.status, causes.causes, money.money,
    named.waived_rows > 0 as is_waived,
    case
        when named.status <> 'pending' then null
        when held.customer is not null then 'subscription on hold'
        when settling.settles_on is null then 'nothing billed yet'
        when settling.settles_on <= cast(run.as_of as date) then 'an invoice is not final'
        else 'settles ' || settling.settles_on
    end as waits_for
from named
cross join control.run as run
left join held on named.account = held.account and named.customer = held.customer
left join settling on named.account = settling.account and named.customer = settling.customer
left join causes on named.account = causes.account and named.customer = causes.customer
left join money on named.account = money.account and named.customer = money.customer
order by
    list_position(
        ['not_in_parity', 'unmapped', 'pending', 'in_parity', 'already_on_metronome'], named.status
    ),
    money.gross desc nulls last, named.account, named.customer
"""

Kind = Literal["text", "choice", "number", "when"]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """One column: a choice is filtered by, a number is put in order by its size; the others are text."""

    name: str
    kind: Kind


@dataclass(frozen=True)
class Grid:
    """A table for the browser; the values are text as people read it."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    rows_in_all: int
    query: str
    """What gets all rows from the database."""

    def as_json(self) -> str:
        """Column by column; repeated texts are written once. Safe inside a script element."""
        content = {
            "name": self.name,
            "columns": [
                {"name": column.name, "kind": column.kind, **_packed([row[place] for row in self.rows])}
                for place, column in enumerate(self.columns)
            ],
        }
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        for sign in ("<", ">", "&", "\u2028", "\u2029"):
            text = text.replace(sign, f"\\u{ord(sign):04x}")
        return text


def customers_grid(connection: Connection) -> Grid:
    """Who could be cut over today, who not and why: those that need somebody first."""
    total = warehouse.count(connection, "parity.customer_status")
    rows: Sequence[Row] = warehouse.rows(
        connection,
        f"{_CUSTOMERS} limit {MOST_ROWS}",  # constants
    )
    columns = (
        Column("customer", "text"),
        Column("account", "choice"),
        Column("status", "choice"),
        Column("why", "choice"),
        Column("Stripe", "number"),
        Column("difference", "number"),
    )
    return _grid(
        "customers", columns, map(_customer, rows), total, query="select * from parity.customer_status"
    )


def count_waived_customers(connection: Connection) -> int:
    """Customers with a row whose difference a waiver accepts."""
    (row,) = warehouse.rows(
        connection, "select count(*) as customers from parity.customer_status where waived_rows > 0"
    )
    return int(str(row["customers"]))


def findings_grid(connection: Connection) -> Grid:
    """Every finding, the greatest first."""
    total = warehouse.count(connection, "parity.findings")
    rows: Sequence[Row] = warehouse.rows(
        connection,
        "select * from parity.findings order by check_name <> 'safety', check_name <> 'invoice_totals', "
        "check_name, abs(variance) desc, account, stripe_customer_id, metronome_customer_id, period_start, "
        f"usage_date, cause limit {MOST_FINDINGS}",
    )
    columns = (
        Column("customer", "text"),
        Column("account", "choice"),
        Column("check", "choice"),
        Column("cause", "choice"),
        Column("about", "text"),
        Column("when", "when"),
        Column("difference", "number"),
        Column("explanation", "text"),
    )
    return _grid("findings", columns, map(_finding, rows), total, query="select * from parity.findings")


def _grid(
    name: str, columns: tuple[Column, ...], rows: Iterable[tuple[str, ...]], total: int, *, query: str
) -> Grid:
    """As many rows as fit; choices cost little, so only the others are counted."""
    kept: list[tuple[str, ...]] = []
    letters = 0
    counted = [place for place, column in enumerate(columns) if column.kind != "choice"]
    for row in rows:
        letters += 4 * len(row) + sum(len(row[place]) for place in counted)
        if letters > _MOST_LETTERS[name]:
            break
        kept.append(row)
    has_accounts = len({row[_account_of(columns)] for row in kept}) > 1
    used = [place for place, column in enumerate(columns) if column.name != "account" or has_accounts]
    return Grid(
        name=name,
        columns=tuple(columns[place] for place in used),
        rows=tuple(tuple(row[place] for place in used) for row in kept),
        rows_in_all=total,
        query=query,
    )


def _account_of(columns: Sequence[Column]) -> int:
    return next(place for place, column in enumerate(columns) if column.name == "account")


def _customer(row: Row) -> tuple[str, ...]:
    money = row["money"] or []
    return (
        row["customer"] or "",
        row["account"],
        CUSTOMER_STATUSES[row["status"]],
        _why(row),
        _money((each["currency"], each["expected"]) for each in money),
        _money((each["currency"], each["variance"]) for each in money),
    )


def _why(row: Row) -> str:
    """The causes of what differs, whether a waiver accepts some of it, and what one has to wait for."""
    told = [row["causes"] or ""]
    if row["is_waived"]:
        told.append("waived")
    if row["waits_for"] is not None:
        told.append(row["waits_for"])
    return ", ".join(filter(None, told))


def _money(values: Iterable[tuple[str, Decimal | None]]) -> str:
    return ", ".join(amounts.amount(currency, value) for currency, value in values if value is not None)


def _finding(row: Row) -> tuple[str, ...]:
    when = row["usage_date"] or (row["period_start"].date() if row["period_start"] else "")
    unit = row["currency"] or row["meter"] or row["product"] or ""
    return (
        row["stripe_customer_id"] or row["metronome_customer_id"] or "",
        row["account"],
        CHECK_TITLES.get(row["check_name"], "Safety"),
        row["cause"],
        subject_of(row),
        str(when),
        "" if row["variance"] is None else amounts.amount(unit, row["variance"]),
        row["explanation"],
    )


def _packed(values: Sequence[str]) -> dict[str, Any]:
    """The values, or, where few are used again and again, the words and where each stands."""
    words = list(dict.fromkeys(values))
    if len(words) * 4 > len(values):
        return {"values": list(values)}
    place = {word: number for number, word in enumerate(words)}
    return {"words": words, "at": [place[value] for value in values]}
