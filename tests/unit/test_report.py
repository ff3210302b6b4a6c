"""The report: one value, its JSON, Markdown and terminal renderings, and amounts as people read them."""

import json
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from io import StringIO

import pytest
from report_values import HOSTILE, PAGE, RESULT
from rich.console import Console

from parity_pipeline import amounts
from parity_pipeline.history import IncidentNote
from parity_pipeline.quality.gate import Verdict
from parity_pipeline.report.as_html import to_html
from parity_pipeline.report.as_json import as_dict, to_json
from parity_pipeline.report.as_markdown import to_markdown
from parity_pipeline.report.incidents import Incident
from parity_pipeline.report.result import (
    RunResult,
)
from parity_pipeline.report.terminal import show
from parity_pipeline.report.trend import record_of
from parity_pipeline.setting_sections import CHECKS


def test_the_json_has_the_public_schema() -> None:
    """The keys are those that outside readers rely on; amounts are decimal strings."""
    content = json.loads(to_json(RESULT))
    assert {
        "schema_version": 1,
        "run_id": "run-1",
        "as_of": "2026-02-10T00:00:00Z",
        "parallel_run": {"start": "2026-01-01T00:00:00Z", "end": "2026-02-10T00:00:00Z"},
        "verdict": "NO_GO",
        "reasons": ["invoice_totals fails.", HOSTILE],
        "customers": dict(RESULT.customers),
        "exclusions": [{"reason": "stripe_credit_note", "count": 2, "amount": {"usd": "250"}}],
        "causes": [
            {
                "code": "rate_mismatch",
                "check": "invoice_totals",
                "findings": 20,
                "customers": 2,
                "explained_minor_units": {"usd": "-1235.1"},
            }
        ],
    }.items() <= content.items()


def test_a_check_in_json() -> None:
    """Counts are numbers, the threshold and the totals are strings, the cycles stand beneath their unit."""
    first = as_dict(RESULT)["checks"][0]
    (total,) = first.pop("totals")
    assert first == {
        "name": "invoice_totals",
        "status": "FAIL",
        "rows": 1200,
        "matched": 1100,
        "within_tolerance": 50,
        "breaches": 20,
        "pending": 20,
        "waived": 10,
        "customers": 60,
        "customers_within": 58,
        "customer_share": "0.99",
        "threshold": "0.01",
        "warn": "0.005",
        "warned": True,
    }
    cycles = total.pop("cycles")
    assert total == {
        "account": "default",
        "unit": "usd",
        "expected": "100000.5",
        "actual": "98765.4",
        "net_variance": "-1235.1",
        "gross_variance": "1235.1",
        "gate_ratio": "0.012345678901",
    }
    assert [(each["cycle"], each["within"]) for each in cycles] == [("2026-01", False), ("2026-02", True)]


def test_completeness_in_json() -> None:
    """One resource that was not read makes the whole incomplete."""
    completeness = as_dict(RESULT)["completeness"]
    assert completeness["complete"] is False
    assert completeness["resources"][0]["watermark"] == "2026-02-10T00:00:00Z"
    assert completeness["resources"][1]["note"] == "not read"
    (read, unread) = completeness["resources"]
    assert (read["reused"], read["reused_from"]) == (140, "r0")
    assert (read["oldest_read_at"], unread["oldest_read_at"]) == ("2026-02-10T01:00:00Z", None)
    assert "140 answers from r0, the oldest read after 2026-02-10T01:00:00Z |" in to_markdown(RESULT)


def test_the_markdown_keeps_its_tables() -> None:
    """Every row of a table has as many cells as its header, whatever a name contains."""
    text = to_markdown(RESULT)
    assert text.startswith("# NO_GO: ")
    assert "<script" not in text
    width = 0
    for line in text.splitlines():
        cells = line.replace("\\|", "").count("|")
        width = cells if line.startswith("|") and not width else (width if line.startswith("|") else 0)
        assert cells == width or not line.startswith("|"), line


def test_the_terminal_shows_verdict_checks_and_reasons() -> None:
    """The summary fits 80 columns and keeps hostile text as text."""
    output = StringIO()
    show(RESULT, Console(file=output, width=80, color_system=None))
    text = output.getvalue()
    assert text.startswith("NO_GO Metronome would not have billed")
    assert "All customers have contracts FAIL" in text
    assert "- invoice_totals fails." in text
    assert "…" not in text
    assert "60 rows with a waived difference: parity query waivers_in_use" in text  # ten of each check
    assert "1 waiver that waives nothing: expired" in text


def test_a_clean_result_renders() -> None:
    """Nothing to show is said, not left blank."""
    clean = RunResult(
        **{
            **{name: getattr(RESULT, name) for name in RESULT.__dataclass_fields__},
            "verdict": Verdict("GO", (), dict.fromkeys(CHECKS, "PASS")),
            "safety": (),
            "exclusions": (),
            "causes": (),
            "findings": (),
            "findings_in_all": 0,
            "waivers": (),
            "is_reconstructed": False,
        }
    )
    for text in (to_html(clean, PAGE), to_markdown(clean)):
        assert "No safety hit." in text
        assert "Nothing was left out." in text
    assert "No finding." in to_html(clean, PAGE)
    assert "Findings" not in to_markdown(clean)


