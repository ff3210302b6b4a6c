"""`parity explain`: who is meant, what is shown and how, and what hostile names cannot do."""

import json
import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from explained_home import APRIL, MAY, ExplainedHome
from typer.testing import CliRunner

from parity_pipeline.cli import app

pytestmark = pytest.mark.usefixtures("nowhere")

HOSTILE = "[red]x[/red]\x1b[31m\u202e|`<b>\n# [a](http://x)"


@pytest.fixture
def home(tmp_path: Path) -> ExplainedHome:
    """cus_a is charged 100 cents too little for May: 90 by missing events, 10 by a rate; April matches."""
    made = ExplainedHome(tmp_path / "home")
    made.linked("a", aliases=["acme"])
    made.add(
        "control.contracts",
        metronome_customer_id="m_a",
        contract_id="con_a",
        rate_card="List prices",
        starts_at=datetime(2026, 1, 1),
        is_archived=False,
    )
    for period, actual, status in ((APRIL, 1000, "match"), (MAY, 900, "breach")):
        bounds = {"period_start": period[0], "period_end": period[1], "status": status}
        made.compared("invoice_totals", "a", 1000, actual, currency="usd", **bounds)
        made.compared("line_item_quantities", "a", 500, actual // 2, meter="tokens", **bounds)
    made.compared("event_ingestion", "a", 50, 0, meter="tokens", usage_date=date(2026, 5, 3))
    for effect, meter, amount in (("quantity", "tokens", -90), ("price", "tokens", -10)):
        made.of_period(
            "variance_effects", "a", MAY, currency="usd", effect=effect, meter=meter, amount=Decimal(amount)
        )
    for side, amount in (("stripe", 1000), ("metronome", 900)):
        made.of_period(
            "line_items",
            "a",
            MAY,
            currency="usd",
            side=side,
            product="AI",
            line_kind="usage",
            quantity=Decimal(500),
            unit_amount=Decimal("2.0125"),
            amount=Decimal(amount),
        )
    for cause, variance in (("events_missing", -90), ("rate_mismatch", -10)):
        made.of_period(
            "findings",
            "a",
            MAY,
            check_name="invoice_totals",
            currency="usd",
            cause=cause,
            variance=Decimal(variance),
            explanation=f"Because of {cause}.",
        )
        made.add(
            "control.causes",
            code=cause,
            meaning="So.",
            next_step=f"Mend {cause}.",
            looks_like="Nothing else.",
        )
    return made


def explain(home: ExplainedHome, *arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors."""
    home.close()
    result = CliRunner().invoke(app, ["explain", *arguments, "--home", str(home.folder)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("name", ["cus_a", "m_a", "acme"])
def test_either_id_or_an_alias_names_the_customer(home: ExplainedHome, name: str) -> None:
    """All three lead to the same answer."""
    exit_code, output, _ = explain(home, name)
    assert exit_code == 0
    assert output.startswith("cus_a: not in parity, 3 breaches by events_missing, rate_mismatch")
    assert "Linked to m_a in Metronome by its custom field stripe_customer_id; ingest" in output
    assert "Contract con_a: List prices, from 2026-01-01 without an end." in output


def test_the_waterfall_leads_from_stripe_to_metronome(home: ExplainedHome) -> None:
    """10.00 less 0.90 less 0.10 is 9.00; then quantities, lines with rates, causes and next steps."""
    _, output, _ = explain(home, "cus_a")
    told = [" ".join(line.split()) for line in output.splitlines()]
    start = told.index("Stripe net 10.00 USD")
    assert told[start : start + 4] == [
        "Stripe net 10.00 USD",
        "quantity tokens -0.90 USD",
        "price tokens -0.10 USD",
        "Metronome net 9.00 USD",
    ]
    assert "quantity tokens 500 450 -50 breach" in told
    assert "stripe usage AI 500 2.0125 10.00 USD" in told
    assert "Period 2026-04-01 to 2026-05-01: Stripe 10.00 USD, Metronome 10.00 USD, match." in told
    assert "invoice_totals 2026-05-01, -0.90 USD. Because of events_missing." in told
    assert told.index("Mend events_missing.") < told.index("Mend rate_mismatch.")
    assert max(len(line) for line in output.splitlines()) <= 80


def test_a_period_can_be_asked_for(home: ExplainedHome) -> None:
    """A month or a day shows the periods that it touches; where there is none, the answer says so."""
    assert "Stripe net" not in explain(home, "cus_a", "--period", "2026-04")[1]
    assert "2026-04-01 to" not in explain(home, "cus_a", "--period", "2026-05-17")[1]
    exit_code, _, errors = explain(home, "cus_a", "--period", "May")
    assert (exit_code, errors.count("\n")) == (2, 1)
    assert explain(home, "cus_a", "--period", "2026-13")[0] == 2
    nothing = explain(home, "cus_a", "--period", "2019-01")[1]
    assert nothing.startswith("cus_a: not in parity, but not in the period asked for\n")
    assert "no billing period of this customer" in nothing


def test_a_customer_in_parity_gets_a_short_answer(home: ExplainedHome) -> None:
    """One line that says so, and its periods."""
    home.linked("b", status="in_parity")
    bounds = {"period_start": MAY[0], "period_end": MAY[1]}
    home.compared("invoice_totals", "b", 1000, 1000, currency="jpy", status="match", **bounds)
    exit_code, output, _ = explain(home, "cus_b")
    assert exit_code == 0
    assert output.startswith("cus_b: in parity, nothing to explain\n")
    assert "Stripe 1,000 JPY, Metronome 1,000 JPY, match." in output
    assert "Why" not in output


def test_an_unknown_customer_is_exit_4(home: ExplainedHome) -> None:
    """One line; a line of customers.csv that names nobody makes nobody known."""
    home.add(
        "control.customer_map",
        stripe_customer_id="cus_gone",
        metronome_customer_id="m_gone",
        status="unknown_id",
    )
    for name in ("nobody", "cus_gone", "' or 1 = 1 --"):
        exit_code, output, errors = explain(home, name)
        assert (exit_code, output) == (4, "")
        assert errors.startswith("No customer of the last run has the id or ingest alias")


def test_without_a_published_run_it_is_exit_2(tmp_path: Path) -> None:
    """One line that says what to do."""
    result = CliRunner().invoke(app, ["explain", "cus_a", "--home", str(tmp_path / "none")])
    assert result.exit_code == 2
    assert "There is no published run" in result.stderr


def test_wrong_options_are_exit_2(home: ExplainedHome) -> None:
    """A format that is not there, a configuration file that is not there."""
    assert explain(home, "cus_a", "--format", "pdf")[0] == 2
    assert explain(home, "cus_a", "--config", "none.toml")[0] == 2


def test_one_id_in_two_accounts_is_told_twice(home: ExplainedHome) -> None:
    """Each account's customer is explained by itself."""
    ids = {"stripe_customer_id": "cus_a", "metronome_customer_id": "m_z"}
    home.add("control.customer_map", account="eu", **ids, link_source="ingest_alias", status="linked")
    _, output, _ = explain(home, "cus_a")
    assert output.count("cus_a: ") == 2
    assert "Account eu." in output


def test_an_unlinked_customer_is_told_with_its_near_miss(home: ExplainedHome) -> None:
    """`cus_new` and m_new are two customers; --suggest has the line that links them."""
    home.add("control.customer_map", stripe_customer_id="cus_new", status="unmapped")
    home.add("control.customer_map", metronome_customer_id="m_new", status="unlinked")
    home.add(
        "control.near_misses",
        kind="customer",
        subject="cus_new",
        name="cus_new",
        resembles="CUS_new",
        resembles_id="m_new",
        similarity=Decimal("0.5"),
        how="case",
        evidence="They differ in case.",
    )
    for name in ("cus_new", "m_new"):
        _, output, _ = explain(home, name, "--suggest")
        assert "Perhaps another spelling: They differ in case." in output
        assert "For customers.csv, after a review:\n" in output
        assert "\naccount,stripe_customer_id,metronome_customer_id\ndefault,cus_new,m_new\n" in output


def test_suggested_waivers_name_nobody_who_approves(home: ExplainedHome) -> None:
    """One line a check and subject up to the difference, for thirty days; without a name they are refused."""
    (Path.cwd() / "parity.toml").write_text('[waivers]\nfile = "agreed.csv"\n', encoding="utf-8")
    _, output, _ = explain(home, "cus_a", "--suggest")
    lines = output.split("For agreed.csv, after a review:\n")[1].splitlines()
    assert lines == [
        "account,check,customer,subject,reason,approved_by,expires_on,max_minor_units",
        "default,invoice_totals,cus_a,usd,events_missing and rate_mismatch,,2026-07-10,100",
        "default,line_item_quantities,cus_a,tokens,,,2026-07-10,50",
        "default,event_ingestion,cus_a,tokens,,,2026-07-10,50",
    ]


def test_json_is_exact(home: ExplainedHome) -> None:
    """Decimal strings, instants in UTC, and the suggestions when asked for."""
    told = json.loads(explain(home, "cus_a", "--format", "json")[1])
    assert (told["schema_version"], told["as_of"]) == (1, "2026-06-10T00:00:00Z")
    (customer,) = told["customers"]
    (may,) = [each for each in customer["periods"] if each["start"] == "2026-05-01T00:00:00Z"]
    assert [each["amount"] for each in may["effects"]] == ["-90", "-10"]
    assert [each["unit_amount"] for each in may["lines"]] == ["2.0125", "2.0125"]
    assert {each["usage_date"] for each in customer["others"]} == {"2026-05-03"}
    assert [each["code"] for each in customer["remedies"]] == ["events_missing", "rate_mismatch"]
    assert "suggestions" not in told
    assert json.loads(explain(home, "cus_a", "--format", "json", "--suggest")[1])["suggestions"]["waivers"]


def test_of_many_lines_the_largest_are_shown(home: ExplainedHome) -> None:
    """Forty of forty-eight lines; of the rest the number and the amount: 0 to 7 cents are 0.28."""
    home.linked("b")
    for number in range(48):
        home.of_period(
            "line_items",
            "b",
            MAY,
            currency="usd",
            side="stripe",
            meter=f"meter{number}",
            line_kind="usage",
            amount=Decimal(number),
        )
    home.of_period(
        "findings",
        "b",
        MAY,
        check_name="invoice_totals",
        currency="usd",
        cause="unexplained",
        explanation="?",
    )
    _, output, _ = explain(home, "cus_b")
    assert len(re.findall(r"usage meter\d+", output)) == 40
    assert "And 8 smaller lines, 0.28 USD in all; --format json has them." in output


def test_hostile_names_are_only_text(home: ExplainedHome) -> None:
    """No colour, no cursor, no turned text; in Markdown no cell, link, code, HTML or heading."""
    home.linked("b", aliases=[HOSTILE])
    _finding_of_b(home)
    for format_ in ("text", "md"):
        _, output, _ = explain(home, "cus_b", "--format", format_, "--suggest")
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", output)
        assert "red" in output
    text = "\n".join(line for line in output.splitlines() if not line.startswith("    "))  # no code
    assert "<b>" not in text
    assert not re.search(r"(?<!\\)\]\(http", text)
    assert not re.search(r"^# .*\[a", text, flags=re.MULTILINE)


def _finding_of_b(home: ExplainedHome) -> None:
    home.compared(
        "group_key_coverage", "b", 5, 0, product=HOSTILE, pricing_group_values=f'{{"x":"{HOSTILE}"}}'
    )
    home.of_period(
        "findings",
        "b",
        MAY,
        check_name="group_key_coverage",
        product=HOSTILE,
        cause="group_value_unrated",
        variance=Decimal(-5),
        explanation=HOSTILE,
    )


def test_markdown_has_the_same_parts(home: ExplainedHome) -> None:
    """Headings, tables and the sentences of the text."""
    _, output, _ = explain(home, "cus_a", "--format", "md")
    assert output.startswith("# cus_a: not in parity")
    assert "| Stripe net |  | 10.00 USD |\n| quantity | tokens | -0.90 USD |" in output
    assert "**rate_mismatch** Mend rate_mismatch." in output


def test_an_older_database_is_told_plainly(home: ExplainedHome) -> None:
    """A file without the table of lines was published by another version."""
    home.drop("parity.line_items")
    exit_code, _, errors = explain(home, "cus_a")
    assert exit_code == 2
    assert "has no parity.line_items" in errors
