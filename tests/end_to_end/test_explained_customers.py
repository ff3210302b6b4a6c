"""`parity explain` and the incidents over whole sandbox runs."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sandbox_runs import Run, run_world, world
from typer.testing import CliRunner

from parity_pipeline.cli import app

FAULTS = ("events_missing", "customer_unmapped", "group_value_case", "credit_missing")


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A company of sixty with four faults, three customers each."""
    return run_world(world(*FAULTS), tmp_path_factory.mktemp("faulty"))


def explain(run: Run, customer: str, *options: str) -> str:
    """What the command prints about a customer."""
    shown = CliRunner().invoke(app, ["explain", customer, "--home", str(run.home), *options])
    assert shown.exit_code == 0, shown.output
    return shown.stdout


def explained(run: Run, customer: str) -> dict[str, Any]:
    """The one customer of the answer in JSON."""
    (told,) = json.loads(explain(run, customer, "--format", "json"))["customers"]
    return dict(told)


def everybody_wrong(run: Run) -> list[str]:
    """All customers with a finding."""
    rows = run.rows(
        "select distinct coalesce(stripe_customer_id, metronome_customer_id) from parity.findings "
        "order by all"
    )
    return [str(customer) for (customer,) in rows]


def test_every_waterfall_ends_at_metronomes_net(faulty: Run) -> None:
    """Stripe's net plus the effects is Metronome's; a breach's lines add up to both, to the last digit."""
    periods = 0
    for customer in everybody_wrong(faulty):
        for period in explained(faulty, customer)["periods"]:
            for total in period["totals"]:
                effects = _sum(period["effects"], currency=total["subject"])
                assert Decimal(total["expected"] or 0) + effects == Decimal(total["actual"] or 0)
                if total["status"] == "breach":
                    periods += 1
                    for side, value in (("stripe", total["expected"]), ("metronome", total["actual"])):
                        lines = _sum(period["lines"], currency=total["subject"], side=side)
                        assert lines == Decimal(value or 0), (customer, period["start"], side)
    assert periods >= 10


def _sum(rows: list[dict[str, Any]], **wanted: str) -> Decimal:
    held = (row for row in rows if all(row[key] == value for key, value in wanted.items()))
    return sum((Decimal(row["amount"]) for row in held), Decimal(0))


def test_every_finding_is_told_with_a_next_step(faulty: Run) -> None:
    """Each customer's findings have evidence, each of its causes a remedy."""
    for customer in everybody_wrong(faulty):
        told = explained(faulty, customer)
        assert {each["cause"] for each in told["findings"]} == {each["code"] for each in told["remedies"]}
        assert all(each["evidence"] for each in told["findings"])


def test_a_metronome_id_and_an_alias_lead_to_the_same_answer(faulty: Run) -> None:
    """The three names of one customer give one text."""
    ((stripe_id, metronome_id, alias),) = faulty.rows(
        "select stripe_customer_id, metronome_customer_id, ingest_alias from control.customer_map "
        "inner join control.ingest_aliases using (account, metronome_customer_id) "
        "where status = 'linked' and ingest_alias <> stripe_customer_id order by all limit 1"
    )
    texts = {explain(faulty, name) for name in (stripe_id, metronome_id, alias)}
    assert len(texts) == 1


def test_the_suggested_links_are_right(faulty: Run) -> None:
    """The three customers that lost their link are found again by their aliases; nobody else is suggested."""
    rows = faulty.rows(
        "select near_misses.subject, aliases.ingest_alias from control.near_misses as near_misses "
        "inner join control.ingest_aliases as aliases on near_misses.resembles_id = "
        "aliases.metronome_customer_id where near_misses.kind = 'customer' order by all"
    )
    assert len(rows) == 3
    assert all(subject.removeprefix("cus_") == alias.removeprefix("customer-") for subject, alias in rows)
    for subject, _ in rows:
        assert f"default,{subject}," in explain(faulty, subject, "--suggest")


def test_the_suggested_links_work(faulty: Run, tmp_path: Path) -> None:
    """With the suggested lines as the mapping file the customers are linked, and in parity."""
    ids = [
        subject
        for (subject,) in faulty.rows("select subject from control.near_misses where kind = 'customer'")
    ]
    texts = [explain(faulty, each, "--suggest").split("after a review:\n")[1] for each in ids]
    lines = dict.fromkeys(line for text in texts for line in text.split("\n\n")[0].splitlines())
    mapping = tmp_path / "customers.csv"
    mapping.write_text("\n".join(lines) + "\n", encoding="utf-8")
    run = run_world(
        world("customer_unmapped"), tmp_path, environment={"PARITY_MAPPING__CUSTOMERS": str(mapping)}
    )
    assert run.result.verdict.decision == "GO", run.result.verdict.reasons


def test_a_customer_in_parity_is_told_in_a_few_lines(faulty: Run) -> None:
    """No causes, no lines, at most a dozen lines."""
    wrong = everybody_wrong(faulty)
    ((customer,),) = faulty.rows(
        "select stripe_customer_id from parity.customer_status where status = 'in_parity' "
        f"and stripe_customer_id not in {tuple(wrong)} order by all limit 1"
    )
    text = explain(faulty, customer)
    assert text.startswith(f"{customer}: in parity, nothing to explain\n")
    assert len(text.splitlines()) <= 12


def test_incidents_hold_every_finding_once(faulty: Run) -> None:
    """Their findings are all findings, their money is all money of the invoices' findings."""
    ((findings,),) = faulty.rows("select count(*) from parity.findings")
    ((gathered,),) = faulty.rows(
        "select sum(findings) from (select distinct incident, findings from parity.incidents)"
    )
    assert gathered == findings
    by_incident = (
        "select currency, sum(amount) from parity.incidents where currency is not null "
        "group by all order by 1"
    )
    by_finding = (
        "select currency, sum(variance) from parity.findings where check_name = 'invoice_totals' "
        "group by all order by 1"
    )
    assert faulty.rows(by_incident) == faulty.rows(by_finding)


def test_a_gap_is_one_incident(tmp_path: Path) -> None:
    """Six hours in which nothing of anybody arrived: the greatest incident, and the only one of its cause."""
    run = run_world(world("ingestion_outage"), tmp_path)
    rows = run.rows("select distinct incident, scope from parity.incidents where cause = 'ingestion_gap'")
    assert len(rows) == 1
    assert rows[0][0] == 1


def test_a_clean_run_has_no_incident(tmp_path: Path) -> None:
    """No incident, no near miss; each customer's answer is short."""
    run = run_world(world(customers=20), tmp_path)
    assert run.rows("select * from parity.incidents") == []
    assert run.rows("select * from control.near_misses") == []
