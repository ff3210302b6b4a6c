"""The saved questions: each on a few rows of the published tables, with the answer worked by hand."""

from datetime import date, datetime

import pytest
import sqlglot
from saved_answers import JUNE, QUERIES, D, answer, effect, finding, total
from sqlglot import exp

from parity_pipeline.models import load_models


def test_the_worst_customer_is_first_with_its_causes() -> None:
    """100 up and 30 down are 130 gross, more than 120; the greater cause is named first."""
    rows = [
        finding("cus_1", "rate_mismatch", "-120"),
        finding("cus_2", "credit_missing", "-30"),
        finding("cus_2", "events_extra", "100"),
        finding("cus_3", "events_extra", "9000", check="event_ingestion"),
    ]
    assert answer("worst_customers", {"parity.findings": rows}) == [
        ("default", "cus_2", "usd", D(70), D(130), "events_extra, credit_missing"),
        ("default", "cus_1", "usd", D(-120), D(120), "rate_mismatch"),
    ]


def test_what_is_new_stands_before_what_goes_on() -> None:
    """New first, the greatest money first among them, also where it cancels out."""
    rows = [
        {
            "change": kind,
            "account": "a",
            "cause": "c",
            "place": place,
            "since": date(2026, 6, 1),
            "currency": "usd",
            "amount": D(amount),
            "gross_amount": gross,
        }
        for kind, place, amount, gross in (
            ("continuing", "p", "900", None),
            ("new", "q", "-5", None),
            ("new", "r", "7", None),
            ("new", "s", "0", D(8)),
        )
    ]
    found = answer("what_changed", {"parity.incident_changes": rows})
    assert [(row[0], row[3], row[6]) for row in found] == [
        ("new", "s", 0),
        ("new", "r", 7),
        ("new", "q", -5),
        ("continuing", "p", 900),
    ]


def test_usage_of_a_day_does_not_cancel_out() -> None:
    """Two customers 5 up and 5 down are 0 net and 10 gross; equal and open days are left out."""
    rows = [
        {
            "account": "a",
            "usage_date": date(2026, 5, day),
            "meter": "calls",
            "expected_value": D(100),
            "actual_value": D(100 + off),
            "variance": D(off),
            "status": status,
        }
        for day, off, status in (
            (2, 5, "breach"),
            (2, -5, "within_tolerance"),
            (3, 0, "match"),
            (4, 9, "pending"),
        )
    ]
    assert answer("usage_by_day", {"parity.event_ingestion": rows}) == [
        ("a", date(2026, 5, 2), "calls", D(200), D(200), D(0), D(10), 1)
    ]


def test_unrated_values_with_the_money_of_their_customers() -> None:
    """Of 100 calls from sa 40 have a rate: 60 are unrated, and the customer's invoices differ by 12."""
    coverage = [
        {
            "account": "default",
            "stripe_customer_id": "cus_1",
            "product": "Calls",
            "pricing_group_values": '{"region":"sa"}',
            "expected_value": D(100),
            "actual_value": D(40),
            "status": status,
        }
        for status in ("breach", "match")
    ]
    money = [finding("cus_1", "group_value_unrated", "-12"), finding("cus_1", "rate_mismatch", "-1")]
    found = answer("unrated_values", {"parity.group_key_coverage": coverage, "parity.findings": money})
    assert found == [("default", "Calls", '{"region":"sa"}', 1, D(60), "usd", D(-12))]


def test_credits_that_differ() -> None:
    """A period with the same credit on both sides is no answer."""
    rows = [
        {**total("cus_1", "50", actual, status), "variance": D(actual) - 50}
        for actual, status in (("50", "match"), ("20", "breach"))
    ]
    found = answer("credits_side_by_side", {"parity.credit_drawdowns": rows})
    assert found == [("default", "cus_1", date(2026, 4, 1), "usd", D(50), D(20), D(-30), "breach")]


def test_the_gate_at_half_a_percent() -> None:
    """Exactly 0.5 % passes, 0.6 % fails there although it passes at the 1 % in force."""
    rows = [
        {
            "check_name": check,
            "gate_variance": D(variance),
            "gate_denominator": D(1000),
            "gate_ratio": D(variance) / 1000,
            "is_within": True,
        }
        for check, variance in (("invoice_totals", "5"), ("event_ingestion", "6"))
    ]
    assert answer("gate_at_half_percent", {"parity.check_unit_cycles": rows}) == [
        ("event_ingestion", 1, 0, 1, D("0.006"), "FAIL"),
        ("invoice_totals", 1, 0, 0, D("0.005"), "PASS"),
    ]


def test_who_could_be_cut_over() -> None:
    """Those in parity first; the others with their causes, each once."""
    customers = [
        {
            "account": "default",
            "stripe_customer_id": customer,
            "metronome_customer_id": "m",
            "status": status,
            "expected_by_currency": "{}",
            "actual_by_currency": "{}",
        }
        for customer, status in (("cus_2", "not_in_parity"), ("cus_1", "in_parity"))
    ]
    findings = [
        finding("cus_2", cause, "1") for cause in ("rate_mismatch", "credit_missing", "rate_mismatch")
    ]
    found = answer("cutover_list", {"parity.customer_status": customers, "parity.findings": findings})
    assert [(row[1], row[3], row[4]) for row in found] == [
        ("cus_1", "in_parity", None),
        ("cus_2", "not_in_parity", "credit_missing, rate_mismatch"),
    ]