@pytest.mark.parametrize(
    ("unit", "value", "shown"),
    [
        ("usd", Decimal("123456.5"), "1,234.57 USD"),
        ("usd", Decimal("0.4"), "<0.01 USD"),
        ("usd", Decimal("-0.4"), "-<0.01 USD"),
        ("usd", Decimal(0), "0.00 USD"),
        ("jpy", Decimal("1234.5"), "1,235 JPY"),
        ("kwd", Decimal(1234), "1.234 KWD"),
        ("tokens", Decimal("1234567.500000000000"), "1,234,567.5 tokens"),
        ("tokens", Decimal("0.0000001"), "1e-7 tokens"),
        ("contracts", Decimal("60.000000000000"), "60 contracts"),
        ("usd", None, "-"),
    ],
)
def test_amounts(unit: str, value: Decimal | None, shown: str) -> None:
    """Money in its currency's decimals, quantities without trailing zeros, nothing rounded to 0."""
    assert amounts.amount(unit, value) == shown


def test_bare_amounts() -> None:
    """Where a column names the unit, a quantity stands alone; a currency keeps its code."""
    assert amounts.bare("tokens", Decimal(5)) == "5"
    assert amounts.bare("usd", Decimal(5)) == "0.05 USD"
    assert amounts.bare("usd", None) == "-"


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [
        (Decimal("0.01"), "1 %"),
        (Decimal("0.012345678901"), "1.2346 %"),
        (Decimal("0.010000000001"), "1.0000000001 %"),
        (Decimal(0), "0 %"),
        (Decimal(1), "100 %"),
        (Decimal("0.10"), "10 %"),
    ],
)
def test_percent(ratio: Decimal, shown: str) -> None:
    """A ratio just over a threshold never reads like the threshold."""
    assert amounts.percent(ratio) == shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1.500000000000"), "1.5"),
        (Decimal("100.000"), "100"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-0.000"), "0"),
        (Decimal("1234567890123456.123456789012"), "1234567890123456.123456789012"),
    ],
)
def test_exact(value: Decimal, text: str) -> None:
    """Machines get every digit and no exponent."""
    assert amounts.exact(value) == text


def test_several_accounts_are_named() -> None:
    """Units, customers and cycles say whose they are; with one account nothing does."""
    two = replace(RESULT, cycles=(*RESULT.cycles, replace(RESULT.cycles[0], account="eu")))
    for text in (to_markdown(two), to_html(two, PAGE)):
        assert "default: usd" in text
        assert "default: cus_1" in text
        assert "eu: 45 of 50" in text
    assert "default: " not in to_markdown(RESULT) + to_html(RESULT, PAGE)


def test_incidents_and_changes_in_json_and_markdown() -> None:
    """An incident stands with its money and next step in both; one of yesterday that is gone is resolved."""
    gone = IncidentNote("default", "credit_missing", "cus_9", {"usd": "5"})
    before = replace(
        record_of(RESULT), as_of=RESULT.as_of.replace(day=9), incidents=(gone,), knows_incidents=True
    )
    incident = Incident(
        number=1,
        account="default",
        cause="rate_mismatch",
        scope=HOSTILE,
        check_names="invoice_totals, line_item_quantities",
        first_at=datetime(2026, 1, 1),
        last_at=datetime(2026, 2, 1),
        customers=1,
        customer=None,
        findings=2,
        amounts={"usd": Decimal("-500.5")},
        gross={"usd": Decimal("999.4")},
        summary="",
        next_step="Mend the rate.",
    )
    whole = tuple(replace(each, complete=True) for each in RESULT.completeness)
    result = replace(RESULT, incidents=(incident,), past_days=(before,), completeness=whole)
    content = as_dict(result)
    assert content["incidents_in_all"] == 1
    (told,) = content["incidents"]
    assert (told["from"], told["to"]) == ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")
    assert told["checks"] == ["invoice_totals", "line_item_quantities"]
    assert told["amount"] == {"usd": "-500.5"}
    assert told["gross_amount"] == {"usd": "999.4"}
    assert [(each["change"], each["cause"]) for each in content["changes"]] == [
        ("new", "rate_mismatch"),
        ("resolved", "credit_missing"),
    ]
    text = to_markdown(result)
    assert "| rate_mismatch | &lt;script&gt;" in text
    assert "| 2026-01-01 | 2026-01-31 | 1 | 2 | -5.01 USD net, 9.99 USD gross | Mend the rate. |" in text
    assert "- resolved: credit_missing, cus_9, there since 2026-02-09 (+0.05 USD)" in text
    assert "<script" not in text
