"""Incidents: findings of one cause, at one place and time, are one line; the greatest money comes first."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from scene import MODELS

from parity_pipeline import warehouse
from parity_pipeline.warehouse import Connection

MAY = (datetime(2026, 5, 1), datetime(2026, 6, 1))
JUNE = (datetime(2026, 6, 1), datetime(2026, 7, 1))
TABLES = (
    "create schema parity; create schema control; create schema explain",
    "create table control.run as select timestamp '2026-04-01' as parallel_run_start, "
    "timestamp '2026-07-10' as as_of",
    "create table control.near_misses (account VARCHAR, kind VARCHAR, subject VARCHAR, resembles_id VARCHAR)",
    "create table control.customer_map (account VARCHAR, stripe_customer_id VARCHAR, "
    "metronome_customer_id VARCHAR, status VARCHAR)",
    "create table parity.findings (check_name VARCHAR, account VARCHAR, stripe_customer_id VARCHAR, "
    "metronome_customer_id VARCHAR, currency VARCHAR, meter VARCHAR, product VARCHAR, "
    "pricing_group_values VARCHAR, period_start TIMESTAMP, period_end TIMESTAMP, usage_date DATE, "
    "variance DECIMAL(38, 12), cause VARCHAR, explanation VARCHAR)",
    "create table parity.customer_status as select 'default' as account, "
    "'cus_' || range as stripe_customer_id, 'in_parity' as status from range(40)",
    "create table parity.line_item_quantities as select 'default' as account, "
    "'cus_' || range as stripe_customer_id, cast(null as varchar) as metronome_customer_id, "
    "case when range < 4 then 'gpu' else 'tokens' end as meter from range(40)",
)


class Findings:
    """The tables that incidents are made of."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        for statement in TABLES:
            connection.execute(statement)

    def add(self, check: str, cause: str, customer: str | None, **values: Any) -> None:
        """A finding; `period` and `day` are its time."""
        start, end = values.pop("period", (None, None))
        row = {
            "check_name": check,
            "cause": cause,
            "account": "default",
            "stripe_customer_id": customer,
            "period_start": start,
            "period_end": end,
            "usage_date": values.pop("day", None),
            "variance": values.pop("variance", Decimal(-1)),
            **values,
        }
        marks = ", ".join("?" for _ in row)
        self._connection.execute(
            f"insert into parity.findings ({', '.join(row)}) values ({marks})", list(row.values())
        )

    def resembling(self, stripe_id: str, metronome_id: str) -> None:
        """A near miss of two customers."""
        self._connection.execute(
            "insert into control.near_misses values ('default', 'customer', ?, ?)", [stripe_id, metronome_id]
        )

    def claiming(self, stripe_id: str, metronome_id: str) -> None:
        """A Metronome customer that claims a Stripe customer whom another claims as well."""
        self._connection.execute(
            "insert into control.customer_map values ('default', ?, ?, 'ambiguous')",
            [stripe_id, metronome_id],
        )

    def told(self, *columns: str) -> list[tuple[object, ...]]:
        """The incidents in their order."""
        for key in ("explain.findings_timed", "explain.findings_placed", "parity.incidents"):
            warehouse.build(self._connection, MODELS[key])
        rows = warehouse.rows(self._connection, "select * from parity.incidents order by incident, currency")
        return [tuple(row[column] for column in columns) for row in rows]


@pytest.fixture
def findings() -> Iterator[Findings]:
    """Forty customers of one account, four of them with gpu, and no finding."""
    with warehouse.connect(":memory:") as connection:
        yield Findings(connection)


def test_a_gap_of_everybody_is_one_line(findings: Findings) -> None:
    """Thirty of forty customers, three days each, and their invoices: one incident with the days' bounds."""
    for number in range(30):
        for day in (8, 9, 10):
            findings.add(
                "event_ingestion", "ingestion_gap", f"cus_{number}", meter="m", day=date(2026, 5, day)
            )
        findings.add(
            "invoice_totals",
            "ingestion_gap",
            f"cus_{number}",
            currency="usd",
            period=MAY,
            variance=Decimal(-7),
        )
    assert findings.told("incident", "scope", "customers", "findings", "amount", "first_at", "last_at") == [
        (1, "everybody: 30 of 40 customers", 30, 120, -210, datetime(2026, 5, 8), datetime(2026, 5, 11))
    ]


def test_one_customer_is_a_place(findings: Findings) -> None:
    """Two customers whose events are missing in one month are two incidents."""
    for customer in ("cus_10", "cus_11"):
        findings.add("line_item_quantities", "events_missing", customer, meter="tokens", period=MAY)
    assert findings.told("scope", "meter", "usage_quantity", "customer") == [
        ("cus_10", "tokens", -1, "cus_10"),
        ("cus_11", "tokens", -1, "cus_11"),
    ]


def test_most_customers_of_a_meter_are_a_place(findings: Findings) -> None:
    """Three of the four that use gpu: the meter; three of the thirty-six that use tokens: each for itself."""
    for customer in ("cus_0", "cus_1", "cus_2"):
        findings.add("line_item_quantities", "events_missing", customer, meter="gpu", period=MAY)
    for customer in ("cus_10", "cus_11"):
        findings.add("line_item_quantities", "events_missing", customer, meter="tokens", period=MAY)
    assert sorted(findings.told("scope")) == [("cus_10",), ("cus_11",), ("meter gpu: 3 customers",)]


