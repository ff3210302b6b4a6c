"""The verdict: each rule alone, and the order in which they hold."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from gate_evidence import CLEAN, HIT, resource, with_check, with_resource, with_side, with_suite

from parity_pipeline.quality.evidence import CycleCoverage, UnitCycle, UsageTurns, WorstCustomer
from parity_pipeline.quality.gate import INPUTS_WHEN_EMPTY, decide
from parity_pipeline.quality.suites import FailedExpectation
from parity_pipeline.setting_sections import CHECKS

SUMMARIES = "stripe/meter_event_summaries"


def test_clean_evidence_is_go() -> None:
    """Everything read, everything within: GO without a reason, exit 0."""
    verdict = decide(CLEAN)
    assert verdict.decision == "GO"
    assert verdict.reasons == ()
    assert verdict.exit_code == 0
    assert verdict.checks == dict.fromkeys(CHECKS, "PASS")


@pytest.mark.parametrize(("before", "decision"), [(1, "UNDECIDED"), (2, "GO")])
def test_consecutive_go_days_can_be_required(before: int, decision: str) -> None:
    """With three days required, the third GO day in a row is GO; the second waits, but is a GO day."""
    verdict = decide(replace(CLEAN, required_go_days=3, go_days_before=before))
    assert verdict.decision == decision
    assert verdict.is_go_day
    if decision == "UNDECIDED":
        assert verdict.reasons == (
            "All checks pass, but only 2 consecutive days are GO up to now; 3 consecutive ones are required.",
        )


def test_go_days_do_not_make_up_for_a_failure() -> None:
    """A safety hit after many GO days is NO_GO, and no GO day."""
    verdict = decide(replace(CLEAN, required_go_days=3, go_days_before=9, safety_hits=[HIT]))
    assert (verdict.decision, verdict.is_go_day) == ("NO_GO", False)


def test_an_incomplete_pull_is_undecided() -> None:
    """The error of the pull is the reason, whatever the figures say."""
    verdict = decide(replace(CLEAN, extraction_error="stripe: no answer.", is_blocked=True))
    assert verdict.decision == "UNDECIDED"
    assert verdict.exit_code == 3
    assert verdict.reasons == ("The pull is incomplete: stripe: no answer.",)
    assert set(verdict.checks.values()) == {"UNDECIDED"}


def test_a_resource_not_read_to_its_end_is_undecided() -> None:
    """A resource that is not complete is named."""
    verdict = decide(with_resource(CLEAN, "stripe/invoices", complete=False))
    assert verdict.decision == "UNDECIDED"
    assert "stripe/invoices was not read to the end" in verdict.reasons[0]


def test_customers_whose_usage_was_never_read_are_undecided() -> None:
    """How many, and how many runs it takes; whatever fails already."""
    usage = resource(SUMMARIES, complete=False, put_off=1500, never_read=1200, runs_left=2)
    evidence = replace(CLEAN, completeness=[*CLEAN.completeness, usage])
    verdict = decide(with_check(evidence, "invoice_totals", is_ratio_met=False, breaches=1))
    assert verdict.decision == "UNDECIDED"
    assert verdict.reasons == (
        "The pull is incomplete: too little usage of 1,200 customers was read from Stripe up to now; about "
        "2 more runs will do (limits.summaries_per_run), or one with --full.",
    )


def test_an_old_difference_does_not_become_a_go_by_waiting() -> None:
    """Usage that is too old is pending; but as long as somebody's differed there is no GO."""
    turns = UsageTurns("default", 9, 0, 5, 70, 0, None, None)
    assert decide(replace(CLEAN, usage_turns=[turns])).decision == "GO"
    verdict = decide(replace(CLEAN, usage_turns=[replace(turns, differing_customers=1)]))
    assert (verdict.decision, verdict.is_go_day) == ("UNDECIDED", False)
    assert verdict.reasons == (
        "The usage of 1 customer differed and was read longer ago than gate.max_age_hours; raise "
        "limits.summaries_per_run, or run with --full.",
    )
    failing = replace(CLEAN, usage_turns=[replace(turns, differing_customers=1)], safety_hits=[HIT])
    assert decide(failing).decision == "NO_GO"


def test_what_customers_wait_for_is_remarked() -> None:
    """Beside how many answers come from an earlier landing."""
    usage = resource(SUMMARIES, put_off=20, never_read=3, aged=5, reused=34, reused_from="r1")
    assert usage.remark == (
        "34 answers from r1, 20 customers not asked in this run, too little known of 3 of them, "
        "usage of 5 of them too old to count"
    )


