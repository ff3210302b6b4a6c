"""Evidence that is a GO, and ways to change it, for the tests of the gate."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from parity_pipeline.quality.evidence import (
    CheckFigures,
    Completeness,
    CycleCoverage,
    Evidence,
    SafetyHit,
    Side,
)
from parity_pipeline.quality.gate import INPUTS_WHEN_EMPTY
from parity_pipeline.quality.suites import FailedExpectation, SuiteResult
from parity_pipeline.setting_sections import CHECKS


def figures(check: str, **changes: Any) -> CheckFigures:  # any field
    """A check that passes, changed."""
    passing = CheckFigures(
        check_name=check,
        rows=10,
        matched=10,
        within_tolerance=0,
        breaches=0,
        pending=0,
        waived=0,
        settled_rows=10,
        customers=10,
        customers_within=10,
        variance_ratio=Decimal("0.01"),
        warn_ratio=Decimal("0.005"),
        customer_share=Decimal("0.99"),
        worst_gate_ratio=Decimal(0),
        is_ratio_met=True,
        is_share_met=True,
        is_complete_required=check in {"contract_coverage", "group_key_coverage"},
        is_warned=False,
    )
    return replace(passing, **changes)


def resource(key: str, **changes: Any) -> Completeness:  # any field
    """A resource that was read in full, changed."""
    source, name = key.split("/")
    read = Completeness(
        account="default",
        source=source,
        resource=name,
        requests=1,
        pages=1,
        rows=5,
        watermark=None,
        is_required=True,
        complete=True,
        note=None,
    )
    return replace(read, **changes)


READ = sorted({"stripe/invoices", *sum(INPUTS_WHEN_EMPTY.values(), ())})
CLEAN = Evidence(
    checks=[figures(check) for check in CHECKS],
    unit_cycles=[],
    worst_customers=[],
    suites=[SuiteResult(check, ()) for check in CHECKS] + [SuiteResult("stg_stripe__invoices", ())],
    safety_hits=[],
    completeness=[resource(key) for key in READ],
    sides=[Side("default", source, 5, 5, 5) for source in ("stripe", "metronome")],
    cycle_coverage=[CycleCoverage("default", 10, 9, 1, Decimal("0.8"), is_met=True)],
)
HIT = SafetyHit("default", "double_billing", "cus_1", "m-1", "in_1", "pushed invoice in_1")


def with_check(evidence: Evidence, check: str, **changes: Any) -> Evidence:  # any field
    """The evidence with one check changed."""
    checks = [figures(check, **changes) if each.check_name == check else each for each in evidence.checks]
    return replace(evidence, checks=checks)


def with_suite(evidence: Evidence, name: str, *failed: FailedExpectation) -> Evidence:
    """The evidence with one suite failed."""
    suites = [SuiteResult(name, failed) if each.name == name else each for each in evidence.suites]
    return replace(evidence, suites=suites)


def with_resource(evidence: Evidence, key: str, **changes: Any) -> Evidence:  # any field
    """The evidence with one resource changed."""
    completeness = [resource(key, **changes) if each.key == key else each for each in evidence.completeness]
    return replace(evidence, completeness=completeness)


def with_side(evidence: Evidence, source: str, account: str = "default", **changes: int) -> Evidence:
    """The evidence with one side of an account changed."""
    sides = [
        replace(each, **changes) if (each.account, each.source) == (account, source) else each
        for each in evidence.sides
    ]
    return replace(evidence, sides=sides)