def test_one_value_without_a_rate_is_one_incident(findings: Findings) -> None:
    """Two customers use the same unrated value; the subject names product and value."""
    for customer in ("cus_10", "cus_11"):
        findings.add(
            "group_key_coverage",
            "group_value_unrated",
            customer,
            product="AI",
            pricing_group_values='{"model":"o3"}',
        )
    assert findings.told("scope", "subject", "first_at") == [
        ("product AI: 2 customers", 'AI {"model":"o3"}', None)
    ]


def test_times_that_do_not_touch_are_two_incidents(findings: Findings) -> None:
    """Adjacent days are one, a day between makes two."""
    for day in (1, 2, 4):
        findings.add("event_ingestion", "events_missing", "cus_10", meter="m", day=date(2026, 5, day))
    assert findings.told("first_at", "last_at", "findings") == [
        (datetime(2026, 5, 1), datetime(2026, 5, 3), 2),
        (datetime(2026, 5, 4), datetime(2026, 5, 5), 1),
    ]


def test_days_inside_a_longer_period_belong_to_it(findings: Findings) -> None:
    """May and June touch; a day in May and one in June are in them, though the days do not touch."""
    for period in (MAY, JUNE):
        findings.add("line_item_quantities", "events_missing", "cus_10", meter="m", period=period)
    for day in (date(2026, 5, 3), date(2026, 6, 20)):
        findings.add("event_ingestion", "events_missing", "cus_10", meter="m", day=day)
    assert findings.told("findings", "first_at", "last_at", "usage_quantity", "check_names") == [
        (4, datetime(2026, 5, 3), datetime(2026, 6, 21), -2, "event_ingestion, line_item_quantities")
    ]


def test_a_renamed_customer_is_one_incident(findings: Findings) -> None:
    """Five rows missing of cus_10 and five extra of m_x, which resembles it."""
    findings.resembling("cus_10", "m_x")
    for number in range(5):
        day = date(2026, 5, 1) + timedelta(days=number)
        findings.add("event_ingestion", "customer_unmapped", "cus_10", meter="m", day=day)
        findings.add(
            "event_ingestion",
            "customer_unmapped",
            None,
            metronome_customer_id="m_x",
            meter="m",
            day=day,
            variance=Decimal(1),
        )
    assert findings.told("scope", "customers", "findings", "usage_quantity") == [("cus_10", 1, 10, 0)]


def test_customers_who_claim_one_are_one_incident(findings: Findings) -> None:
    """m_x and m_y both claim cus_10: three customers, whose days do not touch, and one thing to mend."""
    for metronome_id in ("m_x", "m_y"):
        findings.claiming("cus_10", metronome_id)
    findings.add("event_ingestion", "customer_unmapped", "cus_10", meter="m", day=date(2026, 5, 1))
    for metronome_id, day in (("m_x", 8), ("m_y", 20)):
        findings.add(
            "event_ingestion",
            "customer_unmapped",
            None,
            metronome_customer_id=metronome_id,
            meter="m",
            day=date(2026, 5, day),
        )
    assert findings.told("scope", "findings", "first_at", "last_at") == [
        ("cus_10", 3, datetime(2026, 5, 1), datetime(2026, 5, 21))
    ]


def test_strangers_are_two_incidents(findings: Findings) -> None:
    """Without a near miss an unlinked customer of each side stands for itself."""
    findings.add("event_ingestion", "customer_unmapped", "cus_10", meter="m", day=date(2026, 5, 1))
    findings.add(
        "event_ingestion",
        "customer_unmapped",
        None,
        metronome_customer_id="m_x",
        meter="m",
        day=date(2026, 5, 1),
    )
    assert sorted(findings.told("scope")) == [("cus_10",), ("m_x",)]


def test_the_greatest_money_comes_first(findings: Findings) -> None:
    """5,000 yen are more than 40 dollars; each currency has its row, and shares of both signs do not hide."""
    findings.add(
        "invoice_totals", "rate_mismatch", "cus_1", currency="usd", period=MAY, variance=Decimal(4000)
    )
    findings.add(
        "invoice_totals", "credit_missing", "cus_2", currency="jpy", period=MAY, variance=Decimal(5000)
    )
    findings.add(
        "invoice_totals", "credit_missing", "cus_2", currency="usd", period=MAY, variance=Decimal(100)
    )
    findings.add(
        "invoice_totals", "credit_missing", "cus_2", currency="usd", period=JUNE, variance=Decimal(-100)
    )
    assert findings.told("incident", "cause", "currency", "amount", "gross_amount") == [
        (1, "credit_missing", "jpy", 5000, 5000),
        (1, "credit_missing", "usd", 0, 200),
        (2, "rate_mismatch", "usd", 4000, 4000),
    ]


def test_what_is_unexplained_has_nothing_in_common(findings: Findings) -> None:
    """Twenty unexplained customers are twenty incidents; twenty with one cause are one."""
    for number in range(20):
        findings.add("invoice_totals", "unexplained", f"cus_{number}", currency="usd", period=MAY)
        findings.add("invoice_totals", "discount_missing", f"cus_{number}", currency="usd", period=MAY)
    scopes = [scope for (scope,) in findings.told("scope")]
    assert len(scopes) == 21
    assert scopes[0] == "20 customers"


def test_the_sentence_says_it_all(findings: Findings) -> None:
    """Cause, place, time, subject, findings and checks."""
    findings.add("event_ingestion", "events_missing", "cus_10", meter="m", day=date(2026, 5, 3))
    assert findings.told("summary", "currency", "amount") == [
        ("events_missing, cus_10, 2026-05-03 to 2026-05-03, m: 1 finding in event_ingestion.", None, None)
    ]


def test_no_findings_are_no_incidents(findings: Findings) -> None:
    """A clean run has none."""
    assert findings.told("incident") == []