def test_causes_with_their_money_and_next_step() -> None:
    """Only findings of invoices are money; a customer counts once."""
    findings = [
        finding("cus_1", "rate_mismatch", "-7"),
        finding("cus_1", "rate_mismatch", "2"),
        finding("cus_1", "rate_mismatch", "400", check="line_item_quantities"),
    ]
    causes = [{"code": "rate_mismatch", "next_step": "Mend the rate."}]
    found = answer("causes_by_money", {"parity.findings": findings, "control.causes": causes})
    assert found == [("rate_mismatch", "usd", 3, 1, D(-5), D(9), "Mend the rate.")]


def test_the_waterfall_adds_up() -> None:
    """1000 and 500 of Stripe, less 30 and 10, are 1460 of Metronome; a pending period is left out.

    Of the ten, four go up and fourteen down.
    """
    totals = [
        total("cus_1", "1000", "970", "breach"),
        total("cus_2", "500", "490", "within_tolerance"),
        total("cus_3", "77", "70", "pending"),
    ]
    effects = [
        effect("cus_1", "price", "-30"),
        effect("cus_1", "rounding", "4"),
        effect("cus_2", "rounding", "-14"),
        effect("cus_3", "price", "-7"),
    ]
    found = answer("waterfall", {"parity.invoice_totals": totals, "parity.variance_effects": effects})
    assert [row[2:] for row in found] == [
        ("Stripe", D(1500), None, None),
        ("price", D(-30), D(0), D(-30)),
        ("rounding", D(-10), D(4), D(-14)),
        ("Metronome", D(1460), None, None),
    ]


def test_when_open_rows_settle() -> None:
    """A period that ends on the first of June settles a day later."""
    rows = [{"period_end": JUNE, "status": status} for status in ("pending", "pending", "match")]
    none = [{"period_end": JUNE, "status": "match"}]
    thresholds = [{"check_name": "invoice_totals", "settling_hours": 24}]
    tables = {
        "parity.invoice_totals": rows,
        "parity.line_item_quantities": none,
        "parity.credit_drawdowns": none,
        "control.thresholds": thresholds,
    }
    assert answer("still_pending", tables) == [("invoice_totals", date(2026, 6, 1), datetime(2026, 6, 2), 2)]


def test_what_was_left_out() -> None:
    """Counts and money of a reason are added up by currency, the most money first."""
    rows = [
        {"account": "a", "reason": reason, "currency": "usd", "count": 1, "amount": D(amount)}
        for reason, amount in (("small", "1"), ("large", "-8"), ("large", "-1"))
    ]
    assert answer("left_out", {"control.exclusions": rows}) == [
        ("a", "large", "usd", 2, D(-9)),
        ("a", "small", "usd", 1, D(1)),
    ]


def test_unlinked_customers_with_whom_they_resemble() -> None:
    """A near miss of a product is none of the customer's."""
    customers = [
        {"account": "a", "stripe_customer_id": customer, "metronome_customer_id": None, "status": status}
        for customer, status in (("cus_1", "unmapped"), ("cus_2", "in_parity"))
    ]
    misses = [
        {
            "account": "a",
            "kind": kind,
            "subject": "cus_1",
            "resembles_id": "m-1",
            "how": "case",
            "evidence": "CUS_1",
        }
        for kind in ("customer", "product")
    ]
    found = answer("unlinked_customers", {"parity.customer_status": customers, "control.near_misses": misses})
    assert found == [("a", "cus_1", None, "m-1", "case", "CUS_1")]


def test_the_trend_is_a_row_a_day() -> None:
    """A day's checks stand beside each other; a check that the record lacks is empty."""
    rows = [
        {
            "as_of": JUNE,
            "verdict": "GO",
            "is_go_day": True,
            "earlier_runs": 1,
            "check_name": check,
            "gate_ratio": D(ratio),
        }
        for check, ratio in (("invoice_totals", "0.001"), ("event_ingestion", "0.002"))
    ]
    (row,) = answer("trend", {"control.history": rows})
    assert row == (date(2026, 6, 1), "GO", True, 1, D("0.001"), None, None, None, D("0.002"), None)


def test_waivers_by_the_day_they_expire() -> None:
    """The one that expires first is first."""
    rows = [
        {
            "check_name": "invoice_totals",
            "account": "",
            "customer": "",
            "subject": "",
            "reason": "known",
            "approved_by": "ann",
            "expires_on": date(2026, month, 1),
            "max_minor_units": "",
            "matching_rows": 1,
            "waiver_status": "applied",
        }
        for month in (9, 7)
    ]
    found = answer("waivers_in_use", {"control.waiver_use": rows})
    assert [row[6].month for row in found] == [7, 9]


@pytest.mark.parametrize("name", QUERIES)
def test_a_question_reads_published_tables_only(name: str) -> None:
    """It is one SELECT that names its tables in full, begins with its question, and is no model."""
    query = sqlglot.parse_one(QUERIES[name].sql, dialect="duckdb")
    assert isinstance(query, exp.Query)
    named = {f"{each.db}.{each.name}" for each in query.find_all(exp.Table) if each.db}
    assert named
    assert {each.split(".")[0] for each in named} <= {"parity", "control"}
    assert QUERIES[name].question[-1] in "?.)"
    assert "queries" not in {model.schema for model in load_models()}
