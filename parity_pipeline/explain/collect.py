"""Reads from the published database what it says about one customer. Nothing is computed here."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from parity_pipeline import warehouse
from parity_pipeline.errors import UnknownCustomerError, UsageError
from parity_pipeline.explain.explanation import (
    Compared,
    Contract,
    CustomerExplanation,
    Effect,
    Explanation,
    Finding,
    Link,
    NearMiss,
    Period,
    Remedy,
)
from parity_pipeline.explain.from_rows import compared, effect, finding, line, near_miss
from parity_pipeline.explain.period_filter import PeriodFilter

_OF_CUSTOMER: Final = "account = ? and coalesce(stripe_customer_id, metronome_customer_id) = ?"
_TABLES: Final = ("parity.line_items", "parity.incidents", "control.contracts", "control.causes")

Ask = Callable[..., list[dict[str, Any]]]


def explain_customer(home: Path, customer: str, *, wanted: PeriodFilter) -> Explanation:
    """What the last published run says about a customer, named by either id or an ingest alias."""
    with warehouse.open_published(home) as connection:

        def ask(query: str, *parameters: object) -> list[dict[str, Any]]:
            return warehouse.rows(connection, query, parameters)

        _require_tables(ask, home)
        (run,) = ask("select run_id, as_of from control.run")
        keys = _keys(ask, customer)
        if not keys:
            raise UnknownCustomerError(
                f"No customer of the last run has the id or ingest alias {customer!r}; "
                "give a Stripe customer id, a Metronome customer id or an ingest alias."
            )
        told = tuple(_customer(ask, account, key, wanted) for account, key in keys)
    return Explanation(customer, run["run_id"], run["as_of"].replace(tzinfo=UTC), told)


def _require_tables(ask: Ask, home: Path) -> None:
    there = {
        row["name"] for row in ask("select schema_name || '.' || table_name as name from duckdb_tables()")
    }
    if missing := [each for each in _TABLES if each not in there]:
        raise UsageError(
            f"The run in {home} was published by another version and has no {missing[0]}; "
            "run `parity run` again."
        )


def _keys(ask: Ask, customer: str) -> list[tuple[str, str]]:
    """Account and key of every customer that is meant; a linked one goes by its Stripe id."""
    rows = ask(
        "select distinct account, case when status = 'linked' or stripe_customer_id = ? "
        "then stripe_customer_id else metronome_customer_id end as key "
        "from control.customer_map where status <> 'unknown_id' and (stripe_customer_id = ? "
        "or metronome_customer_id = ? or (account, metronome_customer_id) in "
        "(select (account, metronome_customer_id) from control.ingest_aliases where ingest_alias = ?)) "
        "order by account, key",
        *[customer] * 4,
    )
    return [(row["account"], row["key"]) for row in rows]


def _customer(ask: Ask, account: str, key: str, wanted: PeriodFilter) -> CustomerExplanation:
    links = _links(ask, account, key)
    statuses = ask(f"select * from parity.customer_status where {_OF_CUSTOMER}", account, key)
    is_stripes = any(each.stripe_customer_id == key for each in links)
    found = _findings(ask, account, key, wanted)
    ids = sorted({each.metronome_customer_id for each in links if each.metronome_customer_id})
    return CustomerExplanation(
        account=account,
        stripe_customer_id=key if is_stripes else None,
        metronome_customer_id=_metronome_ids(key, links, is_stripes=is_stripes),
        status=statuses[0]["status"] if statuses else "not_compared",
        links=links,
        contracts=_contracts(ask, account, ids),
        periods=_periods(ask, account, key, wanted),
        others=_others(ask, account, key, wanted),
        findings=found,
        remedies=_remedies(ask, found),
        near_misses=_near_misses(ask, account, key, found),
    )


def _metronome_ids(key: str, links: Sequence[Link], *, is_stripes: bool) -> str | None:
    if not is_stripes:
        return key
    linked = [each.metronome_customer_id or "" for each in links if each.status == "linked"]
    return ",".join(sorted(linked)) or None


def _links(ask: Ask, account: str, key: str) -> tuple[Link, ...]:
    rows = ask(
        "select * from control.customer_map where account = ? and ? in "
        "(stripe_customer_id, metronome_customer_id) order by all",
        account,
        key,
    )
    return tuple(
        Link(
            row["stripe_customer_id"],
            row["metronome_customer_id"],
            row["link_source"],
            row["status"],
            tuple(
                each["ingest_alias"]
                for each in ask(
                    "select ingest_alias from control.ingest_aliases "
                    "where account = ? and metronome_customer_id = ? order by all",
                    account,
                    row["metronome_customer_id"],
                )
            ),
        )
        for row in rows
    )


def _contracts(ask: Ask, account: str, metronome_ids: Sequence[str]) -> tuple[Contract, ...]:
    rows = ask(
        "select * from control.contracts where account = ? and metronome_customer_id in "
        "(select unnest(?)) order by starts_at, contract_id",
        account,
        list(metronome_ids),
    )
    return tuple(
        Contract(
            row["contract_id"],
            row["rate_card"] or row["rate_card_id"],
            row["starts_at"],
            row["ends_at"],
            row["is_archived"],
        )
        for row in rows
    )


def _periods(ask: Ask, account: str, key: str, wanted: PeriodFilter) -> tuple[Period, ...]:
    def rows_of(table: str) -> list[dict[str, Any]]:
        found = ask(f"select * from parity.{table} where {_OF_CUSTOMER} order by all", account, key)
        return [row for row in found if wanted.has_period(row["period_start"], row["period_end"])]

    totals, drawn = rows_of("invoice_totals"), rows_of("credit_drawdowns")
    quantities = rows_of("line_item_quantities")
    effects, lines = rows_of("variance_effects"), rows_of("line_items")
    bounds = sorted(
        {(row["period_start"], row["period_end"]) for row in (*totals, *drawn, *quantities, *lines)}
    )

    def within(rows: list[dict[str, Any]], start: datetime, end: datetime) -> list[dict[str, Any]]:
        return [row for row in rows if (row["period_start"], row["period_end"]) == (start, end)]

    return tuple(
        Period(
            start,
            end,
            tuple(compared("invoice_totals", row) for row in within(totals, start, end)),
            tuple(compared("credit_drawdowns", row) for row in within(drawn, start, end)),
            tuple(compared("line_item_quantities", row) for row in within(quantities, start, end)),
            tuple(sorted((effect(row) for row in within(effects, start, end)), key=_weight)),
            tuple(line(row) for row in within(lines, start, end)),
        )
        for start, end in bounds
    )


def _weight(each: Effect) -> tuple[bool, Decimal]:
    """The largest effect first, what is no effect of its own last."""
    return each.effect in {"rounding", "unattributed"}, -abs(each.amount)


def _others(ask: Ask, account: str, key: str, wanted: PeriodFilter) -> tuple[Compared, ...]:
    return tuple(
        compared(check, row)
        for check in ("contract_coverage", "event_ingestion", "group_key_coverage")
        for row in ask(
            f"select * from parity.{check} where {_OF_CUSTOMER} and status = 'breach' order by all",
            account,
            key,
        )
        if wanted.has_row(row)
    )


def _findings(ask: Ask, account: str, key: str, wanted: PeriodFilter) -> tuple[Finding, ...]:
    rows = ask(
        f"select * from parity.findings where {_OF_CUSTOMER} order by check_name, period_start, "
        "usage_date, abs(variance) desc, cause, meter, product, pricing_group_values",
        account,
        key,
    )
    return tuple(finding(row) for row in rows if wanted.has_row(row))


def _remedies(ask: Ask, found: Sequence[Finding]) -> tuple[Remedy, ...]:
    """One for each cause, in the order of the findings."""
    told = {row["code"]: row for row in ask("select * from control.causes")}
    codes = dict.fromkeys(each.cause for each in found)
    return tuple(Remedy(**told[code]) for code in codes if code in told)


def _near_misses(ask: Ask, account: str, key: str, found: Sequence[Finding]) -> tuple[NearMiss, ...]:
    """Those of the customer itself, and of the group values that its findings name."""
    rows = ask(
        "select * from control.near_misses where kind = 'group_value' and account = ? "
        "or kind = 'customer' and ? in (subject, resembles_id) order by all",
        account,
        key,
    )
    subjects = {each.subject for each in found if each.check == "group_key_coverage"}
    return tuple(
        near_miss(row)
        for row in rows
        if row["kind"] == "customer" or f"{row['subject']} {row['name']}" in subjects
    )