def test_malformed_input_is_undecided() -> None:
    """A failed staging suite is told with its column and number."""
    failed = FailedExpectation("audit.stg_stripe__invoices", "expect_x", "duplicate_id_count", "3")
    verdict = decide(with_suite(CLEAN, "stg_stripe__invoices", failed))
    assert verdict.decision == "UNDECIDED"
    assert "stg_stripe__invoices has 3 in duplicate_id_count" in verdict.reasons[0]


@pytest.mark.parametrize("side", ["stripe", "metronome"])
def test_an_empty_side_is_undecided(side: str) -> None:
    """A vendor without a customer compares nothing, even when no check complains."""
    verdict = decide(with_side(CLEAN, side, customers=0))
    assert verdict.decision == "UNDECIDED"
    assert verdict.reasons[0].lower().startswith(f"{side} returned no customer")


@pytest.mark.parametrize("side", ["stripe", "metronome"])
def test_a_side_without_invoice_and_usage_is_undecided(side: str) -> None:
    """Customers alone are nothing to compare; an invoice or usage is."""
    verdict = decide(with_side(CLEAN, side, invoices=0, usage_rows=0))
    assert verdict.decision == "UNDECIDED"
    assert "neither an invoice nor usage" in verdict.reasons[0]
    assert decide(with_side(CLEAN, side, invoices=0)).decision == "GO"


@pytest.mark.parametrize(
    "check", ["invoice_totals", "line_item_quantities", "contract_coverage", "event_ingestion"]
)
def test_a_check_that_must_have_rows_is_undecided_without(check: str) -> None:
    """Nothing compared is no agreement."""
    verdict = decide(with_check(CLEAN, check, rows=0, settled_rows=0))
    assert verdict.decision == "UNDECIDED"
    assert verdict.reasons == (f"{check} has no rows: nothing was compared.",)
    assert verdict.checks[check] == "UNDECIDED"


@pytest.mark.parametrize("check", ["credit_drawdowns", "group_key_coverage"])
def test_a_check_that_may_be_empty_passes_when_its_inputs_were_read(check: str) -> None:
    """No credit and no group value on either side is agreement, if anybody looked."""
    empty = with_check(CLEAN, check, rows=0, settled_rows=0, customers=0, customers_within=0)
    assert decide(empty).decision == "GO"
    assert decide(empty).checks[check] == "PASS"
    unread = with_resource(empty, INPUTS_WHEN_EMPTY[check][0], note="not offered: 404")
    verdict = decide(unread)
    assert verdict.decision == "UNDECIDED"
    assert INPUTS_WHEN_EMPTY[check][0] in verdict.reasons[0]


def test_an_unsound_table_is_undecided_before_it_is_a_failure() -> None:
    """Figures that contradict themselves decide nothing, not even a failure elsewhere."""
    failed = FailedExpectation("audit.invoice_totals", "expect_x", "duplicate_grain_count", "2")
    evidence = with_suite(with_check(CLEAN, "event_ingestion", is_ratio_met=False), "invoice_totals", failed)
    verdict = decide(evidence)
    assert verdict.decision == "UNDECIDED"
    assert (
        "invoice_totals cannot be relied on: duplicate_grain_count of audit.invoice_totals is 2."
        in verdict.reasons
    )
    assert verdict.checks["invoice_totals"] == "UNDECIDED"
    assert verdict.checks["event_ingestion"] == "FAIL"


def test_a_missing_suite_is_undecided() -> None:
    """A check whose suite did not run has no result."""
    suites = [each for each in CLEAN.suites if each.name != "event_ingestion"]
    verdict = decide(replace(CLEAN, suites=suites))
    assert verdict.decision == "UNDECIDED"
    assert verdict.reasons == ("event_ingestion has no result: its suite did not run.",)


def test_a_ratio_above_the_threshold_names_unit_cycle_and_customers() -> None:
    """The reason says what, how much, how much is allowed and who is worst."""
    cycle = UnitCycle(
        account="default",
        check_name="invoice_totals",
        unit="usd",
        cycle=date(2026, 1, 1),
        rows=4,
        settled_rows=4,
        expected_value=Decimal(10000),
        actual_value=Decimal(9500),
        net_variance=Decimal(-500),
        gross_variance=Decimal(500),
        gate_variance=Decimal(500),
        gate_ratio=Decimal("0.05"),
        is_within=False,
    )
    worst = WorstCustomer(
        "invoice_totals", "usd", date(2026, 1, 1), 1, "default", "cus_7", "m-7", Decimal(-500)
    )
    evidence = with_check(
        replace(CLEAN, unit_cycles=[cycle], worst_customers=[worst]), "invoice_totals", is_ratio_met=False
    )
    verdict = decide(evidence)
    assert verdict.decision == "NO_GO"
    assert verdict.exit_code == 1
    assert verdict.checks["invoice_totals"] == "FAIL"
    assert verdict.reasons == (
        "invoice_totals fails for usd in 2026-01: the gate ratio is 5 % (5.00 USD), at most 1 % is allowed; "
        "greatest: cus_7 (-5.00 USD).",
    )


