"""report.html: every outside value escaped, nothing asked of anybody, and the figures behind its charts."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from report_values import HOSTILE, PAGE, RESULT

from parity_pipeline.quality.gate import Verdict
from parity_pipeline.report.as_html import to_html
from parity_pipeline.report.as_markdown import to_markdown
from parity_pipeline.report.charts import steps_of
from parity_pipeline.report.incidents import Incident
from parity_pipeline.report.page import Effect, distribution
from parity_pipeline.report.page_grids import Column, Grid
from parity_pipeline.report.trend import record_of
from parity_pipeline.report.words import by_check


def test_the_page_escapes_outside_text_and_loads_nothing() -> None:
    """Text of a vendor stays text wherever it stands, and the page names no other place."""
    page = to_html(RESULT, PAGE)
    assert page.count("<script") == 3  # two tables as data, and the one script, whose digest is allowed
    assert "alert(1)</script>" not in page
    assert "</script><b>" not in page
    assert "&lt;script&gt;" in page
    assert "http:" not in page
    assert "https:" not in page
    assert "default-src 'none'" in page
    assert page.startswith("<!doctype html>")
    assert page.endswith("</html>\n")


def test_the_page_shows_what_matters() -> None:
    """Verdict, reasons, figures in money, findings with their cap, exclusions and waivers are there."""
    page = to_html(RESULT, PAGE)
    for text in (
        "NO GO",
        "reconstructed later",
        "1,000.01 USD",
        "-12.35 USD",
        "1.2346 %",
        "58 of 60",
        "expired",
    ):
        assert text in page, text
    assert "The first 1 of 2 are here" in page
    assert "2 of 3 customers lie inside the gate of 1 %" in page
    assert "3 GO days in a row" in page
    assert "stripe credit note" in page
    assert "2026-02<" not in page  # nothing settled in that cycle


def test_the_gate_is_an_edge_of_the_distribution() -> None:
    """Exactly 1 % lies inside the gate on both sides; a little more lies outside."""
    found = distribution(
        [Decimal(each) for each in ("-0.0101", "-0.01", "0", "0.01", "0.0101")], Decimal("0.01")
    )
    left, right = found.gate_places
    assert sum(found.counts[:left]) == 1
    assert sum(found.counts[left:right]) == 3
    assert sum(found.counts[right:]) == 1
    assert [found.is_within(place) for place in (left - 1, left, right - 1, right)] == [
        False,
        True,
        True,
        False,
    ]


def test_a_grid_writes_repeated_texts_once() -> None:
    """Few words used often are told by their place; the rest stands as it is; nothing can end the script."""
    names = [*(f"cus_{number}" for number in range(8)), "</script>"]
    rows = tuple((name, "differs") for name in names)
    text = Grid("g", (Column("customer", "text"), Column("status", "choice")), rows, 9, "").as_json()
    assert "<" not in text
    content = json.loads(text)
    assert content["columns"][0]["values"][-1] == "</script>"
    assert content["columns"][1] == {"name": "status", "kind": "choice", "words": ["differs"], "at": [0] * 9}


def test_several_days_are_drawn() -> None:
    """With a day before, the page has the days with what they replaced, the trend, and what changed."""
    before = replace(
        record_of(RESULT), as_of=RESULT.as_of - timedelta(days=1), verdict="GO", knows_incidents=True
    )
    before = replace(before, earlier=(replace(before, verdict="UNDECIDED"),))
    incident = Incident(
        1, "default", "rate_mismatch", HOSTILE, "", None, None, 1, None, 2, {"usd": Decimal(-5)}, "", "Mend."
    )
    whole = tuple(replace(each, complete=True) for each in RESULT.completeness)
    page = to_html(replace(RESULT, past_days=(before,), incidents=(incident,), completeness=whole), PAGE)
    assert "replaces UNDECIDED" in page
    assert "Gate ratio of each check by day" in page
    assert "1 new, 0 resolved, 0 continuing incidents" in page
    assert "<dd>Mend.</dd>" in page


def test_the_waterfall_hides_nothing_that_cancels_out() -> None:
    """7.64 up and 19.99 down are two bars and stand beside the -12.35 they come to; a trifle is one bar."""
    page = to_html(RESULT, PAGE)
    assert "+7.64 USD and -19.99 USD" in page
    waterfall = PAGE.waterfalls[0]
    assert steps_of(waterfall) == [
        ("other price, more", Decimal(764)),
        ("other price, less", Decimal("-1999.1")),
    ]
    trifle = replace(waterfall, effects=(Effect("rounding", Decimal(99), Decimal(-100)),))
    assert steps_of(trifle) == [("rounding", Decimal(-1))]


def test_what_is_waived_is_told_where_it_counts() -> None:
    """Beside the customers who could be cut over, and beneath the waterfall that it is part of."""
    page = to_html(RESULT, PAGE)
    assert "2 customers with waived differences" in page
    assert "Of the difference, -0.35 USD is waived." in page


def test_what_was_not_compared_is_not_called_good() -> None:
    """A blocked run says so instead of no hit, no finding and nobody; neither page nor Markdown passes it."""
    blocked = replace(
        RESULT, is_blocked=True, safety=(), findings=(), findings_in_all=0, exclusions=(), incidents=()
    )
    none = replace(PAGE, waterfalls=(), distribution=None, worst=())
    none = replace(none, customers=replace(none.customers, rows=(), rows_in_all=0))
    page, text = to_html(blocked, none), to_markdown(blocked)
    assert '<td class="status UNDECIDED">UNDECIDED</td>\n<td colspan="7">Nothing was compared' in page
    assert page.count("Nothing was compared, so nobody can say.") == 6
    assert text.count("Nothing was compared, so nobody can say.") == 2
    for good in (
        "No safety hit",
        "No finding",
        "No incident",
        "Nothing was left out",
        "could be cut over today</dt>",
    ):
        assert good not in page + text
    assert "No safety hit." in to_html(replace(RESULT, safety=()), PAGE)


def test_reasons_of_one_check_stand_together() -> None:
    """Safety and the pull stand alone; a check's name may follow that of its account."""
    reasons = ("Safety, x: 1 hit.", "eu: invoice_totals has no rows.", "The pull.", "invoice_totals fails.")
    assert [(each.check, each.reasons) for each in by_check(reasons)] == [
        ("", reasons[:1]),
        ("invoice_totals", (reasons[1], reasons[3])),
        ("", reasons[2:3]),
    ]
    page = to_html(replace(RESULT, verdict=Verdict("UNDECIDED", reasons)), PAGE)
    assert "<summary>1 more reason</summary>" in page
    assert all(reason in page for reason in reasons)
