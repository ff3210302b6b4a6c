"""The verdict on several accounts: each must have what one alone must have."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from gate_evidence import CLEAN, HIT, READ, resource, with_check, with_side

from parity_pipeline.quality.evidence import CustomerShare, CycleCoverage, Evidence, Side, UnitCycle
from parity_pipeline.quality.gate import decide
from parity_pipeline.setting_sections import CHECKS


def unit_cycle(account: str, check: str, **changes: Any) -> UnitCycle:  # any field
    """A unit and cycle of an account that is within, changed."""
    within = UnitCycle(
        account=account,
        check_name=check,
        unit="usd",
        cycle=date(2026, 1, 1),
        rows=5,
        settled_rows=5,
        expected_value=Decimal(100),
        actual_value=Decimal(100),
        net_variance=Decimal(0),
        gross_variance=Decimal(0),
        gate_variance=Decimal(0),
        gate_ratio=Decimal(0),
        is_within=True,
    )
    return replace(within, **changes)


ACCOUNTS = ("eu", "us")
TWO = replace(
    CLEAN,
    unit_cycles=[unit_cycle(account, check) for account in ACCOUNTS for check in CHECKS],
    sides=[Side(account, source, 5, 5, 5) for account in ACCOUNTS for source in ("stripe", "metronome")],
    cycle_coverage=[CycleCoverage(account, 10, 9, 1, Decimal("0.8"), is_met=True) for account in ACCOUNTS],
    completeness=[
        resource(key, account=account)
        for key in READ
        for account in (ACCOUNTS if key.startswith("stripe/") else ("us,eu",))
    ],
)


def of_eu(check: str, **changes: Any) -> Evidence:  # any field
    """Two accounts, the unit and cycle of one check of eu changed."""
    cycles = [
        replace(each, **changes) if (each.account, each.check_name) == ("eu", check) else each
        for each in TWO.unit_cycles
    ]
    return replace(TWO, unit_cycles=cycles)


def test_two_clean_accounts_are_go() -> None:
    """Each has what it needs."""
    assert decide(TWO).decision == "GO"


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        (
            of_eu("event_ingestion", rows=0, settled_rows=0),
            "eu: event_ingestion has no rows: nothing was compared.",
        ),
        (of_eu("event_ingestion", settled_rows=0), "eu: event_ingestion has no settled row yet."),
        (
            with_side(TWO, "metronome", "eu", customers=0),
            "eu: Metronome returned no customer: there is nothing to compare; "
            "is the key that of the right account?",
        ),
        (
            replace(
                TWO,
                cycle_coverage=[
                    CycleCoverage("eu", 0, 0, 1, Decimal("0.8"), is_met=False),
                    TWO.cycle_coverage[1],
                ],
            ),
            "eu: No customer had a metered subscription when the parallel run started, "
            "so no cycle can count.",
        ),
        (
            replace(
                TWO,
                completeness=[
                    replace(each, complete=each.account != "eu" or each.key != "stripe/invoices")
                    for each in TWO.completeness
                ],
            ),
            "The pull is incomplete: eu: stripe/invoices was not read to the end.",
        ),
    ],
)
def test_nothing_of_one_account_is_not_outvoted(evidence: Evidence, reason: str) -> None:
    """What the other account has proves nothing about this one; the reason names it."""
    verdict = decide(evidence)
    assert verdict.decision == "UNDECIDED"
    assert verdict.reasons == (reason,)


def test_an_empty_check_of_one_account_needs_its_own_inputs() -> None:
    """That the other account's grants were read does not make up for this one's."""
    without_credits = of_eu("credit_drawdowns", rows=0, settled_rows=0)
    assert decide(without_credits).decision == "GO"
    unread = [
        replace(each, note="not offered: 404")
        if (each.account, each.key) == ("eu", "stripe/credit_grants")
        else each
        for each in TWO.completeness
    ]
    verdict = decide(replace(without_credits, completeness=unread))
    assert verdict.decision == "UNDECIDED"
    assert verdict.reasons[0].startswith("eu: credit_drawdowns has no rows")


def test_a_failure_names_its_account() -> None:
    """The unit and cycle, and the customers who are too few."""
    failed = of_eu("invoice_totals", gate_variance=Decimal(500), gate_ratio=Decimal("0.05"), is_within=False)
    shares = [
        CustomerShare("eu", "event_ingestion", 5, 3, is_share_met=False),
        CustomerShare("us", "event_ingestion", 500, 500, is_share_met=True),
    ]
    evidence = with_check(
        with_check(replace(failed, customer_shares=shares), "invoice_totals", is_ratio_met=False),
        "event_ingestion",
        is_share_met=False,
    )
    verdict = decide(evidence)
    assert verdict.decision == "NO_GO"
    assert verdict.reasons == (
        "invoice_totals fails for usd of eu in 2026-01: the gate ratio is 5 % (5.00 USD), "
        "at most 1 % is allowed.",
        "event_ingestion fails: eu: 3 of 5 customers are within tolerance, 99 % must be.",
    )


def test_a_safety_hit_names_its_account() -> None:
    """The same customer id may exist in both."""
    (reason,) = decide(replace(TWO, safety_hits=[replace(HIT, account="eu")])).reasons
    assert reason == "Safety, double_billing: 1 hit: eu: cus_1 (pushed invoice in_1)."