def test_too_few_customers_within_fail_a_check() -> None:
    """The share of customers is a rule of its own."""
    verdict = decide(with_check(CLEAN, "event_ingestion", customers_within=9, is_share_met=False))
    assert verdict.decision == "NO_GO"
    assert verdict.reasons == (
        "event_ingestion fails: 9 of 10 customers are within tolerance, 99 % must be.",
    )


@pytest.mark.parametrize("check", ["contract_coverage", "group_key_coverage"])
def test_one_breach_fails_a_check_that_must_be_complete(check: str) -> None:
    """The guide says all."""
    verdict = decide(with_check(CLEAN, check, breaches=1))
    assert verdict.decision == "NO_GO"
    assert "1 breach in 10 rows" in verdict.reasons[0]


def test_a_passing_check_can_hold_breaches() -> None:
    """Breaches of the other checks are findings, not failures."""
    assert decide(with_check(CLEAN, "invoice_totals", breaches=1)).decision == "GO"


def test_a_failed_suite_fails_the_check_even_when_the_summary_is_silent() -> None:
    """The suite's own word counts too."""
    failed = FailedExpectation("parity.check_summary", "expect_x", "variance_ratio", "0.5")
    verdict = decide(with_suite(CLEAN, "invoice_totals", failed))
    assert verdict.decision == "NO_GO"
    assert verdict.reasons == ("invoice_totals fails: expect_x on variance_ratio.",)


def test_a_safety_hit_is_no_go() -> None:
    """What must not happen stops a cutover although every check passes."""
    verdict = decide(replace(CLEAN, safety_hits=[HIT]))
    assert verdict.decision == "NO_GO"
    assert verdict.reasons == ("Safety, double_billing: 1 hit: cus_1 (pushed invoice in_1).",)


def test_a_safety_hit_stands_in_the_reasons_of_an_undecided_run() -> None:
    """Safety is told whatever the verdict."""
    evidence = with_check(replace(CLEAN, safety_hits=[HIT]), "invoice_totals", rows=0, settled_rows=0)
    verdict = decide(evidence)
    assert verdict.decision == "UNDECIDED"
    assert verdict.reasons[-1].startswith("Safety, double_billing")


def test_many_safety_hits_are_counted() -> None:
    """Three are named, the rest counted."""
    hits = [replace(HIT, stripe_customer_id=f"cus_{number}") for number in range(5)]
    (reason,) = decide(replace(CLEAN, safety_hits=hits)).reasons
    assert reason.startswith("Safety, double_billing: 5 hits: cus_0")
    assert reason.endswith("and 2 more.")


def test_too_few_settled_cycles_are_undecided() -> None:
    """Agreement on too little is not enough."""
    coverage = CycleCoverage("default", 10, 3, 2, Decimal("0.8"), is_met=False)
    verdict = decide(replace(CLEAN, cycle_coverage=[coverage]))
    assert verdict.decision == "UNDECIDED"
    assert verdict.reasons == ("3 of 10 customers have 2 settled billing periods; 80 % of them must.",)


def test_nobody_at_the_start_is_undecided() -> None:
    """Without a customer at the start no cycle can count."""
    coverage = CycleCoverage("default", 0, 0, 1, Decimal("0.8"), is_met=False)
    verdict = decide(replace(CLEAN, cycle_coverage=[coverage]))
    assert verdict.decision == "UNDECIDED"
    assert "so no cycle can count" in verdict.reasons[0]


def test_a_failure_comes_before_too_few_cycles() -> None:
    """What is wrong already need not wait for evidence."""
    coverage = CycleCoverage("default", 10, 3, 2, Decimal("0.8"), is_met=False)
    evidence = with_check(
        replace(CLEAN, cycle_coverage=[coverage]), "event_ingestion", customers_within=1, is_share_met=False
    )
    assert decide(evidence).decision == "NO_GO"


def test_rows_that_are_all_pending_are_undecided() -> None:
    """A check that must have rows needs settled ones."""
    verdict = decide(with_check(CLEAN, "event_ingestion", pending=10, settled_rows=0))
    assert verdict.decision == "UNDECIDED"
    assert verdict.reasons == ("event_ingestion has no settled row yet.",)
    assert verdict.checks["event_ingestion"] == "UNDECIDED"


def test_a_reconstructed_day_is_never_go() -> None:
    """It is UNDECIDED at best, and still NO_GO when a check fails."""
    reconstructed = replace(CLEAN, is_reconstructed=True)
    assert decide(reconstructed).decision == "UNDECIDED"
    failed = with_check(reconstructed, "invoice_totals", is_share_met=False, customers_within=1)
    assert decide(failed).decision == "NO_GO"
